"""The colour rules a plan wants and those a worksheet has go in, requests that install what is missing come out.

A rule is known again by its words, its first cell and its colour, so that it is never installed twice; the range moves along when
somebody inserts rows or columns, and where its formula does not, that is mended.
ConditionalFormatRule  https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets/sheets#ConditionalFormatRule
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sheetsync.model import ColourRule, column_letters
from sheetsync.workbooks._google.snapshot import Page, Snapshot, fill_of, style_of

_OWN: Final = re.compile(r"\$[a-z]+\d+(?==)")
"""The cell that a formula of ours looks at, as `_spelt` writes it."""


def missing(snapshot: Snapshot, wanted: Sequence[ColourRule]) -> list[dict[str, Any]]:
    """Requests for the rules that are not there, or no longer reach down to the last row that needs them."""
    parts: list[dict[str, Any]] = []
    for page in snapshot.pages:
        for rule in wanted:
            if rule.sheet != page.title:
                continue
            index = next((at for at, found in enumerate(page.rules) if _is(found, rule)), None)
            if index is None:
                parts.append({"addConditionalFormatRule": {"index": len(page.rules), "rule": _made(page, rule)}})
            elif _formula_of(page.rules[index]) != _spelt(_formula(rule)) or not _reaches(page.rules[index], rule):
                parts.append({"updateConditionalFormatRule": {"index": index, "sheetId": page.id, "rule": _made(page, rule)}})
    return parts


def _made(page: Page, rule: ColourRule) -> dict[str, Any]:
    area: dict[str, int] = {
        "sheetId": page.id, "startRowIndex": rule.first - 1, "startColumnIndex": rule.column - 1, "endColumnIndex": rule.column,
    }  # fmt: skip
    if rule.last is not None:
        area["endRowIndex"] = rule.last
    condition = {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": _formula(rule)}]}
    look = {"backgroundColorStyle": style_of(rule.fill)}
    return {"ranges": [area], "booleanRule": {"condition": condition, "format": look}}


def _formula(rule: ColourRule) -> str:
    """`=($H5="on track")+($H5="正常")`: a sum in place of OR(), whose separator depends on the spreadsheet's country."""
    cell = f"${column_letters(rule.by)}{rule.first}"
    return "=" + "+".join(f'({cell}="{word}")' for word in rule.words)


def _is(found: Mapping[str, Any], rule: ColourRule) -> bool:
    """Whether it is this rule, even where its formula was left behind when the cells moved."""
    boolean = found.get("booleanRule", {})
    area: Mapping[str, int] = next(iter(found.get("ranges", ())), {})
    return (
        _OWN.sub("", _formula_of(found)) == _OWN.sub("", _spelt(_formula(rule)))
        and (area.get("startRowIndex", 0), area.get("startColumnIndex", 0)) == (rule.first - 1, rule.column - 1)
        and fill_of({"userEnteredFormat": boolean.get("format", {})}) == rule.fill
    )


def _formula_of(found: Mapping[str, Any]) -> str:
    values = found.get("booleanRule", {}).get("condition", {}).get("values", ())
    return _spelt(str(values[0].get("userEnteredValue", ""))) if len(values) == 1 else ""


def _spelt(formula: str) -> str:
    return "".join(formula.split()).casefold()


def _reaches(found: Mapping[str, Any], rule: ColourRule) -> bool:
    end = found["ranges"][0].get("endRowIndex")
    return end is None or (rule.last is not None and end >= rule.last) or (rule.last is None and end >= rule.needed)
