"""The tree of errors: what each class promises to the reader, and that the drawing is the tree."""

from __future__ import annotations

import inspect
import re

import pytest

from sheetsync import errors
from sheetsync.errors import LinkError, RateLimited, SheetsyncError, UnsupportedLink, WorkbookError

CLASSES = [thing for _, thing in inspect.getmembers(errors, inspect.isclass) if issubclass(thing, SheetsyncError)]
LINK_ERRORS = [kind for kind in CLASSES if issubclass(kind, LinkError) and kind is not LinkError]


def made(kind: type[SheetsyncError]) -> SheetsyncError:
    if kind is UnsupportedLink:
        return UnsupportedLink("It has no {what}.", use_instead="Paste the list's address.", what="chart")
    return kind("It has no {what}.", what="chart")


@pytest.mark.parametrize("kind", LINK_ERRORS)
def test_an_error_of_a_row_says_whether_it_mends_itself_and_what_to_do(kind: type[LinkError]) -> None:
    error = made(kind)
    assert isinstance(error, LinkError)
    assert error.state in ("kept", "broken")
    assert re.fullmatch(r"[A-Z].*[.]", error.advice)
    assert str(error) == "It has no chart."


def test_only_what_may_mend_itself_is_kept() -> None:
    kept = {kind.__name__ for kind in LINK_ERRORS if kind.state == "kept"}
    assert kept == {"Unavailable", "RateLimited", "NotReady", "Incomplete", "UnexpectedReply"}


def drawn() -> dict[str, str]:
    """Class -> the class above it, as the drawing has it."""
    parents: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"([ │├└─]*)((?:[A-Z]\w+)(?:, [A-Z]\w+)*)(?:\s{2,}|$)", line)
        if match is None or not line.startswith("    "):
            continue
        depth = len(match[1])
        above = [entry for entry in above if entry[0] < depth]
        for name in match[2].split(", "):
            parents[name] = above[-1][1] if above else ""
        above.append((depth, match[2].split(", ")[0]))
    return parents


def test_the_drawing_is_the_tree() -> None:
    tree = {kind.__name__: kind.__base__.__name__ if kind is not SheetsyncError else "" for kind in CLASSES if kind.__base__}
    assert drawn() == tree


def test_the_exit_codes_are_those_of_the_drawing() -> None:
    codes = {"ConfigError": 2, "Held": 75, "WorkbookError": 3, "LinkError": 1}
    for kind in CLASSES:
        expected = next((codes[above.__name__] for above in kind.__mro__ if above.__name__ in codes), 1)
        assert kind.exit_code == expected
    assert all(kind.exit_code == 3 for kind in CLASSES if issubclass(kind, WorkbookError))


def test_an_advice_of_its_own_is_of_this_error_alone() -> None:
    assert errors.NotFound("Gone.", advice="Look elsewhere.").advice == "Look elsewhere."
    assert errors.NotFound("Gone.").advice == errors.NotFound.advice
    assert RateLimited("Slower.", wait=3.5).wait == 3.5


def test_a_place_is_filled_once() -> None:
    assert str(errors.NotFound("No {name}.", name="{secret} {0}")) == "No {secret} {0}."
    assert str(errors.NotFound("A { is a {.")) == "A { is a {."
