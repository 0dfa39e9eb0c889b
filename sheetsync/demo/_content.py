"""A moment and a language go in, the demo's plan comes out: what a marketing team might write down for a quarter.

Names, goals and headings are in the reader's language; the figures are the same in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sheetsync.demo import _figures as figures
from sheetsync.demo._figures import Goal, Moment
from sheetsync.model import Kind
from sheetsync.template import PlannedGroup, PlannedKeyResult, PlannedObjective
from sheetsync.texts import Language

Pair = tuple[str, str]

TEAM: Final[Pair] = ("Marketing", "市场部")
HEAD: Final[Pair] = ("Nora Lindqvist", "林悦")
INBOUND: Final[Pair] = ("Tom Becker", "陈一鸣")
ADVERTISING: Final[Pair] = ("Aisha Rahman", "王思远")
BRAND: Final[Pair] = ("Mia Hoffmann", "赵晓晴")
ROLES: Final[tuple[tuple[Pair, Pair], ...]] = (
    (HEAD, ("Head of Marketing", "市场部负责人")), (INBOUND, ("Inbound growth and content", "集客增长与内容")),
    (ADVERTISING, ("Digital advertising", "数字广告")), (BRAND, ("Brand and communication", "品牌传播")),
)  # fmt: skip
SEGMENTS: Final[tuple[Pair, Pair]] = (("mid-market", "中型企业"), ("small", "小型企业"))
BRAND_SHEET: Final[Pair] = ("Tracker", "品牌追踪")
BRAND_HEADINGS: Final[tuple[Pair, ...]] = (("Measure", "衡量项"), ("Before", "期初"), ("Now", "现在"))
BRAND_ROWS: Final[tuple[tuple[Pair, Goal], ...]] = (
    (("People in our market who name us unaided", "未提示时能说出我们品牌的人"), figures.AWARENESS),
    (("Customers who would recommend us (score)", "客户推荐意愿得分"), figures.RECOMMENDATION),
    (("Articles about us in trade press", "行业媒体报道篇数"), figures.PRESS),
)
COMPANIES: Final[tuple[Pair, ...]] = (
    ("Alder Foods", "安达食品"), ("Bright Freight", "明途物流"), ("Cobalt Labs", "蓝钴科技"), ("Delta Pumps", "三角泵业"),
    ("Elmwood Clinics", "榆林医疗"), ("Fjord Optics", "远湾光学"), ("Granite Bank", "磐石银行"), ("Harbour Paper", "海港纸业"),
    ("Indigo Textiles", "靛蓝纺织"), ("Juniper Energy", "杉木能源"), ("Kestrel Air", "云隼航空"), ("Lumen Glass", "流明玻璃"),
    ("Maple Tools", "枫叶工具"), ("Northgate Rail", "北门轨道"), ("Onyx Security", "玄石安防"), ("Pine and Sons", "松鹤家居"),
    ("Quarry Stone", "采石建材"), ("River Dairy", "河谷乳业"), ("Summit Sports", "峰顶体育"), ("Tidal Systems", "潮汐系统"),
)  # fmt: skip
NOT_CONNECTED: Final = "https://us21.admin.mailchimp.com/reports/summary?id=4081537"
"""A service that is known and has no account here: the row keeps its value and says what to do."""

ONE_DECIMAL: Final = "0.0%"
MONEY: Final = "#,##0.00"


@dataclass(frozen=True, slots=True)
class Words:
    """Says things in one language; `row` is a key result as it stands before the first run."""

    moment: Moment
    language: Language

    def say(self, pair: Pair) -> str:
        return pair[self.language == "zh"]

    def row(
        self,
        name: Pair,
        link: str,
        goal: Goal | None = None,
        *,
        kind: Kind = Kind.NUMBER,
        owner: Pair = HEAD,
        to: str = "",
        number_format: str = "",
        start: float | None = None,
        target: float | str | None = None,
    ) -> PlannedKeyResult:
        result = None
        if goal is not None:
            start, target, result = goal.start, goal.target, goal.before(self.moment.passed)
        return PlannedKeyResult(self.say(name), kind, start, target, result, link, self.say(owner), to, number_format)


def names(language: Language) -> tuple[tuple[str, str], ...]:
    """Who may be an Owner, and what they do."""
    index = language == "zh"
    return tuple((name[index], role[index]) for name, role in ROLES)


def plan(moment: Moment, language: Language) -> tuple[PlannedGroup, ...]:
    """The overall block and four sub-functions."""

    words = Words(moment, language)
    say, row = words.say, words.row
    leads = "file:data/leads.csv"
    brand = f"file:data/brand.xlsx#cell={say(BRAND_SHEET)}!"
    segment = say(SEGMENTS[0])
    overall = PlannedGroup(
        say(("Marketing overall", "市场部整体")),
        (
            PlannedObjective(
                say(("O1 Win the customers who fit us best", "O1 赢得最适合我们的客户")),
                (
                    row(
                        ("KR1.1 Sales-qualified leads from all channels", "KR1.1 各渠道销售认可线索总数"),
                        "rollup:sum",
                        start=0,
                        target=72,
                    ),
                    row(
                        ("KR1.2 Pipeline that marketing brings, in EUR", "KR1.2 市场部带来的销售机会（元）"),
                        "rollup:sum",
                        start=0,
                        target=240_000,
                    ),
                ),
            ),
            PlannedObjective(
                say(("O2 Become a name that people trust", "O2 成为客户信赖的名字")),
                (
                    row(
                        ("KR2.1 Content and brand goals, taken together", "KR2.1 内容与品牌目标的整体进度"),
                        "rollup:progress",
                        kind=Kind.PERCENT,
                        start=0,
                        target=1,
                    ),
                    row(
                        ("KR2.2 Customers who would recommend us, score", "KR2.2 客户推荐意愿得分"),
                        f"{brand}C3",
                        figures.RECOMMENDATION,
                    ),
                ),
            ),
        ),
        overall=True,
    )
    inbound = PlannedGroup(
        say(("Inbound growth", "集客增长")),
        (
            PlannedObjective(
                say(("O3 Make the website the best place to start", "O3 让官网成为客户的第一站")),
                (
                    row(
                        ("KR3.1 Sales-qualified leads from the website", "KR3.1 官网带来的销售认可线索"),
                        f"{leads}#count&where=stage:SQL,channel:website",
                        figures.WEBSITE_LEADS,
                        owner=INBOUND,
                        to="KR1.1",
                    ),
                    row(
                        ("KR3.2 Pipeline from website leads, in EUR", "KR3.2 官网线索带来的销售机会（元）"),
                        f"{leads}#sum(amount)&where=channel:website",
                        figures.WEBSITE_PIPELINE,
                        owner=INBOUND,
                        to="KR1.2",
                    ),
                    row(
                        ("KR3.3 Leads from mid-market companies", "KR3.3 来自中型企业的线索占比"),
                        f"{leads}#share(segment:{segment})",
                        figures.MID_MARKET,
                        kind=Kind.PERCENT,
                        owner=INBOUND,
                    ),
                ),
            ),
        ),
    )
    content = PlannedGroup(
        say(("Content", "内容")),
        (
            PlannedObjective(
                say(("O4 Publish what our buyers want to read", "O4 写出客户真正想读的内容")),
                (
                    row(
                        ("KR4.1 Visits to our articles", "KR4.1 文章访问量"),
                        "file:data/site.json#$.articles.visits",
                        figures.ARTICLE_VISITS,
                        owner=INBOUND,
                        to="KR2.1",
                    ),
                    row(
                        ("KR4.2 Newsletter open rate", "KR4.2 邮件通讯打开率"),
                        NOT_CONNECTED,
                        figures.OPEN_RATE,
                        kind=Kind.PERCENT,
                        owner=INBOUND,
                        to="KR2.1",
                        number_format=ONE_DECIMAL,
                    ),
                    row(
                        ("KR4.3 Pages that take over three seconds to load", "KR4.3 加载超过三秒的页面数"),
                        "file:data/site.json#$.site.slow_pages",
                        figures.SLOW_PAGES,
                        owner=INBOUND,
                        to="KR2.1",
                    ),
                ),
            ),
        ),
    )
    advertising = PlannedGroup(
        say(("Digital advertising", "数字广告")),
        (
            PlannedObjective(
                say(("O5 Get more out of every campaign", "O5 让每一次投放都更有价值")),
                (
                    row(
                        ("KR5.1 Sales-qualified leads from ads", "KR5.1 广告带来的销售认可线索"),
                        f"{leads}#count&where=stage:SQL,channel:ads",
                        figures.AD_LEADS,
                        owner=ADVERTISING,
                        to="KR1.1",
                    ),
                    row(
                        ("KR5.2 Cost per lead, in EUR", "KR5.2 单条线索成本（元）"),
                        "sql:crm/cost_per_lead",
                        figures.COST_PER_LEAD,
                        kind=Kind.AT_MOST,
                        owner=ADVERTISING,
                        number_format=MONEY,
                    ),
                    row(
                        ("KR5.3 Revenue for each euro spent on ads", "KR5.3 每一元广告费带来的收入"),
                        "sql:crm/return_on_ad_spend",
                        figures.AD_RETURN,
                        owner=ADVERTISING,
                        number_format=MONEY,
                    ),
                ),
            ),
        ),
    )
    communication = PlannedGroup(
        say(("Brand and communication", "品牌传播")),
        (
            PlannedObjective(
                say(("O6 Be heard where our buyers listen", "O6 在客户关注的地方发声")),
                (
                    row(
                        ("KR6.1 People in our market who name us unaided", "KR6.1 未提示时能说出我们品牌的人群占比"),
                        f"{brand}C2&unit=ratio",
                        figures.AWARENESS,
                        kind=Kind.PERCENT,
                        owner=BRAND,
                        to="KR2.1",
                        number_format=ONE_DECIMAL,
                    ),
                    row(
                        ("KR6.2 Articles about us in trade press", "KR6.2 行业媒体报道篇数"),
                        f"{brand}C4",
                        figures.PRESS,
                        owner=BRAND,
                        to="KR2.1",
                    ),
                    row(
                        ("KR6.3 Pipeline from events and partners, in EUR", "KR6.3 活动与伙伴带来的销售机会（元）"),
                        "sql:crm/event_pipeline",
                        figures.EVENT_PIPELINE,
                        owner=BRAND,
                        to="KR1.2",
                    ),
                ),
            ),
        ),
    )
    return overall, inbound, content, advertising, communication
