"""The vocabulary: what a heading or a small word means, in English and Chinese."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetsync.model import Column, Kind
from sheetsync.okr import layout

ALIASES = {
    Column.GROUP: "Group|Team|Department|Function|Owner group|部门|团队|小组|职能",
    Column.OBJECTIVE: "Objective|Objectives|目标",
    Column.OBJECTIVE_ID: "Objective ID|O#|目标编号",
    Column.KEY_RESULT: "Key result|Key Results|KR|关键结果",
    Column.KR_ID: "KR ID|KR#|编号",
    Column.TYPE: "Type|Unit|类型",
    Column.START: "Start|Baseline|From|起始值|基线",
    Column.TARGET: "Target|Goal|To|目标值|指标值",
    Column.RESULT: "Result|Current|Actual|Value|结果|当前值|实际值",
    Column.DATA_LINK: "Data link|Link|Source|Data source|数据链接|链接|数据来源",
    Column.METRIC: "Metric|Measure|指标",
    Column.PROGRESS: "Progress|%|Completion|进度|完成度",
    Column.STATUS: "Status|状态",
    Column.SYNC: "Sync|Sync status|同步状态",
    Column.AS_OF: "As of|Updated|Last updated|更新时间",
    Column.OWNER: "Owner|负责人",
    Column.WEIGHT: "Weight|权重",
    Column.PERIOD: "Period|周期",
    Column.ALIGNED_TO: "Aligned to|对齐",
    Column.CONFIDENCE: "Confidence|信心",
    Column.BUDGET: "Budget|预算",
    Column.COMMENT: "Comment|备注",
}
PAIRS = [(word, column) for column, words in ALIASES.items() for word in words.split("|")]


@pytest.mark.parametrize(("word", "column"), PAIRS)
def test_every_heading_is_known_however_it_is_written(word: str, column: Column) -> None:
    for text in (
        word,
        word.upper(),
        word.lower(),
        f"  {word}: ",
        f"*{word}*",
        word.replace(" ", "\n"),
        f"{word} (EUR)",
        f"{word} [Q1]",
        f"{word} ▼",
    ):
        assert layout.heading(text) is column, text


def test_no_word_has_two_meanings() -> None:
    words = [layout.fold(word) for column in layout.HEADINGS for word in layout.HEADINGS[column]]
    assert len(words) == len(set(words))
    assert set(layout.HEADINGS) == set(Column)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("Target / 目标值", Column.TARGET),
        ("关键结果 Key Result", Column.KEY_RESULT),
        ("结果Result", Column.RESULT),
        ("Result\n结果", Column.RESULT),
        ("数据链接（Data link）", Column.DATA_LINK),
        ("Ｔａｒｇｅｔ", Column.TARGET),
        ("结果（万元）", Column.RESULT),
        ("Current|Actual", Column.RESULT),
    ],
)
def test_a_heading_in_two_languages(text: str, column: Column) -> None:
    assert layout.heading(text) is column


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Resultat",
        "Goal setting",
        "Target / Result",
        "目标 Target",
        "Key",
        "350",
        "Notes",
        "Channel",
        "-",
        "()",
        "/",
        "Result of May",
    ],
)
def test_what_is_no_heading(text: str) -> None:
    assert layout.heading(text) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("number", Kind.NUMBER),
        ("数字", Kind.NUMBER),
        ("Yes-No", Kind.YES_NO),
        ("yes/no", Kind.YES_NO),
        ("是否", Kind.YES_NO),
        ("percent", Kind.PERCENT),
        ("%", Kind.PERCENT),
        ("百分比", Kind.PERCENT),
        ("at least", Kind.AT_LEAST),
        ("≥", Kind.AT_LEAST),
        ("至少", Kind.AT_LEAST),
        ("At most", Kind.AT_MOST),
        ("<=", Kind.AT_MOST),
        ("不高于", Kind.AT_MOST),
        ("leads", None),
        ("", None),
    ],
)
def test_kinds(text: str, kind: Kind | None) -> None:
    assert layout.kind(text) is kind


@pytest.mark.parametrize("text", ["yes", "y", "true", "1", "done", "是", "已完成", "✓", "YES", " Yes. ", "Done"])
def test_yes(text: str) -> None:
    assert layout.yes_no(text) is True


@pytest.mark.parametrize("text", ["no", "n", "false", "0", "否", "未完成", "✗", "NO"])
def test_no(text: str) -> None:
    assert layout.yes_no(text) is False


@pytest.mark.parametrize("text", ["", "maybe", "2", "是否", "in progress"])
def test_neither(text: str) -> None:
    assert layout.yes_no(text) is None


@pytest.mark.parametrize(
    ("said", "other"),
    [
        ("yes", "no"),
        ("Yes", "No"),
        ("YES", "NO"),
        ("n", "y"),
        ("否", "是"),
        ("✓", "✗"),
        ("未完成", "已完成"),
        ("TRUE", "FALSE"),
        ("done", None),
        ("x", None),
    ],
)
def test_the_opposite_in_the_same_words(said: str, other: str | None) -> None:
    assert layout.opposite(said) == other


@pytest.mark.parametrize(
    ("form", "percent"),
    [
        ("0%", True),
        ("0.0%", True),
        ("#,##0.00 %;[Red]-0.00 %", True),
        ("General", False),
        ("0", False),
        ('0"%"', False),
        ("0\\%", False),
        ('"about "0%', True),
        ("[$%-409]0", False),
        ("0.0_%", False),
    ],
)
def test_a_percentage_by_its_number_format(form: str, percent: bool) -> None:
    assert layout.is_percent(form) is percent


@pytest.mark.parametrize(
    "text",
    [
        "Total",
        "合计",
        "小计：",
        "Subtotal content",
        "内容小计",
        "Note: in EUR",
        "* in EUR",
        "注：单位",
        "备注",
        "Legend",
        "x" * 200,
    ],
)
def test_an_aside(text: str) -> None:
    assert layout.is_aside(text)


@pytest.mark.parametrize(
    "text",
    ["Content", "注册团队", "Notebook team", "Source to pay", "Total experience", "Tips & Tricks blog", "O1 Grow", "说明书组"],
)
def test_a_name_is_no_aside(text: str) -> None:
    assert not layout.is_aside(text)


@pytest.mark.parametrize("text", ["fresh", "kept since 2027-01-01", "broken: no", "需修复：x", "unchanged"])
def test_our_own_sync_texts_are_known(text: str) -> None:
    assert layout.begins_with_state(text, layout.STATES)


@pytest.mark.parametrize("text", ["", "freshly", "ask Anna", "brokenhearted"])
def test_other_peoples_sync_texts_are_not(text: str) -> None:
    assert not layout.begins_with_state(text, layout.STATES)


@settings(deadline=None)
@given(st.text(max_size=70))
def test_any_text_has_a_meaning_or_none(text: str) -> None:
    assert layout.heading(text) in {None, *Column}
    assert layout.kind(text) in {None, *Kind}
    assert layout.yes_no(text) in {None, True, False}
    assert layout.is_aside(text) in {True, False}
