"""A folder goes in, what a newcomer needs comes out: the demo with its sources, or an empty plan with its configuration."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sheetsync import demo
from sheetsync.errors import ConfigError
from sheetsync.template import write_new, write_template
from sheetsync.texts import LANGUAGES, Language, Sentence, preferred_language, sentence

if TYPE_CHECKING:
    from sheetsync.app import App

CONFIG: Final = """\
# What sheetsync keeps up to date, and what its links may ask for. Every key: docs/configuration.md

[[workbooks]]
path = "{name}"
period = "{period}"

# Files that links may read, such as file:data/leads.csv#count
[connectors.file.default]
folders = ["data"]
"""
PLAN: Final = "okr.xlsx"


def language_of(text: str) -> Language:
    """The language that was asked for, or the terminal's. Raises ConfigError."""
    for language in LANGUAGES:
        if text == language:
            return language
    if text:
        raise ConfigError("There is no language {text} here.", text=text, advice="Choose en or zh.")
    return preferred_language(os.environ)


def named(teams: str) -> tuple[str, ...]:
    """`Content, Brand`, `内容、品牌` -> the names."""
    return tuple(name.strip() for name in re.split("[,，、;；]", teams) if name.strip())


def new_demo(folder: Path, language: Language, today: date | None = None) -> tuple[Path, tuple[Sentence, ...]]:
    """Writes the demo; its configuration file, and what to try next. Raises ConfigError."""
    written = demo.write(folder, language, today or _today())
    return written.config, demo.next_steps()


def demo_at_stand_in() -> tuple[Callable[[Path], AbstractContextManager[App]], tuple[Sentence, ...]]:
    """The way to the same demo at a stand-in for Google, and what to try after that."""
    from sheetsync import demo_google  # noqa: PLC0415 - the stand-in is loaded only where it is asked for

    return demo_google.at_stand_in, demo_google.next_steps()


def new_plan(
    folder: Path, language: Language, period: str, teams: tuple[str, ...], today: date | None = None, *, google: bool = False
) -> tuple[Sentence, ...]:
    """Writes an empty plan, its configuration and the folder for files; says what to do next. Raises ConfigError.

    With `google`, also how the plan becomes a spreadsheet there: a service account owns no files, so a person uploads it.
    """
    plan, config = folder / PLAN, folder / "sheetsync.toml"
    for path in (plan, config):
        if path.exists():
            raise ConfigError("{path} is there already and was left as it is.", path=path, advice="Choose another folder.")
    try:
        (folder / "data").mkdir(parents=True, exist_ok=True)
    except OSError:
        raise ConfigError(
            "The folder {path} cannot be made.", path=folder, advice="Choose one that you may write into."
        ) from None
    period = period or demo.quarter_of(today or _today()).label
    write_template(plan, language, period, teams)
    write_new(config, CONFIG.format(name=PLAN, period=period).encode())
    return (
        sentence("Written: {plan} and {config}.", plan=plan, config=config),
        sentence("Fill in your goals, and paste into Data link the address of the page where each number stands."),
        sentence('Ask what a link means: sheetsync explain "LINK"'),
        *(_AT_GOOGLE if google else ()),
        sentence("Then: sheetsync run --dry-run, and sheetsync run"),
    )


_AT_GOOGLE: Final = (
    sentence("Upload the plan to Google Drive, open it there, and choose File, Save as Google Sheets."),
    sentence("Sign in, and learn which address to share it with as Editor: sheetsync connect google"),
    sentence("Write the spreadsheet's address as path into sheetsync.toml, in place of the file's name."),
)


def _today() -> date:
    return datetime.now().astimezone().date()


def user_service(application: App, *, remove: bool) -> list[Sentence]:
    """Installs the daemon as a service of the user, or takes it away; what was done. Raises ConfigError."""
    from sheetsync import service as services  # noqa: PLC0415 - few ever need it

    file = application.config.file
    if file is None:
        raise ConfigError("A service needs a configuration file.", advice="Make one with: sheetsync init")
    machine = services.Machine.here(application.state, application.edges.environ)
    service = services.service_of(machine, file.resolve())
    if remove:
        return services.uninstall(service, services.run_quietly)
    application.workbook_configs([])
    application.registry, application.targets  # noqa: B018 - a service that stops at once helps nobody
    return services.install(service, services.run_quietly)
