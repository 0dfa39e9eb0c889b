"""A language goes in, what people read in a new workbook comes out: the plan of `sheetsync init` and the guide sheet.

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


@dataclass(frozen=True, slots=True)
class Content:
    """What a workbook is built from. `title` is the team's; the sheet is named after the period, which gives it to its rows."""

    title: str
    period: Period
    groups: tuple[PlannedGroup, ...]
    columns: tuple[Column, ...] = COLUMNS


def pick(pair: Pair, language: Language) -> str:
    return pair[language == "zh"]


# --- around the table --------------------------------------------------------------------------------------------------

TEAM: Final[Pair] = ("Marketing", "市场部")
HEADLINE: Final[Pair] = ("{team} · Objectives and key results", "{team} · 目标与关键结果")
HINT: Final[Pair] = (
    "Paste the address of the page where a number stands into {link}. The columns with blue headings are filled in for you.",
    "把数字所在页面的地址粘贴到“{link}”。蓝色标题的列会自动填写。",
)
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

# --- the guide ---------------------------------------------------------------------------------------------------------

GUIDE_SHEET: Final[Pair] = ("Guide", "使用说明")
GUIDE_TITLE: Final[Pair] = ("How this workbook fills itself", "这张表如何自动填写")
GUIDE_SUBTITLE: Final[Pair] = ("One page, five minutes.", "一页纸，五分钟读完。")

PASTE: Final[Pair] = ("Paste a link", "粘贴链接")
STEPS: Final[tuple[tuple[str, Pair], ...]] = (
    ("1", (
        "Open the page that shows the number: a report, a list, a dashboard. Copy its address from the browser.",
        "打开显示这个数字的页面：报告、列表或看板。从浏览器复制地址。",
    )),
    ("2", ("Paste it into Data link, right after Result.", "粘贴到“结果”右边的“数据链接”。")),
    ("3", (
        "If the page shows several numbers, add which one behind the address: #metric=open_rate",
        "如果页面上有多个数字，在地址后面注明是哪一个：#metric=open_rate",
    )),
    ("4", ("Run sheetsync, or wait for its next run.", "运行 sheetsync，或等待下一次自动运行。")),
)  # fmt: skip
LINKS: Final[Pair] = ("Sources without a web page", "没有网页的数据来源")
LINK_FORMS: Final[tuple[tuple[str, Pair], ...]] = (
    ("file:data/leads.csv#count&where=stage:SQL", ("Rows of a file: count, sum(column), mean(column), share(column:value)",
                                                 "文件中的行：count、sum(列)、mean(列)、share(列:值)")),
    ("file:data/brand.xlsx#cell=Sheet1!B7", ("One cell of another workbook", "另一个工作簿中的一个单元格")),
    ("sql:crm/pipeline", ("A query that your administrator has prepared", "由管理员准备好的数据库查询")),
    ("rollup:sum", ("Adds up the rows that are aligned to this one; also rollup:mean and rollup:progress",
                    "汇总对齐到本行的各行；也可用 rollup:mean、rollup:progress")),
    ("manual:", ("A person types the result; progress and status are still computed", "由人填写结果；进度和状态照常计算")),
)  # fmt: skip
STATUS_MEANINGS: Final[tuple[tuple[str, Pair], ...]] = (
    ("done", ("The target is reached.", "目标已达成。")),
    ("on track", ("Progress keeps up with the share of the period that has passed.", "进度跟得上已经过去的时间。")),
    ("at risk", ("Progress is less than 95 % of what the calendar asks for.", "进度不足时间进度的 95%。")),
    ("off track", ("Progress is less than 75 % of what the calendar asks for.", "进度不足时间进度的 75%。")),
    ("not started", ("The period has not begun.", "周期尚未开始。")),
)
STATE_MEANINGS: Final[tuple[tuple[str, Pair], ...]] = (
    ("fresh", ("A new number was fetched and written.", "取到新数字，已写入。")),
    ("unchanged", ("Fetched; the number is the same as before.", "已取数，数字与之前相同。")),
    ("kept", ("Could not be fetched now. The last good number stays; it is tried again.",
              "暂时取不到。保留上一次的正确数字，稍后会再试。")),
    ("broken", ("Needs somebody to mend it. The last good number stays; Sync says what to do.",
                "需要有人处理。保留上一次的正确数字，“同步状态”会说明怎么做。")),
    ("manual", ("A person types this one.", "此行由人填写。")),
)  # fmt: skip
KIND_MEANINGS: Final[tuple[tuple[Kind, Pair], ...]] = (
    (Kind.NUMBER, ("From Start to Target, up or down.", "从起始值到目标值，可升可降。")),
    (Kind.PERCENT, ("The same for a share: 0 % to 100 %.", "同上，用于比例：0% 到 100%。")),
    (Kind.YES_NO, ("Done or not done.", "完成或未完成。")),
    (Kind.AT_LEAST, ("Reached as soon as the result is as high as the target.", "结果不低于目标值即为完成。")),
    (Kind.AT_MOST, ("Reached as soon as the result is as low as the target.", "结果不高于目标值即为完成。")),
)
GOOD_FORM: Final[Pair] = ("Good form", "写好 OKR")
RULES: Final[tuple[tuple[str, Pair], ...]] = (
    ("O", ("An objective says where to go: no number in it and no date.", "目标说明方向：不写数字，也不写日期。")),
    ("KR", ("A key result measures one thing, and no other row has its name.", "关键结果只衡量一件事，名称不与其他行重复。")),
    (
        "→",
        (
            "Write into Aligned to which overall key result the row contributes to: KR1.1",
            "在“对齐”中写明本行支持哪个整体关键结果，如 KR1.1",
        ),
    ),
)

# --- the plan of `init` ------------------------------------------------------------------------------------------------

MANUAL: Final = "manual:"
EMPTY_ROWS: Final = 2
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
_PERSON: Final[Pair] = ("Personal development: name", "个人成长：姓名")
_PERSON_OBJECTIVE: Final[Pair] = ("Grow into the next role", "为下一个岗位做好准备")
_PERSON_KEY_RESULT: Final[Pair] = ("Course completed", "完成培训课程")


def starting_plan(language: Language, yes: str, teams: Sequence[str] = ()) -> tuple[PlannedGroup, ...]:
    """The blocks of a new plan: overall, the four sub-functions or the teams that were named, and a person's development.

    `yes` is the word of the language for a yes/no target.
    """
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
    development = PlannedKeyResult(pick(_PERSON_KEY_RESULT, language), Kind.YES_NO, target=yes, link=MANUAL)
    groups.append(_group(pick(_PERSON, language), len(groups) + 1, pick(_PERSON_OBJECTIVE, language), development))
    return tuple(groups)


def _group(name: str, number: int, objective: str, row: PlannedKeyResult, *, overall: bool = False) -> PlannedGroup:
    numbered = replace(row, name=f"KR{number}.1 {row.name}")
    return PlannedGroup(name, (PlannedObjective(f"O{number} {objective}", (numbered,), EMPTY_ROWS),), overall)
