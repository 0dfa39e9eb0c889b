"""What users read: every sentence is a constant, stands in the catalogues, is translated whole, and is written for people."""

from __future__ import annotations

import gettext
import io
import re
import shutil
from pathlib import Path

import pytest

from sheetsync.errors import NotFound
from sheetsync.texts import Texts
from tests import messages
from tests.messages import Extracted, Message, compiled, extract, path_of, places, strays, translations, up_to_date, written

EXTRACTED = extract()
SENTENCES = sorted(EXTRACTED.sentences)
CHINESE, _ = translations(path_of("zh"))

JARGON = re.compile(
    r"\b(exceptions?|tracebacks?|stack|null|None|NaN|undefined|boolean|regex|regular expression|parse[dr]?|parsing|"
    r"serialis\w+|payload|endpoint|callback|timeout|timed out|mutex|thread|stdout|stderr|errno|Forbidden|Unauthorized|"
    r"Bad Request|Too Many Requests|Internal Server Error|Bad Gateway|HTTP|4\d\d|5\d\d)\b"
)
TECHNICAL = {
    "A token, sent as Authorization: Bearer.",  # names a header, for whoever writes the configuration
    "None.",  # stands where a list has no entries
}
COMMANDS = (": sheetsync ", ": pip install ")
"""What a sentence may end with instead of a full stop, which would be copied along."""
CHINESE_SIGN = "[\u4e00-\u9fff“”（）]"
HALF_WIDTH = re.compile(
    rf"{CHINESE_SIGN}[,;:?]|[,;:] ?{CHINESE_SIGN}|[\u4e00-\u9fff]\(|\)[\u4e00-\u9fff]|[\u4e00-\u9fff]\.(\s|$)"
)
CODE = re.compile(
    r"[\w$.-]+\([^()]*\)|[?&#\w:*.-]*[\w*?][=:][^，。；：、（）“”\s]*|`[^`]*`|\"[^\"]*\"|'[^']*'|\{[^{}]*\}", re.ASCII
)
"""What is typed as it stands: `sum(列名)`, `where=列名:值`."""


def of(*roles: str) -> list[Message]:
    return [message for message in EXTRACTED.messages if message.role in roles]


# --- the code


def test_whatever_users_read_is_a_constant_with_a_value_for_each_place() -> None:
    assert [str(breach) for breach in EXTRACTED.breaches] == []


def test_no_sentence_for_people_is_left_out_of_the_catalogues() -> None:
    assert [str(stray) for stray in strays(EXTRACTED)] == []


def test_no_exception_outlives_its_reason() -> None:
    assert {*messages.EXCEPTIONS, *messages.ENGLISH_PLACES} - EXTRACTED.exceptions == set()


def test_sentences_of_all_sorts_are_found() -> None:
    assert {message.role for message in EXTRACTED.messages} == {"error", "advice", "about", "text"}
    assert {"Cell", "no target", "What to try next:", "Wait until it has finished, then run again."} <= set(SENTENCES)


# --- the English sentences


def test_an_error_and_an_advice_end_with_a_full_stop() -> None:
    ends = (".", "?", "{problem}")
    said = {message.text for message in of("error", "advice")}
    assert [text for text in said if not text.endswith(ends) and not any(command in text for command in COMMANDS)] == []


def test_sentences_are_free_of_jargon() -> None:
    said = {text: found[0] for text in SENTENCES if text not in TECHNICAL and (found := JARGON.search(text))}
    assert said == {}


def test_sentences_are_tidy() -> None:
    untidy = [text for text in SENTENCES if text != text.strip() or "  " in text or "\n" in text or "!" in text.rstrip("!")[-1:]]
    assert untidy == []


def test_every_template_takes_its_values() -> None:
    for message in of("error", "text"):
        filled = message.text.format(**{place.partition(".")[0]: "X" for place in places(message.text)})
        assert "{" not in filled.replace("{env=}", "").replace("{file=}", "").replace("{command=}", "").replace("{keyring=}", "")


def test_no_place_takes_the_words_of_a_service() -> None:
    """Names that would tempt somebody to hand a reply's own text through."""
    bad = {"body", "reply", "response", "message", "detail", "details", "content", "raw", "error"}
    assert [message.text for message in of("error", "text") if bad & set(places(message.text))] == []


