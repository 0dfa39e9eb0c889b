"""The command line: words go in, the application is called, what comes out is printed. No logic lives here."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from sheetsync import __version__
from sheetsync.errors import SheetsyncError
from sheetsync.showing import (
    as_document,
    new_table,
    plain,
    put_json,
    show_checkups,
    show_choice,
    show_findings,
    show_history,
    show_pairs,
    show_report,
    show_steps,
    traced,
    watched,
    worst,
)
from sheetsync.texts import Texts, preferred_language

if TYPE_CHECKING:
    from sheetsync.app import App, Edges
    from sheetsync.config import WorkbookConfig
    from sheetsync.model import RunReport

say: Final = Texts(preferred_language())
"""Help is printed before any configuration is read, so it follows the terminal's language."""

app = typer.Typer(
    name="sheetsync",
    help=say("Keeps the key results of an OKR workbook up to date from the places where the numbers live."),
    epilog=say(
        "Begin with: sheetsync demo. Exit codes: 0 all well, 1 some rows failed, 2 usage or configuration, "
        "3 a workbook failed, 75 another sheetsync is at work."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help=say("The configuration file; by default sheetsync.toml here, or your own."), show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help=say("Print JSON on standard output, and nothing else there."))]
WorkbooksArgument = Annotated[
    list[str] | None, typer.Argument(help=say("Workbooks; by default those of the configuration."), show_default=False)
]
LanguageOption = Annotated[
    str, typer.Option("--lang", help=say("The language of what is written: en or zh."), show_default=False)
]


def main() -> None:
    """The entry point: every error of ours is one sentence and an exit code; a traceback never reaches a user."""
    try:
        code = app(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except typer.Abort:
        sys.exit(130)
    except KeyboardInterrupt:
        sys.exit(130)
    except typer.Exit as done:
        sys.exit(done.exit_code)
    except SheetsyncError as error:
        fail(error)
    except Exception as error:  # noqa: BLE001 - the last net: a sentence and a file with the details, not a traceback
        usage = getattr(error, "exit_code", None)
        if usage is not None and hasattr(error, "show"):  # typer's own complaints about usage
            error.show()
            sys.exit(2)
        print_error(
            say("Something went wrong inside sheetsync; your workbook is whole. The details are in {path}.", path=traced(error))
        )
        sys.exit(70)


def fail(error: SheetsyncError) -> NoReturn:
    print_error(say.error(error))
    sys.exit(error.exit_code)


def print_error(text: str) -> None:
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True, highlight=False).print(Text(text, style="red"), soft_wrap=True)  # paths stay whole, to be copied


def opened(config: Path | None, edges: Edges | None = None) -> App:
    from sheetsync import log
    from sheetsync.app import open_app

    application = open_app(config, edges)
    log.configure(application.vault.redact)
    return application


# --- run ---------------------------------------------------------------------------------------------------------------


@app.command(help=say("Reads the links, fetches the figures, writes the results, once."))
def run(
    workbooks: WorkbooksArgument = None,
    config: ConfigOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=say("Show what would be written, and write nothing."))] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help=say("Write even when most results would turn to 0, or the workbook is open somewhere.")),
    ] = False,
    only: Annotated[list[str] | None, typer.Option("--only", help=say("Only the rows of this group; may be repeated."))] = None,
    now: Annotated[bool, typer.Option("--now", help=say("Ask the daemon that runs to do it at once, and wait for it."))] = False,
    as_json: JsonOption = False,
) -> None:
    from sheetsync.app import Wishes

    if now and (dry_run or force or only):
        raise typer.BadParameter(say("It goes with no other wish: the daemon runs the whole workbook."), param_hint="--now")
    with opened(config) as application:
        wishes = Wishes(dry_run, force, tuple(only or ()))
        entries = application.workbook_configs(workbooks or [])
        application.registry  # noqa: B018 - its complaints come before anything is fetched
        reports = asked(application, entries) if now else [watched(application, entry, wishes) for entry in entries]
        if as_json:
            put_json({"workbooks": [as_document(one) for one in reports]})
        else:
            for one in reports:
                show_report(one, application.texts, dry_run=dry_run)
    raise typer.Exit(worst(one.exit_code for one in reports))


def asked(application: App, entries: Iterable[WorkbookConfig]) -> list[RunReport]:
    """What the running daemon made of these workbooks."""
    from sheetsync.asks import ask

    workbooks = {application.open_workbook(entry).identity for entry in entries}
    seconds = 60 + len(workbooks) * application.config.deadline_seconds  # it may be busy with each of them
    return ask(application.state, application.place, workbooks, seconds=seconds, sleep=application.edges.time.sleep)


