"""The text of a heading or of a small word in the sheet goes in, its meaning comes out: the vocabulary, in English and Chinese.

`template.py` writes these words and `scan.py` reads them, so that the two cannot drift apart. The first word of each list is the
one that is written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from sheetsync.model import Column, Kind

HEADINGS: Final[Mapping[Column, tuple[str, ...]]] = {
    Column.GROUP: ("Group", "部门", "Team", "Department", "Function", "Sub-function", "Owner group", "团队", "小组", "职能"),
    Column.OBJECTIVE_ID: ("Objective ID", "目标编号", "O#", "O ID"),
    Column.OBJECTIVE: ("Objective", "目标", "Objectives"),
    Column.KR_ID: ("KR ID", "编号", "KR#", "KR 编号", "关键结果编号"),
    Column.KEY_RESULT: ("Key result", "关键结果", "Key results", "KR", "KRs"),
    Column.TYPE: ("Type", "类型", "Unit"),
    Column.START: ("Start", "起始值", "Baseline", "From", "基线"),
    Column.TARGET: ("Target", "目标值", "Goal", "To", "指标值"),
    Column.RESULT: ("Result", "结果", "Current", "Actual", "Value", "当前值", "实际值"),
    Column.DATA_LINK: ("Data link", "数据链接", "Link", "Source", "Data source", "链接", "数据来源"),
    Column.METRIC: ("Metric", "指标", "Measure"),
    Column.PROGRESS: ("Progress", "进度", "%", "Completion", "完成度"),
    Column.STATUS: ("Status", "状态"),
    Column.SYNC: ("Sync", "同步状态", "Sync status"),
    Column.AS_OF: ("As of", "更新时间", "Updated", "Last updated"),
    Column.OWNER: ("Owner", "负责人"),
    Column.WEIGHT: ("Weight", "权重"),
    Column.PERIOD: ("Period", "周期"),
    Column.ALIGNED_TO: ("Aligned to", "对齐"),
    Column.CONFIDENCE: ("Confidence", "信心"),
    Column.BUDGET: ("Budget", "预算"),
    Column.COMMENT: ("Comment", "备注", "Comments"),
}
"""English first, Chinese second, then what else is recognised."""

NEEDED: Final = (Column.KEY_RESULT, Column.TARGET, Column.RESULT, Column.DATA_LINK)
WRITTEN: Final = (Column.RESULT, Column.PROGRESS, Column.STATUS, Column.SYNC, Column.AS_OF)

KINDS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.NUMBER: ("number", "数字", "num", "#", "count", "数值"),
    Kind.YES_NO: ("yes-no", "是否", "yes/no", "yes no", "boolean", "是/否"),
    Kind.PERCENT: ("percent", "百分比", "%", "percentage"),
    Kind.AT_LEAST: ("at least", "至少", ">=", "≥", "min", "不低于"),
    Kind.AT_MOST: ("at most", "至多", "<=", "≤", "max", "不高于"),
}
YES: Final = ("yes", "是", "y", "true", "1", "done", "已完成", "✓", "✔")
NO: Final = ("no", "否", "n", "false", "0", "未完成", "✗", "✘")
OPPOSITES: Final[Mapping[str, str]] = {
    "yes": "no", "y": "n", "true": "false", "1": "0", "是": "否", "已完成": "未完成", "✓": "✗", "✔": "✘",
}  # fmt: skip
"""Yes and no in one manner of speaking, so that a sheet that says ✓ is answered with ✗."""
SUBTOTALS: Final = ("total", "subtotal", "sub-total", "sum", "grand total", "average", "合计", "小计", "总计", "平均")

SYNC_NOW: Final = ("Sync now", "立即同步")
"""The label beside the box that asks for a run."""

STATUSES: Final[Mapping[str, tuple[str, str]]] = {
    "done": ("done", "完成"),
    "on track": ("on track", "正常"),
    "at risk": ("at risk", "有风险"),
    "off track": ("off track", "落后"),
    "not started": ("not started", "未开始"),
}
STATES: Final[Mapping[str, tuple[str, str]]] = {
    "fresh": ("fresh", "已更新"),
    "unchanged": ("unchanged", "无变化"),
    "kept": ("kept", "沿用旧值"),
    "broken": ("broken", "需修复"),
    "manual": ("manual", "手工填写"),
}
"""The words of the Status and Sync columns: English, Chinese."""


def word(words: Mapping[str, tuple[str, str]], name: str, language: str) -> str:
    return words[name][language == "zh"]


def begins_with_state(text: str, states: Iterable[str]) -> bool:
    """Whether a Sync text is one of ours and says one of these states, in either language."""
    known = (word for state in states for word in STATES[state])
    return any(text == word or text.startswith(tuple(word + sign for sign in " :：，（(")) for word in known)


def fold(text: str) -> str:
    """A text as it is compared: width, case, blanks and decoration do not count."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(plain.split()).strip(" :*.↓↑▼▲")


