"""Secrets come from references alone, and leave by no way out."""

from __future__ import annotations

import base64
import io
import json
import stat
import sys
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetsync import log
from sheetsync.errors import ConfigError, NotFound
from sheetsync.secrets import MASK, MIN_LENGTH, Secret, Vault, refuse_readable_by_others

CANARY = "k3y/+with &odd=signs"
WHERE = "connectors.mailchimp.emea.api_key"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path, {"KEY": f" {CANARY}\n", "EMPTY": " \n"})


def kept(path: Path, text: str | bytes = CANARY, mode: int = 0o600) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


# --- references --------------------------------------------------------------------------------------------------------


def test_from_the_environment(vault: Vault) -> None:
    assert vault.reveal({"env": "KEY"}, WHERE) == CANARY


def test_from_a_file_beside_the_configuration(vault: Vault, tmp_path: Path) -> None:
    kept(tmp_path / "key.txt", CANARY + "\n")
    assert vault.reveal({"file": "key.txt"}, WHERE) == CANARY
    assert vault.reveal({"file": str(tmp_path / "key.txt")}, WHERE) == CANARY


def test_a_byte_order_mark_is_no_part_of_a_key(vault: Vault, tmp_path: Path) -> None:
    kept(tmp_path / "key.txt", b"\xef\xbb\xbf" + CANARY.encode())
    assert vault.reveal({"file": "key.txt"}, WHERE) == CANARY


def test_from_a_command_without_a_shell(vault: Vault) -> None:
    assert vault.reveal({"command": [sys.executable, "-c", "import sys; print(sys.argv[1])", "$HOME; x"]}, WHERE) == "$HOME; x"


def test_a_renewed_key_is_seen(tmp_path: Path) -> None:
    environ = {"KEY": "old-old-old"}
    secret = Secret({"env": "KEY"}, Vault(tmp_path, environ), WHERE)
    assert secret.reveal() == "old-old-old"
    environ["KEY"] = "new-new-new"
    assert secret.reveal() == "new-new-new"


def test_a_secret_shows_nothing_by_itself(vault: Vault) -> None:
    secret = Secret({"env": "KEY"}, vault, WHERE)
    secret.reveal()
    assert CANARY not in f"{secret} {secret!r} {vars(type(secret))}"
    assert WHERE in repr(secret)


@pytest.mark.parametrize(
    "reference",
    [
        {}, {"env": "KEY", "file": "x"}, {"evn": "KEY"}, {"env": "ABSENT"}, {"env": "EMPTY"}, {"env": 5}, {"env": ""},
        {"env": "A\0B"},
        {"env": None}, {"file": "absent.txt"}, {"file": "."}, {"file": ["x"]}, {"file": "a\0b"},
        {"command": "echo secret"}, {"command": []},
        {"command": [1]}, {"command": ["no-such-program-anywhere"]}, {"command": [sys.executable, "-c", "raise SystemExit(1)"]},
        {"command": [sys.executable, "-c", ""]}, {"command": [sys.executable, "-c", r"import os; os.write(1, b'\xff\xfe')"]},
        {"keyring": 5},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_resolved_names_the_place_and_never_the_secret(vault: Vault, reference: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as caught:
        vault.reveal(reference, WHERE)
    assert WHERE in str(caught.value)
    assert CANARY not in str(caught.value) + caught.value.advice


def test_a_command_that_prints_its_secret_to_the_wrong_place_does_not_leak(vault: Vault) -> None:
    with pytest.raises(ConfigError) as caught:
        vault.reveal({"command": [sys.executable, "-c", f"import sys; sys.exit({CANARY!r})"]}, WHERE)
    assert CANARY not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_file_that_is_no_text(vault: Vault, tmp_path: Path) -> None:
    kept(tmp_path / "key.bin", b"\xff\xfe\x00\x01")
    with pytest.raises(ConfigError, match="cannot be read"):
        vault.reveal({"file": "key.bin"}, WHERE)


@pytest.mark.skipif(sys.platform == "win32", reason="mode bits do not show who may read there")
@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700, 0o500])
def test_a_file_of_the_owner_alone_is_read(vault: Vault, tmp_path: Path, mode: int) -> None:
    kept(tmp_path / "key", mode=mode)
    assert vault.reveal({"file": "key"}, WHERE) == CANARY


@pytest.mark.skipif(sys.platform == "win32", reason="mode bits do not show who may read there")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o606, 0o610, 0o601, 0o777, 0o620, 0o602])
def test_a_file_that_others_may_open_is_refused(vault: Vault, tmp_path: Path, mode: int) -> None:
    path = kept(tmp_path / "key", mode=mode)
    with pytest.raises(ConfigError, match="others may read it") as caught:
        vault.reveal({"file": "key"}, WHERE)
    assert "chmod 600" in caught.value.advice
    path.chmod(stat.S_IRUSR)
    refuse_readable_by_others(path)
    assert path.read_text() == CANARY