@app.command(help=say("Keeps every workbook of the configuration up to date, on its schedule, until it is stopped."))
def daemon(
    config: ConfigOption = None,
    log_form: Annotated[str, typer.Option("--log", help=say("The form of the log: text or json."))] = "text",
    install: Annotated[
        bool, typer.Option("--install-user-service", help=say("Let it begin by itself when you log in, and begin it now."))
    ] = False,
    uninstall: Annotated[bool, typer.Option("--uninstall-user-service", help=say("Take that back."))] = False,
) -> None:
    from sheetsync import log
    from sheetsync.daemon import Daemon
    from sheetsync.process import serve_until_told

    if log_form not in ("text", "json"):
        raise typer.BadParameter(say("Choose text or json."), param_hint="--log")
    if install or uninstall:
        from sheetsync.beginning import user_service

        with opened(config) as application:
            for line in user_service(application, remove=uninstall):
                sys.stdout.write(application.texts.say(line) + "\n")
        return
    service = Daemon(config)
    if sys.stderr is None:  # a Windows program without a window has nowhere to write its log
        sys.stderr = (service.app.state / "daemon.log").open("a", encoding="utf-8", buffering=1)
    log.configure(service.app.vault.redact, form="json" if log_form == "json" else "text", level="info")
    serve_until_told(service)


# --- looking -----------------------------------------------------------------------------------------------------------