# --- the catalogues


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_the_catalogue_holds_every_sentence(language: str) -> None:
    """Run `python -m tests.messages update`, and translate what is blank."""
    assert messages.missing(up_to_date(EXTRACTED, language)) == []
    known, _ = translations(path_of(language))
    assert set(SENTENCES) - set(known) == set()


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_a_translation_has_the_places_of_its_sentence(language: str) -> None:
    known, _ = translations(path_of(language))
    braces = {text: said for text, said in known.items() if said and re.findall(r"\{+[^{}]*\}+", text)}
    assert braces
    for text, said in braces.items():
        assert sorted(re.findall(r"\{+[^{}]*\}+", said)) == sorted(re.findall(r"\{+[^{}]*\}+", text)), text


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_the_compiled_catalogue_is_that_of_the_text(language: str) -> None:
    known, _ = translations(path_of(language))
    with path_of(language).with_suffix(".mo").open("rb") as file:
        machine = gettext.GNUTranslations(file)
    for text, said in known.items():
        assert machine.gettext(text) == (said or text)
    assert len(machine._catalog) == 1 + sum(bool(said) for said in known.values())  # type: ignore[attr-defined]


def test_the_compiled_catalogue_is_made_from_the_text() -> None:
    known, gone = translations(path_of("zh"))
    everything = Extracted(tuple(Message("x.py", 1, text, "text") for text in known), ())
    assert path_of("zh").with_suffix(".mo").read_bytes() == compiled(messages.merged(everything, known, gone, "zh"))


def test_chinese_is_written_with_chinese_signs() -> None:
    wrong = {said: found[0] for said in CHINESE.values() if (found := HALF_WIDTH.search(CODE.sub("x", said)))}
    assert wrong == {}


def test_chinese_is_chinese() -> None:
    """No translation was forgotten halfway, and none is the English sentence."""
    assert [text for text, said in CHINESE.items() if said and not re.search(r"[\u4e00-\u9fff]", said)] == []
    assert [said for said in CHINESE.values() if said != said.strip() or "  " in said] == []


def test_a_chinese_sentence_ends_as_the_english_one_does() -> None:
    ends = {".": "。", "?": "？"}
    said = {message.text: CHINESE.get(message.text, "") for message in EXTRACTED.messages}
    wrong = [text for text, chinese in said.items() if chinese and text[-1] in ends and not chinese.endswith(ends[text[-1]])]
    assert wrong == []
    assert [text for text, chinese in said.items() if text[-1] not in ends and chinese.endswith(("。", "？"))] == []


def test_the_name_of_the_colleague_to_ask_is_one_and_the_same() -> None:
    asked = [text for text in SENTENCES if "the person who installed sheetsync" in text]
    assert asked
    assert all("安装 sheetsync 的同事" in CHINESE[text] for text in asked)


def test_an_error_reads_as_one_line_of_chinese() -> None:
    error = NotFound("This audience has no segment called {name}.", name="VIP")
    assert Texts("zh").error(error) == "这个受众没有名为“VIP”的细分。请检查网址，以及页面是否已被删除或移走。"


# --- the tool


def of_source(folder: Path, **files: str) -> Extracted:
    for name, source in files.items():
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
    (folder / "errors.py").write_text(
        "class SheetsyncError(Exception): ...\nclass NotFound(SheetsyncError):\n    advice = 'Look again.'\n", encoding="utf-8"
    )
    return extract(folder)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("raise NotFound('A {x}.', x=1, advice='B.')", {"A {x}.", "B."}),
        ("raise NotFound('A.' if x else 'B.')", {"A.", "B."}),
        ("T = 'A.'\ndef f():\n    raise NotFound(T)", {"A."}),
        ("T = {1: 'A.', 2: 'B.'}\ndef f(x):\n    raise NotFound(T[x])", {"A.", "B."}),
        ("T = {1: 'A.'}\ndef f(x):\n    raise NotFound(T.get(x, 'B.'))", {"A.", "B."}),
        ("T = {1: ('n', 'A.')}\ndef f():\n    for k, (n, t) in T.items():\n        raise NotFound(t)", {"A."}),
        ("def f(t):\n    raise NotFound(t)\nf('A.')\nf('B.')", {"A.", "B."}),
        (
            "class C:\n    def f(self, n, t='B.'):\n        raise NotFound(t)\n    def g(self):\n        self.f(1, 'A.')",
            {"A.", "B."},
        ),
        ("def f(texts, *headings):\n    for h in headings:\n        texts(h)\nf(texts, 'A', 'B')", {"A", "B"}),
        ("def f(kind: type[NotFound]):\n    raise kind('A.')", {"A."}),
        ("def f(x):\n    kind = NotFound if x else NotFound\n    raise kind('A.')", {"A."}),
        ("def f(x):\n    t = 'A.'\n    if x:\n        t = 'B.'\n    raise NotFound(t)", {"A.", "B."}),
        ("def why(x):\n    return 'A.' if x else 'B.'\ndef f(x):\n    raise NotFound(why(x))", {"A.", "B."}),
        ("class Gone(NotFound):\n    advice = 'B.'\nraise Gone('A.')", {"A.", "B."}),
        ("x = app.texts('A')\nsay = Texts('en')\nsay('B')", {"A", "B"}),
        ("M = {'a': 'A', 'b': 'B'}\nm = tuple(Metric(n, a) for n, a in M.items())", {"A", "B"}),
        ("s = setting('A', 3)\np = LinkPattern('k', instead='B.')", {"A", "B."}),
    ],
)
def test_sentences_are_followed_to_their_constants(tmp_path: Path, source: str, found: set[str]) -> None:
    extracted = of_source(tmp_path, room=source)
    assert extracted.breaches == ()
    assert set(extracted.sentences) == found | {"Look again."}


