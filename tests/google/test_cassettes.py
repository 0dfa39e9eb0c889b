"""What Google answered to gspread's suite, beside what the stand-in answers to the same calls."""

from __future__ import annotations

from typing import Any

import pytest

from sheetsync.testing import NO_LIMITS, FakeGoogle
from tests.google import cassettes
from tests.google.cassettes import CASSETTES, Pair, differences
from tests.google.discovery import Discovery, needs_documents

pytestmark = [
    needs_documents,
    pytest.mark.skipif(not CASSETTES.exists(), reason="the recordings of gspread's suite are not here"),
]

REASONS = {
    "ClientTest.test_import_csv": (
        "the old upload answers with an account's own data: its folder, its picture, etags, links to thumbnails",
        (
            *("userPermission", "parents", "thumbnailLink", "iconLink", "lastModifyingUser", "owners", "etag", "embedLink"),
            *("version", "createdDate", "modifiedDate", "modifiedByMeDate", "lastViewedByMeDate"),
        ),
    ),
    "WorksheetTest.test_auto_resize_columns": ("a column's width hangs on the font", ("pixelSize",)),
}
"""Recording -> why a reply in it differs, and the fields that may."""


@pytest.fixture(scope="module")
def replay() -> tuple[list[Pair], list[str]]:
    with FakeGoogle(limits=NO_LIMITS) as google:
        google.seed("private", owner="somebody@else.example", number=cassettes.PRIVATE)
        pairs = [pair for path in cassettes.files() for pair in cassettes.replayed(google, path)]
        return pairs, Discovery.load().findings(google.calls)


def test_at_least_98_of_100_replies_are_equal(replay: tuple[list[Pair], list[str]]) -> None:
    pairs, _ = replay
    assert len(pairs) > 1_000
    assert sum(pair.equal for pair in pairs) >= 0.98 * len(pairs)


def test_every_reply_that_differs_has_its_reason(replay: tuple[list[Pair], list[str]]) -> None:
    pairs, _ = replay
    unexplained = []
    for pair in pairs:
        if not pair.equal:
            _, fields = REASONS.get(pair.cassette, ("", ()))
            found = list(differences(list(pair.recorded), list(pair.given)))
            wrong = [one for one in found if not any(f".{name}" in one.partition(":")[0] for name in fields)]
            unexplained += [f"{pair.cassette} #{pair.at} {pair.method} {pair.target[:80]} {one}" for one in wrong]
    assert unexplained == []


def test_no_reason_outlived_its_difference(replay: tuple[list[Pair], list[str]]) -> None:
    pairs, _ = replay
    assert {pair.cassette for pair in pairs if not pair.equal} == set(REASONS)


def test_every_reply_is_as_the_discovery_documents_say(replay: tuple[list[Pair], list[str]]) -> None:
    """gspread sends nulls, and parameters that Drive does not declare: that is gspread's, and Google takes it."""
    _, findings = replay
    assert [one for one in findings if "reply:" in one] == []
    assert [one for one in findings if not one.endswith(": null") and "unknown parameter" not in one and "request" in one] == []


@pytest.mark.parametrize(
    ("recorded", "given", "found"),
    [
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, [".a[1].b: 2 is 3"]),
        ({"a": 1}, {}, [".a: 1 is '(absent)'"]),
        ([1], [1, 2], [": [1] is [1, 2]"]),
        ({"a": 1}, {"a": 1}, []),
    ],
)
def test_a_difference_is_seen(recorded: Any, given: Any, found: list[str]) -> None:
    assert list(differences(recorded, given)) == found