@app.command(help=say("Looks for rows, headings and links that are not in good form."))
def check(workbooks: WorkbooksArgument = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    with opened(config) as application:
        texts = application.texts
        found = [
            (entry, finding) for entry in application.workbook_configs(workbooks or []) for finding in application.check(entry)
        ]
        if as_json:
            put_json({
                "findings": [
                    {
                        "workbook": entry.name, "sheet": finding.ref.sheet, "cell": finding.ref.a1,
                        "rule": finding.rule,
                        "what": texts.say(finding.what), "why": texts.say(finding.why), "mend": texts.say(finding.mend),
                    }
                    for entry, finding in found
                ]
            })  # fmt: skip
        else:
            show_findings([finding for _, finding in found], texts)
    raise typer.Exit(1 if found else 0)


@app.command(help=say("Says what a link means: service, page, measure, and the measures to choose from. Asks nobody."))
def explain(
    link: Annotated[str, typer.Argument(help=say("The text of a Data link cell, in quotes."))],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    with opened(config) as application:
        found = application.explain(link)
        if as_json:
            put_json(found)
        else:
            show_pairs(application.texts, found)
    raise typer.Exit(0 if found["state"] == "ok" else 1)


@app.command(help=say("Lists the services and sources that a link may point to."))
def connectors(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    with opened(config) as application:
        from sheetsync.catalogue import catalogue

        found = catalogue(application)
        if as_json:
            put_json({"connectors": found})
            return
        from rich.console import Console

        table = new_table(application.texts, "Connector", "Accounts", "Kinds and measures", "An address that works")
        for one in found:
            kinds = "\n".join(f"{kind}: {', '.join(metrics)}" if metrics else kind for kind, metrics in one["kinds"].items())
            table.add_row(f"{one['title']} ({one['name']})", ", ".join(one["accounts"]), kinds, one["examples"][0])
        Console(highlight=False).print(table)


@app.command(help=say("Tries everything that a run needs: configuration, folders, workbooks, every account."))
def doctor(
    connector: Annotated[str | None, typer.Argument(help=say("Only this connector."), show_default=False)] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    with opened(config) as application:
        from sheetsync.doctor import examine

        texts = application.texts
        found = list(examine(application, connector))
        if as_json:
            put_json({"checks": [{"what": one.what, "ok": one.ok, "message": one.message} for one in found]})
        else:
            show_checkups(found, texts)
    raise typer.Exit(0 if all(one.ok for one in found) else 1)


@app.command(help=say("Shows the figures that were written, and where each came from; of one key result with a chart."))
def history(
    text: Annotated[
        str, typer.Argument(help=say("A key result's id, its name or part of it, or that of its objective or group."))
    ] = "",
    config: ConfigOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help=say("So many of the newest entries."))] = 40,
    csv: Annotated[
        str,
        typer.Option("--csv", help=say("Write all that is known of each figure to this file; - prints it."), show_default=False),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    from sheetsync.provenance import meant, table

    with opened(config) as application:
        texts = application.texts
        if as_json:
            from dataclasses import asdict

            entries = list(application.history.entries(text=text or None, limit=limit))
            put_json(
                {"entries": [{key: plain(value) for key, value in asdict(entry).items() if key != "key"} for entry in entries]}
            )
            return
        entries = list(application.history.entries(text=text or None, limit=None if text or csv else limit))
        found = meant(entries, text) if text and entries else None
        if csv:
            written = table((found.entries or entries) if found else entries)
            if csv == "-":
                sys.stdout.write(written)
                return
            application.put_file(Path(csv), written.encode("utf-8-sig"))
            sys.stdout.write(texts("Written: {path}.", path=Path(csv)) + "\n")
            return
        if found and not found.entries:
            show_choice(found.key_results, texts)
            raise typer.Exit(2)
        show_history(found.entries if found else entries, texts, limit=limit, one=found is not None)


@app.command(help=say("Shows what moved, what did not and who acts next: every week, month or quarter, for any day gone by."))
def review(
    workbooks: WorkbooksArgument = None,
    cadence: Annotated[str, typer.Option("--cadence", help=say("weekly, monthly or quarterly."))] = "weekly",
    as_of: Annotated[
        str, typer.Option("--as-of", help=say("The day of the review, such as 2027-03-31; today by default."), show_default=False)
    ] = "",
    group: Annotated[list[str] | None, typer.Option("--group", help=say("Only this group; may be repeated."))] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help=say("The file to write: .html, .xlsx, .md or .json; without it, the text is printed."),
            show_default=False,
        ),
    ] = None,
    into_sheet: Annotated[
        bool, typer.Option("--into-sheet", help=say("Write it into the workbook itself, below its cell Latest review."))
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    from datetime import date

    from sheetsync.review import Cadence, document_of, render

    if cadence not in tuple(Cadence):
        raise typer.BadParameter(say("Choose weekly, monthly or quarterly."), param_hint="--cadence")
    form = out.suffix.removeprefix(".").lower() if out else "md"
    if form not in ("html", "xlsx", "md", "json"):
        raise typer.BadParameter(say("The file ends with .html, .xlsx, .md or .json."), param_hint="--out")
    try:
        day = date.fromisoformat(as_of) if as_of else None
    except ValueError:
        raise typer.BadParameter(say("Write the day as 2027-03-31."), param_hint="--as-of") from None
    with opened(config) as application:
        entries = application.workbook_configs(workbooks or [])
        reviews = [application.review(entry, Cadence(cadence), day=day, groups=tuple(group or ())) for entry in entries]
        for entry, one in zip(entries, reviews, strict=True) if into_sheet else ():
            said = application.texts("Written into {workbook}.", workbook=one.workbook)
            application.put_review(entry, one)
            if not as_json:
                sys.stdout.write(said + "\n")
        if out:
            application.put_file(out, document_of(reviews, form, application.texts))
        if as_json or not (out or into_sheet):
            sys.stdout.write(render(reviews, "json" if as_json else "md", application.texts))
        elif out:
            sys.stdout.write(application.texts("Written: {path}.", path=out) + "\n")


# --- beginning ---------------------------------------------------------------------------------------------------------


@app.command(help=say("Writes a realistic plan with its sources into a folder, and runs it. Needs no account and no network."))
def demo(
    folder: Annotated[Path, typer.Argument(help=say("The folder to write into."))] = Path("sheetsync-demo"),
    lang: LanguageOption = "",
    google: Annotated[bool, typer.Option("--google", help=say("Run it at a stand-in for Google Sheets here."))] = False,
    as_json: JsonOption = False,
) -> None:
    from sheetsync.beginning import demo_at_stand_in, language_of, new_demo

    language = language_of(lang)
    file, steps = new_demo(folder, language)
    application_of, steps = demo_at_stand_in() if google else (opened, steps)
    with application_of(file) as application:
        from sheetsync.app import Wishes

        entry = application.workbook_configs([])[0]
        report = watched(application, entry, Wishes())
        if as_json:
            put_json({"workbooks": [as_document(report)]})
            return
        show_report(report, application.texts, dry_run=False)
        show_steps(steps, application.texts)
    raise typer.Exit(report.exit_code if report.exit_code != 1 else 0)


@app.command(help=say("Writes an empty plan and a configuration to begin with."))
def init(
    folder: Annotated[Path, typer.Argument(help=say("The folder to write into."))] = Path(),
    lang: LanguageOption = "",
    period: Annotated[
        str, typer.Option("--period", help=say("The period of the plan, such as 2027-Q1."), show_default=False)
    ] = "",
    team: Annotated[list[str] | None, typer.Option("--team", help=say("A team of the plan; may be repeated."))] = None,
    teams: Annotated[
        str, typer.Option("--teams", help=say("The teams of the plan, with commas between them."), show_default=False)
    ] = "",
    google: Annotated[bool, typer.Option("--google", help=say("Say how the plan becomes a Google spreadsheet."))] = False,
) -> None:
    from sheetsync.beginning import language_of, named, new_plan

    for line in new_plan(folder, language_of(lang), period, (*(team or ()), *named(teams)), google=google):
        sys.stdout.write(say.say(line) + "\n")


@app.command(help=say("Copies a plan into a new workbook for the next period. The old workbook is not changed."))
def rollover(
    to: Annotated[str, typer.Option("--to", help=say("The next period, such as 2027-Q1."))],
    workbook: Annotated[
        str | None, typer.Argument(help=say("The workbook; by default the first of the configuration."), show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help=say("The new workbook."), show_default=False)] = None,
    carry_starts: Annotated[bool, typer.Option("--carry-starts", help=say("The last results become the new starts."))] = False,
    grades: Annotated[
        Path | None,
        typer.Option("--grades", help=say("Keep the grades of the old plan in this .json or .csv file."), show_default=False),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    from sheetsync.next_period import roll_over

    with opened(config) as application:
        texts = application.texts
        entry = application.workbook_configs([workbook] if workbook else [])[0]
        done = roll_over(application, entry, to, out=out, carry_starts=carry_starts, grades=grades)
        if as_json:
            left = [texts.say(one) for one in done.left]
            kept = None if done.grades is None else str(done.grades)
            put_json({"workbook": str(done.workbook), "rows": done.rows, "edits": done.edits, "grades": kept, "left": left})
            return
        said = texts("Written: {plan}. Key results that begin anew: {count}.", plan=done.workbook, count=done.rows)
        sys.stdout.write(said + "\n")
        for one in done.left:
            sys.stdout.write(texts.say(one) + "\n")


@app.command(help=say("Connects an account of a service: asks for its key, tries it, keeps it safe."))
def connect(
    service: Annotated[str, typer.Argument(help=say("The service, as `sheetsync connectors` names it."))],
    account: Annotated[str, typer.Option("--account", help=say("A name for the account."))] = "default",
    given: Annotated[
        list[str] | None,
        typer.Option("--set", help=say("A setting as NAME=VALUE; a secret as NAME=env:VARIABLE, file:PATH or keyring:ENTRY.")),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser", help=say("Agree on the service's own page in the browser, instead of pasting a key."))
    ] = False,
    paste: Annotated[
        bool, typer.Option("--paste", help=say("As --browser, where the browser is on another machine: paste where it arrives."))
    ] = False,
    redirect: Annotated[
        str,
        typer.Option("--redirect", help=say("With --browser: the redirect address registered for the app."), show_default=False),
    ] = "",
    keyring: Annotated[
        bool, typer.Option("--keyring", help=say("Keep secrets in the system keyring, not in files of mode 0600."))
    ] = False,
    config: ConfigOption = None,
) -> None:
    from sheetsync.connect import Browser, Question, open_page
    from sheetsync.connect import connect as connect_account
    from sheetsync.connect_google import connect_google

    def answer(question: Question) -> str:
        label = f"{say(question.about)} [{question.name}]"
        return str(
            typer.prompt(
                label, default="" if question.optional else None, hide_input=question.secret, show_default=False, err=True
            )
        )

    def show(address: str, registered: str) -> None:
        typer.echo(say("The app must have this redirect address registered: {address}", address=registered), err=True)
        typer.echo(say("Agree on this page: {address}", address=address), err=True)
        if not paste:
            open_page(address)

    def arrived() -> str:
        return str(typer.prompt(say("The address at which the browser arrived"), err=True))

    pairs = dict(one.partition("=")[::2] for one in given or ())
    way = Browser(show, arrived if paste else None, redirect) if browser or paste or redirect else None
    with opened(config) as application:
        if service.casefold() == "google":
            lines = connect_google(application, account, answer, pairs, browser=way, keyring=keyring)
        else:
            lines = connect_account(application, service, account, answer, pairs, browser=way, keyring=keyring)
        for line in lines:
            sys.stdout.write(application.texts.say(line) + "\n")


def version(asked: bool) -> None:
    if asked:
        sys.stdout.write(__version__ + "\n")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=version, is_eager=True, help=say("Show the version and stop."))
    ] = False,
) -> None:
    """What every command shares."""
