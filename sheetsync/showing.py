"""Reports and findings go in, tables for people and JSON for machines come out, on the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from sheetsync.texts import Texts, mark

if TYPE_CHECKING:
    from rich.table import Table

    from sheetsync.model import RunReport


def put_json(document: Any) -> None:
    import json

    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def as_document(report: RunReport) -> dict[str, Any]:
    from dataclasses import asdict

    document: dict[str, Any] = {
        "workbook": report.workbook,
        "rows": [asdict(row) for row in report.rows],
        "edits": report.edits,
        "requests": report.requests,
        "seconds": report.seconds,
    }
    if report.notes:
        document["notes"] = list(report.notes)
    return document if report.error is None else document | {"error": report.error}


STYLES: Final = {"fresh": "green", "unchanged": "dim", "kept": "yellow", "broken": "red", "manual": "dim"}


def show_report(report: RunReport, texts: Texts, *, dry_run: bool) -> None:
    from rich.console import Console
    from rich.text import Text

    from sheetsync.okr import layout

    console = Console(highlight=False)
    if report.error is not None:
        console.print(Text(texts.join(report.workbook, report.error), style="red"))
        return
    table = new_table(texts, "Cell", "Key result", "Result", "Progress", "Status", "State", title=report.workbook)
    for row in report.rows:
        before, after = shown(row.old, row.unit), shown(row.new, row.unit)
        change = after if row.new == row.old else f"{before} → {after}"
        state = Text(layout.word(layout.STATES, row.state, texts.language), style=STYLES[row.state])
        reached = "" if row.progress is None else f"{row.progress:.0%}"
        table.add_row(row.cell, row.key_result, change, reached, row.status, state)
    console.print(table)
    for row in report.rows:  # one sentence under the table reads better than a column of three words' width
        if row.message:
            console.print(Text.assemble((f"{row.cell} {row.key_result}", STYLES[row.state]), "\n    ", row.message))
    for note in report.notes:
        console.print(note)
    summary = DRY_SUMMARY if dry_run else SUMMARY
    console.print(texts(summary, edits=report.edits, requests=report.requests, seconds=f"{report.seconds:.1f}"))


SUMMARY: Final = mark("Cells changed: {edits}. Requests: {requests}. Seconds: {seconds}.")
DRY_SUMMARY: Final = mark("Cells that would change: {edits}. Requests: {requests}. Seconds: {seconds}.")


def new_table(texts: Texts, *headings: str, title: str | None = None) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    for heading in headings:
        numeric = heading in ("Result", "Progress")
        narrow = heading in ("Cell", "State", "Status")
        table.add_column(texts(heading), overflow="fold", justify="right" if numeric else "left", no_wrap=narrow)
    return table


def shown(value: float | str | None, unit: str = "") -> str:
    if value is None:
        return "–"
    if isinstance(value, float) and unit:
        return f"{value * 100:,.4g} %"
    if isinstance(value, float):
        return f"{value:,.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:,.6g}"
    return value


def show_pairs(texts: Texts, document: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    names = {
        "state": texts("State"), "connector": texts("Connector"), "account": texts("Account"), "kind": texts("Kind"),
        "resource": texts("Asks for"), "metric": texts("Measure"),
        "about": texts("What it counts"), "metrics": texts("Measures to choose from"),
        "message": texts("What happened"), "advice": texts("What to do"),
    }  # fmt: skip
    for key, value in document.items():
        if value:
            text = ", ".join(value) if isinstance(value, list) else str(value)
            console.print(Text.assemble((texts.join(names[key], " "), "bold"), text), soft_wrap=True)


def plain(value: Any) -> Any:
    from datetime import datetime
    from decimal import Decimal

    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, datetime) else value
