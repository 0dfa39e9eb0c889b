"""A language goes in, what people read in a new workbook comes out: its words, and the plan of `sheetsync init`.

Words that sheetsync reads again (headings, types, statuses, states) are not here but in `okr.layout`. Each text stands in English
and in Chinese side by side, so that whoever changes one sees the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sheetsync.model import Column, Kind, Period
from sheetsync.texts import Language

Pair = tuple[str, str]
"""A text in English and in Chinese."""


@dataclass(frozen=True, slots=True)
class PlannedKeyResult:
    """One row, before it stands in a sheet.

    `start`, `target`, `result` as they stand in the cell: a share of 1 in a percent row, a word in a yes/no row, None for blank;
    `number_format` of these three cells, by default the usual one of the kind
    """

    name: str
    kind: Kind = Kind.NUMBER
    start: float | None = None
    target: float | str | None = None
    result: float | str | None = None
    link: str = ""
    owner: str = ""
    aligned_to: str = ""
    number_format: str = ""


@dataclass(frozen=True, slots=True)
class PlannedObjective:
    """An objective, the key results under it, and empty rows for more of them."""

    name: str
    key_results: tuple[PlannedKeyResult, ...]
    empty_rows: int = 0


@dataclass(frozen=True, slots=True)
class PlannedGroup:
    """A team or a person; the `overall` block is highlighted."""

    name: str
    objectives: tuple[PlannedObjective, ...]
    overall: bool = False


COLUMNS: Final = (
    Column.OBJECTIVE, Column.KEY_RESULT, Column.TYPE, Column.START, Column.TARGET, Column.RESULT, Column.DATA_LINK,
    Column.PROGRESS, Column.STATUS, Column.SYNC, Column.AS_OF, Column.OWNER, Column.ALIGNED_TO,
)  # fmt: skip
"""The columns of a new workbook; Data link stands right after Result."""
PEOPLE_COLUMNS: Final = (*COLUMNS, Column.PERIOD)
"""Those of the people's goals, whose sheet is not named after the period."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a workbook is built from.

    `title` is the team's; the sheet of the `groups` is named after the period, which gives it to their rows; `people` are the
    personal goals, `names` who may be an Owner, with what they do; `check_ins` the overall progress and the share of key results
    on track, noted week by week
    """

    title: str
    period: Period
    groups: tuple[PlannedGroup, ...]
    people: tuple[PlannedGroup, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    check_ins: tuple[tuple[float, float | None], ...] = ()


def pick(pair: Pair, language: Language) -> str:
    return pair[language == "zh"]


# --- around the table --------------------------------------------------------------------------------------------------

TEAM: Final[Pair] = ("Marketing", "市场部")
HEADLINE: Final[Pair] = ("{team} · Objectives and key results", "{team} · 目标与关键结果")
HINT: Final[Pair] = (
    "Paste the address of the page where a number stands into {link}. The columns with blue headings are filled in for you.",
    "把数字所在页面的地址粘贴到“{link}”。蓝色标题的列会自动填写。",
)
SYNC_NOW: Final[Pair] = ("Sync now", "立即同步")
UNTICKED, TICKED = "☐", "☑"
SYNC_PROMPT: Final[tuple[Pair, Pair]] = (
    ("Fresh numbers, now", "立即取数"),
    (
        "Choose ☑ and save the workbook. Where sheetsync watches it, a run begins and the box is emptied.",
        "选择 ☑ 并保存工作簿。如果 sheetsync 正在监视此文件，就会开始运行，并清空此框。",
    ),
)
OWNER_PROMPT: Final[tuple[Pair, Pair]] = (
    ("Who answers for it?", "由谁负责？"),
    ("Choose a name; the list stands on the sheet {people}.", "请选择姓名；名单在“{people}”工作表。"),
)
SUBJECT: Final[Pair] = ("Objectives and key results, {period}", "目标与关键结果，{period}")
KEYWORDS: Final[Pair] = ("OKR, objectives, key results, marketing", "OKR, 目标, 关键结果, 市场")
PAGE: Final[Pair] = ("Page &P of &N", "第 &P 页，共 &N 页")
TYPE_PROMPT: Final[tuple[Pair, Pair]] = (
    ("How is it measured?", "如何衡量？"),
    ("Choose one. At least and at most count as reached from the target on.", "请选择。“至少”和“至多”达到目标值即为完成。"),
)
LINK_PROMPT: Final[tuple[Pair, Pair]] = (
    ("Where does the number stand?", "数字在哪里？"),
    (
        "Paste the page's address, or write manual: and type the result yourself.",
        "粘贴页面地址；如由人填写，写 manual: 并自己填结果。",
    ),
)

# --- the plan of `init` ------------------------------------------------------------------------------------------------

MANUAL: Final = "manual:"
EMPTY_ROWS: Final = 1
OVERALL: Final[Pair] = ("Marketing overall", "市场部整体")
_OVERALL_OBJECTIVE: Final[Pair] = ("Make marketing the company's engine of growth", "让市场部成为公司增长的引擎")
_OVERALL_KEY_RESULT: Final[Pair] = ("Progress of all teams towards this objective", "各团队对该目标的整体进度")
_EXAMPLES: Final[tuple[tuple[Pair, Pair, PlannedKeyResult, Pair], ...]] = (
    (("Inbound growth", "集客增长"), ("Be the first place where buyers look for answers", "成为客户寻找答案的第一站"),
     PlannedKeyResult("", target=350), ("Leads that sales accepts", "销售认可的线索数")),
    (("Content", "内容"), ("Publish what our buyers want to read", "写出客户真正想读的内容"),
     PlannedKeyResult("", Kind.PERCENT, 0.25, 0.35), ("Newsletter open rate", "邮件通讯打开率")),
    (("Digital advertising", "数字广告"), ("Get more out of every campaign", "让每一次投放都更有价值"),
     PlannedKeyResult("", Kind.AT_MOST, 80, 60), ("Cost per lead", "单条线索成本")),
    (("Brand and communication", "品牌传播"), ("Be heard where our buyers listen", "在客户关注的地方发声"),
     PlannedKeyResult("", Kind.AT_LEAST, None, 12), ("Articles about us in trade press", "行业媒体报道篇数")),
)  # fmt: skip
_TEAM_OBJECTIVE: Final[Pair] = ("What will be better when the period is over?", "周期结束时，什么会变得更好？")
_TEAM_KEY_RESULT: Final[Pair] = ("What you count", "要衡量的数字")

# --- the people --------------------------------------------------------------------------------------------------------

PEOPLE_SHEET: Final[Pair] = ("People", "人员")
PEOPLE_TITLE: Final[Pair] = ("{team} · People and their growth", "{team} · 人员与个人成长")
PEOPLE_SUBTITLE: Final[Pair] = ("Career goals, person by person", "每个人的职业发展目标")
NAMES_TITLE: Final[Pair] = ("Who is who", "人员名单")
NAME: Final[Pair] = ("Name (the choices under {owner})", "姓名（“{owner}”的选项）")
ROLE: Final[Pair] = ("What they do", "岗位")
PEOPLE_HINTS: Final[tuple[Pair, ...]] = (
    ("One to three goals a person, agreed with them and looked at every month.", "每人一到三个目标，与本人商定，每月回顾。"),
    ("They work like the rows of the plan: a link fetches the number, or manual: and a person types it.",
     "用法与计划表相同：用链接自动取数，或写 manual: 由人填写。"),
    ("A new person: copy a block from its coloured band to its last row, and insert it below.",
     "新增人员：复制一个色带及其下方各行，插入到下面。"),
)  # fmt: skip
NAME_ROWS: Final = 10
_PLACEHOLDER: Final[Pair] = ("Name {number}", "姓名{number}")
_LEADS: Final[Pair] = ("Head of {team}", "{team}负责人")
_PERSON: Final[Pair] = ("Personal development: {name}", "个人成长：{name}")
_GOALS: Final[tuple[tuple[Pair, Pair, Kind, float | None], ...]] = (
    (("Grow into the next role", "为下一个岗位做好准备"), ("Course completed", "完成培训课程"), Kind.YES_NO, None),
    (("Become the one whom others ask", "成为大家请教的人"), ("Sessions held for colleagues", "为同事开展的分享次数"),
     Kind.NUMBER, 4),
)  # fmt: skip


def starting_plan(language: Language, teams: Sequence[str] = ()) -> tuple[PlannedGroup, ...]:
    """The blocks of a new plan: overall, then the four sub-functions, or the teams that were named."""
    groups = [
        _group(
            pick(OVERALL, language), 1, pick(_OVERALL_OBJECTIVE, language),
            PlannedKeyResult(pick(_OVERALL_KEY_RESULT, language), Kind.PERCENT, target=1, link="rollup:progress"), overall=True,
        )
    ]  # fmt: skip
    if teams:
        row = PlannedKeyResult(pick(_TEAM_KEY_RESULT, language), target=100)
        found = [(team, pick(_TEAM_OBJECTIVE, language), row) for team in teams]
    else:
        found = [
            (pick(group, language), pick(objective, language), replace(row, name=pick(name, language)))
            for group, objective, row, name in _EXAMPLES
        ]
    groups += [
        _group(name, number, objective, replace(row, link=MANUAL, aligned_to="KR1.1"))
        for number, (name, objective, row) in enumerate(found, start=2)
    ]
    return tuple(groups)


def starting_people(language: Language, yes: str) -> tuple[PlannedGroup, ...]:
    """Two people with a goal each; `yes` is the word of the language for a yes/no target."""
    return tuple(
        _group(
            pick(_PERSON, language).format(name=_name(number, language)), number, pick(objective, language),
            PlannedKeyResult(
                pick(goal, language), kind, target=yes if kind is Kind.YES_NO else target, link=MANUAL,
                owner=_name(number, language),
            ),
        )
        for number, (objective, goal, kind, target) in enumerate(_GOALS, start=1)
    )  # fmt: skip


def starting_names(language: Language, groups: Sequence[PlannedGroup]) -> tuple[tuple[str, str], ...]:
    """A name to be written over for whoever leads the whole, and one for each team."""
    return tuple(
        (_name(number, language), pick(_LEADS, language).format(team=pick(TEAM, language) if group.overall else group.name))
        for number, group in enumerate(groups[:NAME_ROWS], start=1)
    )


def _name(number: int, language: Language) -> str:
    return pick(_PLACEHOLDER, language).format(number=number)


def _group(name: str, number: int, objective: str, row: PlannedKeyResult, *, overall: bool = False) -> PlannedGroup:
    numbered = replace(row, name=f"KR{number}.1 {row.name}")
    return PlannedGroup(name, (PlannedObjective(f"O{number} {objective}", (numbered,), EMPTY_ROWS),), overall)
