"""A sentence with named places goes in, the same sentence in the reader's language comes out.

Sentences stand in the code in English, as constants: that makes them greppable and is what gettext expects. `mark` names one
for the catalogue where it is not handed to `Texts` or to an error at once.
"""

from __future__ import annotations

import gettext
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any, Final, Literal, TypeAlias

from sheetsync.errors import SheetsyncError

Language: TypeAlias = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
MAX_PARAM: Final = 80
MAX_PATH: Final = 4096


def mark(template: str) -> str:
    """Marks a sentence for the catalogues and gives it back."""
    return template


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that waits for its language."""

    template: str
    params: Mapping[str, Any]


def sentence(template: str, /, **params: Any) -> Sentence:
    """A sentence to be said later by `Texts.say`."""
    return Sentence(template, params)


class Texts:
    """The catalogue of one language. Missing sentences come out in English."""

    def __init__(self, language: Language = "en") -> None:
        self.language = language
        folder = Path(__file__).with_name("locale")
        self._catalogue = gettext.translation("sheetsync", folder, languages=[language], fallback=True)

    def __call__(self, template: str, /, **params: Any) -> str:
        """The sentence with its places filled in; whatever stands in a place is made harmless for one line of text."""
        translated = self._catalogue.gettext(template) if template else ""
        return translated.format(**{name: self._place(value) for name, value in params.items()}) if params else translated

    def say(self, sentence: Sentence) -> str:
        return self(sentence.template, **sentence.params)

    def join(self, head: str, tail: str) -> str:
        """`head: tail`, with the language's own colon; head alone where there is no tail."""
        return head + ("：" if self.language == "zh" else ": ") + tail if tail else head

    def error(self, error: SheetsyncError, *, advice: bool = True) -> str:
        """What went wrong and, unless told otherwise, what to do next."""
        said = self(error.template, **error.params)
        if not advice or not error.advice:
            return said
        return said + ("" if self.language == "zh" else " ") + self(error.advice)

    def _place(self, value: object) -> str:
        if isinstance(value, Sentence):
            return self.say(value)
        if isinstance(value, datetime):
            return f"{value:%Y-%m-%d %H:%M}"
        if isinstance(value, list | tuple | set | frozenset):
            return ("、" if self.language == "zh" else ", ").join(self._place(item) for item in value)
        # A path is useful only whole, and comes from whoever runs sheetsync; what stands in a cell is cut anyway.
        return one_line(str(value), MAX_PATH if isinstance(value, PurePath) else MAX_PARAM)


def one_line(text: str, limit: int) -> str:
    """Outside text, fit for a cell, a terminal and a log line: no control or direction characters, at most `limit` long."""
    clean = "".join(" " if char in "\t\r\n" else char for char in text if char in "\t\r\n" or _harmless(char))
    clean = " ".join(clean.split())
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def _harmless(char: str) -> bool:
    return unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def preferred_language(environ: Mapping[str, str] | None = None) -> Language:
    """The terminal's language, from SHEETSYNC_LANG, LC_ALL, LC_MESSAGES or LANG (POSIX, 8.2)."""
    found = os.environ if environ is None else environ
    for name in ("SHEETSYNC_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if found.get(name):
            return "zh" if found[name].lower().startswith("zh") else "en"
    return "en"
