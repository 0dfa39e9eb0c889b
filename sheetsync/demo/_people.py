"""A moment and a language go in, the personal goals of the demo come out."""

from __future__ import annotations

from sheetsync.demo import _figures as figures
from sheetsync.demo._content import BRAND, INBOUND, Words
from sheetsync.demo._figures import Moment
from sheetsync.model import Kind
from sheetsync.okr import layout
from sheetsync.template import PlannedGroup, PlannedObjective
from sheetsync.texts import Language


def people(moment: Moment, language: Language) -> tuple[PlannedGroup, ...]:
    """The personal goals of two people."""
    words = Words(moment, language)
    say, row = words.say, words.row
    yes = layout.YES[language == "zh"]
    leader = PlannedGroup(
        say(("Growth of Mia Hoffmann", "个人成长：赵晓晴")),
        (
            PlannedObjective(
                say(("O7 Grow into leading a team", "O7 成长为团队负责人")),
                (
                    row(
                        ("KR7.1 Leadership certificate passed", "KR7.1 通过管理者认证"),
                        "sql:crm/leadership_certificate",
                        kind=Kind.YES_NO,
                        target=yes,
                        owner=BRAND,
                    ),
                    row(
                        ("KR7.2 Feedback talks held with colleagues", "KR7.2 与同事的反馈面谈次数"),
                        "manual:",
                        figures.FEEDBACK,
                        owner=BRAND,
                    ),
                ),
            ),
        ),
    )
    analyst = PlannedGroup(
        say(("Growth of Tom Becker", "个人成长：陈一鸣")),
        (
            PlannedObjective(
                say(("O8 Become our expert for marketing data", "O8 成为团队的数据专家")),
                (
                    row(
                        ("KR8.1 Analytics course, lessons finished", "KR8.1 数据分析课程完成度"),
                        "sql:crm/analytics_course#unit=percent",
                        kind=Kind.PERCENT,
                        start=0,
                        target=1,
                        owner=INBOUND,
                    ),
                    row(
                        ("KR8.2 First talk at a meet-up given", "KR8.2 完成首次公开分享"),
                        "sql:crm/first_talk",
                        kind=Kind.YES_NO,
                        target=yes,
                        owner=INBOUND,
                    ),
                ),
            ),
        ),
    )
    return leader, analyst
