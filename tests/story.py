"""A folder and a language go in, a plan with nine weeks of history comes out: what the pictures of the review are made of.

The names and figures are made up. The runs are real: for each of them the sources are written, a virtual clock is set, and the
application reads, fetches, writes and records as it does for everybody.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import openpyxl

from sheetsync.app import App, Edges, Wishes
from sheetsync.config import load
from sheetsync.texts import Language
from tests.conftest import write_plan

FIRST: Final = datetime(2027, 1, 4, 7, tzinfo=UTC)
TODAY: Final = date(2027, 3, 5)
QUARTER_DAYS: Final = 90
HEADINGS: Final[dict[Language, tuple[str, ...]]] = {
    "en": (
        "Group", "Objective", "Key result", "Type", "Start", "Target", "Result", "Data link", "Progress", "Status", "Sync",
        "As of", "Owner", "Aligned to", "Budget",
    ),
    "zh": (
        "部门", "目标", "关键结果", "类型", "起始值", "目标值", "结果", "数据链接", "进度", "状态", "同步状态",
        "更新时间", "负责人", "对齐", "预算",
    ),
}  # fmt: skip
Pair = tuple[str, str]
"""English and Chinese."""

OVERALL: Final = ("Marketing overall", "市场部整体")
INBOUND: Final = ("Inbound growth", "集客增长")
CONTENT: Final = ("Content", "内容")
ADS: Final = ("Digital advertising", "数字广告")
BRAND: Final = ("Brand and communication", "品牌与传播")
NORA: Final = ("Nora Lindqvist", "林悦")
TOM: Final = ("Tom Becker", "陈一鸣")
LENA: Final = ("Lena Ortiz", "周晓彤")
AISHA: Final = ("Aisha Rahman", "王思远")
MIA: Final = ("Mia Hoffmann", "赵晓晴")


@dataclass(frozen=True)
class Told:
    """One key result; `way` is the share of the way covered at a share of the quarter, or a link that is no file."""

    group: Pair
    objective: Pair
    name: Pair
    figures: tuple[Any, Any]
    way: Callable[[float], float] | str
    owner: Pair
    aligned: str = ""
    kind: str = "number"
    budget: Any = None


def _stalls(pace: float, after: float) -> Callable[[float], float]:
    return lambda passed: pace * min(passed, after)


def _begins(late: float, pace: float) -> Callable[[float], float]:
    return lambda passed: pace * max(passed - late, 0.0)


def _steady(pace: float) -> Callable[[float], float]:
    return lambda passed: pace * passed


def _falls(pace: float, after: float, back: float) -> Callable[[float], float]:
    return lambda passed: pace * passed - (back if passed > after else 0.0)


_O1: Final = ("O1 Win the customers who fit us best", "O1 赢得最适合我们的客户")
_O2: Final = ("O2 Become a name that people trust", "O2 成为客户信赖的名字")
_O3: Final = ("O3 Make the website the best place to start", "O3 让官网成为客户的第一站")
_O4: Final = ("O4 Publish what our readers come back for", "O4 发布让读者愿意回访的内容")
_O5: Final = ("O5 Buy attention where it pays", "O5 把钱花在有回报的投放上")
_O6: Final = ("O6 Be talked about", "O6 让更多人谈起我们")
STORY: Final = (
    Told(
        OVERALL,
        _O1,
        ("KR1.1 Sales-qualified leads from all channels", "KR1.1 各渠道销售认可线索总数"),
        (0, 720),
        "rollup:sum",
        NORA,
    ),
    Told(
        OVERALL,
        _O1,
        ("KR1.2 Pipeline that marketing brings, in EUR", "KR1.2 市场部带来的销售机会（元）"),
        (0, 240_000),
        _steady(1.02),
        NORA,
    ),
    Told(
        OVERALL,
        _O2,
        ("KR2.1 People who name us unaided", "KR2.1 未提示时能说出我们品牌的人"),
        (0.11, 0.16),
        _steady(0.8),
        NORA,
        kind="percent",
    ),
    Told(
        INBOUND,
        _O3,
        ("KR3.1 Sales-qualified leads from the website", "KR3.1 官网带来的销售认可线索"),
        (0, 400),
        _steady(1.04),
        TOM,
        "KR1.1",
    ),
    Told(
        INBOUND,
        _O3,
        ("KR3.2 Leads from webinars", "KR3.2 线上研讨会带来的线索"),
        (0, 180),
        _falls(0.95, 0.66, 0.12),
        TOM,
        "KR1.1",
    ),
    Told(
        INBOUND,
        _O3,
        ("KR3.3 Visitors who leave their address", "KR3.3 留下联系方式的访客比例"),
        (0.021, 0.035),
        _steady(1.3),
        TOM,
        kind="percent",
    ),
    Told(CONTENT, _O4, ("KR4.1 Readers of the monthly report", "KR4.1 月度报告的读者"), (0, 12_000), _steady(1.5), LENA, "O2"),
    Told(
        CONTENT,
        _O4,
        ("KR4.2 Articles with a customer's voice", "KR4.2 有客户现身说法的文章"),
        (0, 18),
        _stalls(0.9, 0.42),
        LENA,
        "O2",
    ),
    Told(
        CONTENT,
        _O4,
        ("KR4.3 Days from idea to publication", "KR4.3 从选题到发布的天数"),
        (21, 10),
        _steady(0.92),
        LENA,
        kind="at most",
    ),
    Told(
        CONTENT,
        _O4,
        ("KR4.4 Editorial guide agreed with sales", "KR4.4 与销售部商定编辑规范"),
        (None, ("yes", "是")),
        _begins(0.55, 9.0),
        LENA,
        kind="yes-no",
    ),
    Told(
        ADS,
        _O5,
        ("KR5.1 Leads from paid search", "KR5.1 付费搜索带来的线索"),
        (0, 140),
        _steady(0.7),
        AISHA,
        "KR1.1",
        budget=42_000,
    ),
    Told(
        ADS,
        _O5,
        ("KR5.2 Sign-ups from the trade-fair campaign", "KR5.2 展会活动带来的报名"),
        (0, 250),
        _begins(0.3, 1.4),
        AISHA,
        "O1",
        budget=15_500,
    ),
    Told(
        ADS,
        _O5,
        ("KR5.3 People reached by the newsletter", "KR5.3 邮件简报触达人数"),
        (0, 9_000),
        "https://us21.admin.mailchimp.com/reports/summary?id=4081537",
        AISHA,
    ),
    Told(BRAND, _O6, ("KR6.1 Articles about us in the trade press", "KR6.1 行业媒体报道篇数"), (0, 24), _steady(0.98), MIA, "O2"),
    Told(
        BRAND,
        _O6,
        ("KR6.2 Customers who would recommend us, score", "KR6.2 客户推荐意愿得分"),
        (38, 50),
        _steady(0.88),
        MIA,
        "O2",
    ),
    Told(BRAND, _O6, ("KR6.3 Talks at conferences", "KR6.3 行业大会演讲场次"), (0, 6), _stalls(1.1, 0.31), MIA),
)


def tell(folder: Path, language: Language) -> App:
    """Writes and runs the story; close the application in the end."""
    chinese = language == "zh"
    (folder / "data").mkdir(parents=True)
    (folder / "sheetsync.toml").write_text(
        f'language = "{language}"\ntimezone = "UTC"\nhistory = "history.db"\n'
        '[[workbooks]]\npath = "marketing-okr.xlsx"\nbackups = 0\n'
        '[connectors.file.default]\nfolders = ["data"]\n'
    )
    rows = list(_rows(chinese))
    write_plan(folder / "marketing-okr.xlsx", rows, headings=HEADINGS[language])
    _as_percentages(folder / "marketing-okr.xlsx")
    clock = _Clock(FIRST)
    edges = Edges(time=clock, environ={"SHEETSYNC_STATE": str(folder / "state")})  # type: ignore[arg-type]
    app = App(load(folder / "sheetsync.toml", folder), edges)
    (entry,) = app.workbook_configs([])
    chance = random.Random(11)
    for moment in _moments():
        clock.at = moment
        for number, told in enumerate(STORY, 1):
            if callable(told.way):
                file = folder / "data" / f"kr{number}.csv"
                file.write_text(f"value\n{_figure(told, moment, chance)}\n")
                os.utime(file, (moment.timestamp() - 3600,) * 2)
        report = app.run(entry, Wishes())
        assert report.error is None, report.error
    clock.at = datetime(TODAY.year, TODAY.month, TODAY.day, 9, tzinfo=UTC)
    return app


def _as_percentages(path: Path) -> None:
    """Start, target and result of the rows that are percentages, and the progress of all."""
    book = openpyxl.load_workbook(path)
    page = book.active
    assert page is not None
    for number, told in enumerate(STORY, 4):
        page.cell(number, 9).number_format = "0%"
        for column in (5, 6, 7) if told.kind == "percent" else ():
            page.cell(number, column).number_format = "0.0%"
    book.save(path)
    book.close()


class _Clock:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def _moments() -> Iterator[datetime]:
    day = FIRST
    while day.date() <= TODAY:
        if day.weekday() in (0, 2, 4):
            yield day
        day += timedelta(days=1)


def _rows(chinese: bool) -> Iterator[list[Any]]:
    for number, told in enumerate(STORY, 1):
        unit = "&unit=ratio" if told.kind == "percent" else ""
        link = told.way if isinstance(told.way, str) else f"file:data/kr{number}.csv#value{unit}"
        start, target = told.figures
        target = target[chinese] if isinstance(target, tuple) else target
        known = told.kind == "at most"
        first = start if known else None
        result = 4_150 if isinstance(told.way, str) and told.way.startswith("https") else first
        kind = {"number": "数字", "percent": "百分比", "at most": "至多", "yes-no": "是否"}[told.kind] if chinese else told.kind
        yield [
            told.group[chinese], told.objective[chinese], told.name[chinese], kind, start, target, result, link,
            None, None, None, None, told.owner[chinese], told.aligned, told.budget,
        ]  # fmt: skip


def _figure(told: Told, moment: datetime, chance: random.Random) -> float:
    assert callable(told.way)
    passed = (moment - datetime(2027, 1, 1, tzinfo=UTC)) / timedelta(days=QUARTER_DAYS)
    start, target = told.figures
    if told.kind == "yes-no":
        return 1 if told.way(passed) > 0.5 else 0
    share = told.way(passed) * (1 + chance.uniform(-0.02, 0.02))
    value = start + (target - start) * share
    return round(value, 4) if told.kind == "percent" else round(value)