_BY_HEADING: Final = {fold(word): column for column, words in HEADINGS.items() for word in words}
_BY_KIND: Final = {fold(word): kind for kind, words in KINDS.items() for word in words}
_BEHIND: Final = re.compile(r"\s*[(\[].*[)\]]\s*$")
_TWO_LANGUAGES: Final = re.compile(
    r"\s*[/|]\s*|(?<=[!-~])\s*(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])\s*(?=[!-~])"  # `Target / 目标值`, `结果Result`
)
_NOTE: Final = re.compile(
    r"\*|(?:notes?|n\.?b\.?|hints?|tips?|legend|sources?|comments?|remarks?|注|备注|说明|提示|图例)\s*(?:[:：.\-–—]|$)",
    re.IGNORECASE,
)
_LITERAL: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
MAX_NAME: Final = 120


@lru_cache(maxsize=4096)  # pure; a sheet is scanned twice a run, and its texts repeat
def heading(text: str) -> Column | None:
    """`Data Link`, `数据链接`, `Target (EUR)`, `Target / 目标值` -> the column's meaning; None for any other text."""
    folded = fold(text)
    whole = _one_heading(folded)
    if whole is not None:
        return whole
    meanings = {_one_heading(fold(part)) for part in _TWO_LANGUAGES.split(folded) if part}
    return meanings.pop() if len(meanings) == 1 else None


def _one_heading(folded: str) -> Column | None:
    return _BY_HEADING.get(folded) or _BY_HEADING.get(fold(_BEHIND.sub("", folded)))


def is_aside(text: str) -> bool:
    """A subtotal's label or a note where a group's or an objective's name could stand."""
    folded = fold(text)
    return (
        folded in SUBTOTALS
        or folded.startswith(("subtotal", "sub-total", "grand total", "小计", "合计", "总计"))
        or folded.endswith((" subtotal", " sub-total", "小计"))
        or _NOTE.match(text.strip()) is not None
        or len(text) > MAX_NAME
    )


def is_percent(number_format: str) -> bool:
    """Whether cells of this format show 0.35 as 35 %; a % in quotes or behind a backslash is decoration."""
    return "%" in _LITERAL.sub("", number_format)


def kind(text: str) -> Kind | None:
    """`yes/no`, `百分比`, `≥` -> how the row is measured; None where the text is only a unit such as `leads`."""
    return _BY_KIND.get(fold(text))


def opposite(said: str) -> str | None:
    """The no to a yes, or the yes to a no, in the same words and the same case; None where there is none."""
    folded = fold(said)
    other = OPPOSITES.get(folded) or {no: yes for yes, no in OPPOSITES.items()}.get(folded)
    if other is None:
        return None
    return other.upper() if said.isupper() else other.capitalize() if said[:1].isupper() else other


def yes_no(text: str) -> bool | None:
    folded = fold(text)
    return True if folded in YES else False if folded in NO else None