@pytest.mark.skipif(sys.platform == "win32", reason="mode bits do not show who may read there")
def test_a_link_to_an_open_file_is_refused(vault: Vault, tmp_path: Path) -> None:
    kept(tmp_path / "open", mode=0o644)
    (tmp_path / "key").symlink_to(tmp_path / "open")
    with pytest.raises(ConfigError, match="others may read it"):
        vault.reveal({"file": "key"}, WHERE)


# --- redaction ---------------------------------------------------------------------------------------------------------


def forms(secret: str) -> list[str]:
    raw = secret.encode()
    encoded = base64.b64encode(raw).decode()
    return [
        secret, quote(secret), quote(secret, safe=""), quote_plus(secret), encoded, encoded.rstrip("="),
        base64.urlsafe_b64encode(raw).decode(), json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1],
    ]  # fmt: skip


@settings(deadline=None)
@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=MIN_LENGTH, max_size=40),
    st.text(max_size=9),
    st.text(max_size=9),
)
def test_no_form_of_a_known_secret_gets_out(secret: str, before: str, after: str) -> None:
    vault = Vault(Path(), {})
    vault.remember(secret)
    for form in forms(secret):
        told = vault.redact(f"{before}{form}{after}")
        assert MASK in told
        assert form not in told or form in MASK or form in before + MASK + after


@pytest.mark.parametrize("user", ["", "a", "ab", "abc", "api-user"])
@pytest.mark.parametrize("tail", ["", "x", "xy", "xyz"])
def test_base64_around_a_secret_is_masked(user: str, tail: str) -> None:
    secret = "0123456789abcdef-canary"
    vault = Vault(Path(), {})
    vault.remember(secret)
    told = vault.redact(base64.b64encode(f"{user}:{secret}{tail}".encode()).decode())
    assert MASK in told
    assert len(told) <= len(MASK) + len(base64.b64encode(f"{user}:{tail}".encode())) + 4


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Bearer abcdefgh12345678", "abcdefgh12345678"),
        ("basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA"),
        ("https://user:hunter22@host/x", "hunter22"),
        ("?access_token=abcd1234&x=1", "abcd1234"),
        ('{"refresh_token": "abcd1234"}', "abcd1234"),
        ("corpsecret=abcd1234", "abcd1234"),
        ("x_password: abcd1234", "abcd1234"),
        ("&sign=abcd1234", "abcd1234"),
        ("-----BEGIN PRIVATE KEY-----\nMIIabcd1234\n-----END PRIVATE KEY-----", "MIIabcd1234"),
    ],
)
def test_what_looks_like_a_secret_is_masked_though_nobody_named_it(text: str, left: str) -> None:
    told = Vault(Path(), {}).redact(text)
    assert left not in told
    assert MASK in told


@pytest.mark.parametrize(
    "text",
    [
        "Redesign: new website",
        "Campaign design = summer",
        "350 MQLs",
        "https://a.test/x?id=42#metric=opens",
        "Assign: three partners",
        "目标：增长",
        "a@b.test",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert Vault(Path(), {}).redact(text) == text


def test_what_was_made_of_a_secret_is_masked(vault: Vault) -> None:
    Secret({"env": "KEY"}, vault, WHERE).remember("derived-access-token")
    assert vault.redact("got derived-access-token") == f"got {MASK}"


# --- the log -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_and_no_forged_line_gets_into_the_log(vault: Vault, form: str) -> None:
    vault.reveal({"env": "KEY"}, WHERE)
    stream = io.StringIO()
    log.configure(vault.redact, form=form, level="info", stream=stream)  # type: ignore[arg-type]
    try:
        try:
            raise NotFound("No {x}.", x=f"{CANARY}\x1b[2J")
        except NotFound as error:
            structlog.get_logger().info(
                f"row1\n2026-01-01 forged {CANARY}",
                error=error,
                many=[CANARY, {"deep": f"{CANARY}\n"}],
                raw=CANARY.encode(),
                exc_info=True,
                n=5,
            )
        structlog.get_logger().debug("not asked for")
    finally:
        structlog.reset_defaults()
    told = stream.getvalue()
    assert CANARY not in told
    assert MASK in told
    assert "\x1b" not in told
    assert "\n2026-01-01 forged" not in told
    assert "not asked for" not in told
    assert "Traceback" in told
    if form == "text":
        assert any(line.startswith("    raise NotFound") for line in told.splitlines()), "a traceback keeps its lines"
    if form == "json":
        assert json.loads(told)["n"] == 5
        assert len(told.splitlines()) == 1