def test_a_function_of_a_module_that_is_called_texts_says_nothing(tmp_path: Path) -> None:
    extracted = of_source(
        tmp_path, parts="def texts(mail):\n    return [mail]", room="from sheetsync import parts\nfound = parts.texts(mail)"
    )
    assert extracted.breaches == ()


def test_a_sentence_of_another_file_is_found_there(tmp_path: Path) -> None:
    extracted = of_source(
        tmp_path, words="AGAIN = 'A.'", room="from sheetsync.words import AGAIN\nraise NotFound('B.', advice=AGAIN)"
    )
    assert {message.text: message.file for message in extracted.messages if message.file != "errors.py"} == {
        "A.": "words.py",
        "B.": "room.py",
    }


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("raise NotFound(f'A {x}.')", "f-string"),
        ("raise NotFound('A' + x)", "no constant"),
        ("raise NotFound(str(x))", "no constant"),
        ("raise NotFound('A {}.'.format(x))", "no constant"),
        ("raise NotFound('A.', advice=x)", "no constant"),
        ("def f(reply):\n    raise NotFound(reply.body)", "no constant"),
        ("raise NotFound('A {x}.', y=1)", "no value for x"),
        ("raise NotFound('A {x}.', x='two words')", "English in a place"),
        ("raise NotFound('A {x}.', x=f'the {y}')", "English in a place"),
    ],
)
def test_what_no_catalogue_can_hold_is_a_breach(tmp_path: Path, source: str, why: str) -> None:
    extracted = of_source(tmp_path, room=source)
    assert [breach.why for breach in extracted.breaches if why in breach.why]
    assert {breach.file for breach in extracted.breaches} == {"room.py"}


def test_a_sentence_that_is_handed_to_nothing_is_a_stray(tmp_path: Path) -> None:
    extracted = of_source(tmp_path, room="print('This is said to nobody.')\nPAIR = ('This is said twice.', '这句说两遍。')")
    assert [stray.source for stray in strays(extracted, tmp_path)] == ["This is said to nobody."]


def test_the_same_sentences_give_the_same_bytes(tmp_path: Path) -> None:
    shutil.copytree(messages.PACKAGE / "locale", tmp_path / "locale")
    of_source(tmp_path, room="raise NotFound('Only here.')")
    messages.update(tmp_path)
    once = path_of("zh", tmp_path).read_bytes(), path_of("zh", tmp_path).with_suffix(".mo").read_bytes()
    messages.update(tmp_path)
    assert (path_of("zh", tmp_path).read_bytes(), path_of("zh", tmp_path).with_suffix(".mo").read_bytes()) == once
    assert not re.search(rb"20\d\d-\d\d-\d\d \d\d:|Babel|/home|/tmp", once[0])


def test_a_sentence_that_goes_is_remembered_and_comes_back_translated() -> None:
    here = Extracted((Message("a.py", 1, "One.", "text"), Message("a.py", 2, "Two.", "text")), ())
    later = Extracted(here.messages[:1], ())
    left = messages.merged(later, {"One.": "一。", "Two.": "二。"}, {}, "zh")
    assert '#~ msgid "Two."' in written(left).decode()
    assert "二".encode() not in compiled(left)
    back = messages.merged(here, {"One.": "一。"}, {"Two.": "二。"}, "zh")
    assert messages.missing(back) == []
    assert "二".encode() in compiled(back)


def test_a_new_sentence_waits_for_its_translation() -> None:
    fresh = messages.merged(Extracted((Message("a.py", 1, "New {x}.", "text"),), ()), {}, {}, "zh")
    assert messages.missing(fresh) == ["New {x}."]
    assert gettext.GNUTranslations(io.BytesIO(compiled(fresh))).gettext("New {x}.") == "New {x}."
