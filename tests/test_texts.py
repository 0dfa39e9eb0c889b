"""Sentences in the reader's language, and outside text that is made harmless on its way into one."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetsync.errors import NotFound, UnsupportedLink
from sheetsync.texts import LANGUAGES, MAX_PARAM, Texts, one_line, preferred_language, sentence


def test_places_are_filled() -> None:
    assert Texts("en")("{kr} has no target.", kr="MQLs") == "MQLs has no target."


def test_a_sentence_that_nobody_has_translated_comes_out_in_english() -> None:
    assert Texts("zh")("Nobody has ever said this about {what}.", what="it") == "Nobody has ever said this about it."
    assert Texts("zh")("") == ""


def test_what_stands_in_a_place_is_not_read_again() -> None:
    assert Texts("en")("It says {text}.", text="{kr} {0.__class__} %s") == "It says {kr} {0.__class__} %s."


def test_without_places_braces_are_braces() -> None:
    assert Texts("en")('Write {env = "NAME"}.') == 'Write {env = "NAME"}.'


def test_what_stands_in_a_place_is_one_short_line() -> None:
    said = Texts("en")("It says {text}.", text="a\r\nBcc: all\x1b[2J\u202e" + "x" * 500)
    assert said.startswith("It says a Bcc: all[2Jxxx")
    assert len(said) == len("It says .") + MAX_PARAM
    assert said.endswith("….")


def test_lists_days_and_sentences_in_a_place() -> None:
    en, zh = Texts("en"), Texts("zh")
    assert en("{x}", x=["a", "b\n"]) == "a, b"
    assert zh("{x}", x=("a", "b")) == "a、b"
    assert en("{x}", x=datetime(2027, 3, 1, 9, 5, 59, tzinfo=UTC)) == "2027-03-01 09:05"
    assert en("{x}!", x=sentence("{kr} moved", kr="MQLs")) == "MQLs moved!"


def test_join() -> None:
    assert Texts("en").join("kept", "no answer") == "kept: no answer"
    assert Texts("zh").join("沿用旧值", "无应答") == "沿用旧值：无应答"
    assert Texts("zh").join("沿用旧值", "") == "沿用旧值"


def test_an_error_says_what_happened_and_what_to_do() -> None:
    error = UnsupportedLink("{page} has no number.", use_instead="Paste the report's address.", page="A chart")
    assert Texts("en").error(error) == "A chart has no number. Paste the report's address."
    assert Texts("en").error(error, advice=False) == "A chart has no number."
    assert Texts("en").error(NotFound("Gone.", advice="")) == "Gone."


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_its_texts(language: str) -> None:
    assert Texts(language).language == language  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.text(alphabet=st.characters(), max_size=300), st.integers(1, 200))
def test_any_text_is_one_harmless_line(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in line)
    assert len(line.splitlines()) <= 1
    assert one_line(line, limit) == line


@pytest.mark.parametrize(
    "text", ["Grow EU revenue +12% (Q4)", "O'Brien & Sons <EMEA>", "销售 3.2万 件", "Увеличить выручку", "مبيعات", "😀", "=1+1"]
)
def test_ordinary_text_stays(text: str) -> None:
    assert one_line(text, 80) == text


def test_what_is_cut_is_marked() -> None:
    assert one_line("abcdef", 6) == "abcdef"
    assert one_line("abcdefg", 6) == "abcde…"


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LC_ALL": "", "LANG": "ZH_TW"}, "zh"),
        ({"LC_MESSAGES": "zh_CN", "LANG": "de_DE"}, "zh"),
        ({"SHEETSYNC_LANG": "en", "LC_ALL": "zh_CN"}, "en"),
    ],
)
def test_the_terminals_language(environ: dict[str, str], language: str) -> None:
    assert preferred_language(environ) == language


def test_a_path_is_said_whole() -> None:
    deep = Path("/", *["a-folder-with-a-long-name"] * 8, "sheetsync.toml")
    assert str(deep) in Texts("en")("There is no file {path}.", path=deep)
