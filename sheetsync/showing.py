"""Reports and findings go in, tables for people and JSON for machines come out, on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from sheetsync.texts import Sentence, Texts, mark

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from sheetsync.app import App, Wishes
    from sheetsync.config import WorkbookConfig
    from sheetsync.doctor import Checkup
    from sheetsync.history import Entry
    from sheetsync.model import RunReport
    from sheetsync.okr.finding import Finding


def put_json(document: Any) -> None:
    import json

    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def as_document(report: RunReport) -> dict[str, Any]:
    from dataclasses import asdict

    document: dict[str, Any] = {
        "workbook": report.workbook,
        "rows": [asdict(row) for row in report.rows],
        "edits": report.edits,
        "requests": report.requests,
        "seconds": report.seconds,
    }
    if report.notes:
        document["notes"] = list(report.notes)
    return document if report.error is None else document | {"error": report.error}


STYLES: Final = {"fresh": "green", "unchanged": "dim", "kept": "yellow", "broken": "red", "manual": "dim"}


def show_report(report: RunReport, texts: Texts, *, dry_run: bool) -> None:
    from rich.console import Console
    from rich.text import Text

    from sheetsync.okr import layout

    console = Console(highlight=False)
    if report.error is not None:
        console.print(Text(texts.join(report.workbook, report.error), style="red"))
        return
    table = new_table(texts, "Cell", "Key result", "Result", "Progress", "Status", "State", title=report.workbook)
    for row in report.rows:
        before, after = shown(row.old, row.unit), shown(row.new, row.unit)
        change = after if row.new == row.old else f"{before} → {after}"
        state = Text(layout.word(layout.STATES, row.state, texts.language), style=STYLES[row.state])
        reached = "" if row.progress is None else f"{row.progress:.0%}"
        table.add_row(row.cell, row.key_result, change, reached, row.status, state)
    console.print(table)
    for row in report.rows:  # one sentence under the table reads better than a column of three words' width
        if row.message:
            console.print(Text.assemble((f"{row.cell} {row.key_result}", STYLES[row.state]), "\n    ", row.message))
    for note in report.notes:
        console.print(Text(note, style="yellow"))
    summary = DRY_SUMMARY if dry_run else SUMMARY
    console.print(texts(summary, edits=report.edits, requests=report.requests, seconds=f"{report.seconds:.1f}"))


def show_findings(found: Sequence[Finding], texts: Texts) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    table = new_table(texts, "Cell", "What", "Why it matters", "How to mend it")
    for finding in found:
        where = f"{finding.ref.sheet}!{finding.ref.a1}"
        table.add_row(where, *(texts.say(part) for part in (finding.what, finding.why, finding.mend)))
    if found:
        console.print(table)
    console.print(texts("Findings: {count}.", count=len(found)) if found else texts("All is in good form."))


def show_checkups(found: Sequence[Checkup], texts: Texts) -> None:
    from rich.console import Console
    from rich.text import Text

    table = new_table(texts, "What", "State", "What happened")
    for one in found:
        table.add_row(one.what, Text("✓", style="green") if one.ok else Text("✗", style="red"), one.message)
    Console(highlight=False).print(table)


def show_steps(steps: Sequence[Sentence], texts: Texts) -> None:
    sys.stdout.write("\n" + texts("What to try next:") + "\n")
    for number, step in enumerate(steps, 1):
        sys.stdout.write(f"  {number}. {texts.say(step)}\n")


SUMMARY: Final = mark("Cells changed: {edits}. Requests: {requests}. Seconds: {seconds}.")
DRY_SUMMARY: Final = mark("Cells that would change: {edits}. Requests: {requests}. Seconds: {seconds}.")


def new_table(texts: Texts, *headings: str, title: str | None = None) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    for heading in headings:
        numeric = heading in ("Result", "Progress")
        narrow = heading in ("Cell", "State", "Status")
        table.add_column(texts(heading), overflow="fold", justify="right" if numeric else "left", no_wrap=narrow)
    return table


def shown(value: float | str | None, unit: str = "") -> str:
    if value is None:
        return "–"
    if isinstance(value, float) and unit:
        return f"{value * 100:,.4g} %"
    if isinstance(value, float):
        return f"{value:,.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:,.6g}"
    return value


def show_choice(entries: Sequence[Entry], texts: Texts) -> None:
    """The key results that a text might mean."""
    from rich.console import Console

    from sheetsync.provenance import name_of, period_of

    console = Console(highlight=False)
    table = new_table(texts, "Key result", "Group", "Period", "Result", "Workbook")
    for entry in entries:
        place = entry.workbook.replace("\\", "/").rpartition("/")[2]
        table.add_row(name_of(entry), entry.group, period_of(entry), _of(entry), place)
    console.print(table)
    console.print(texts("Several key results fit. Name one by its id or its whole name."))


def show_history(entries: Sequence[Entry], texts: Texts, *, limit: int, one: bool) -> None:
    """Figures with where they came from, the newest last; of one key result with a chart above."""
    from rich.console import Console
    from rich.text import Text

    from sheetsync.okr import layout
    from sheetsync.provenance import name_of

    console = Console(highlight=False)
    if not entries:
        console.print(texts("No figure was recorded yet."))
        return
    if one:
        _show_chart(console, entries, texts)
    if one:
        table = new_table(texts, "When", "Result", "As of", "State", "From", "Run")
    else:
        table = new_table(texts, "When", "Key result", "Result", "As of", "State", "From", "Run")
    for entry in entries[-limit:]:
        source = "" if entry.state in ("kept", "broken") else entry.source
        cells: list[str | Text] = [
            f"{entry.at.astimezone():%Y-%m-%d %H:%M}", _of(entry), f"{entry.as_of.astimezone():%Y-%m-%d}",
            Text(layout.word(layout.STATES, entry.state, texts.language), style=STYLES.get(entry.state, "")),
            source or entry.message, str(entry.run),
        ]  # fmt: skip
        table.add_row(*(cells if one else [cells[0], name_of(entry), *cells[1:]]))
    console.print(table)
    if len(entries) > limit:
        console.print(texts("The newest {count} of {all}; more with --limit.", count=limit, all=len(entries)))


def _of(entry: Entry) -> str:
    return shown(None if entry.value is None else float(entry.value), entry.unit)


_CHART_WIDE: Final = 60


def _show_chart(console: Console, entries: Sequence[Entry], texts: Texts) -> None:
    """Progress by day from start to target, and the straight way between; nothing where there is no period or one day alone."""
    from rich.text import Text

    from sheetsync.okr.period import parse
    from sheetsync.plot import plot
    from sheetsync.provenance import name_of, period_of

    newest, period = entries[-1], parse(period_of(entries[-1]))
    console.print(Text(name_of(newest), style="bold"))
    said = texts.join(texts("Objective"), newest.objective), texts.join(texts("Link"), newest.link)
    for line in (one for one in said if one):
        console.print(Text(line), soft_wrap=True)
    known = {one.at.astimezone().date(): float(one.progress) for one in entries if one.progress is not None}
    if len(known) < 2:
        return
    days = sorted(known)
    first, last = (period.start, period.end) if period else (days[0], days[-1])
    drawn = plot([(day, known[day]) for day in days], first, last, width=_CHART_WIDE)
    target = shown(None if newest.target is None else float(newest.target), newest.unit)
    names = {drawn.zero: texts("start"), drawn.whole: texts("target {target}", target=target)}
    wide = max(_cells(name) for name in names.values()) + 1
    console.print()
    for number, row in enumerate(drawn.rows):
        label = names.get(number, "")
        drawn_row = Text(" " * (wide - _cells(label)) + label + (" ┤" if label else " │"), style="bright_black")
        for cell in row:
            drawn_row.append(cell.sign, style="bold cyan" if cell.figure else "bright_black")
        console.print(drawn_row)
    gap = _CHART_WIDE - 20
    console.print(Text(f"{' ' * wide} └{'─' * _CHART_WIDE}\n{' ' * (wide + 2)}{first}{' ' * gap}{last}", style="bright_black"))
    dots = texts("Thick: progress by day, {progress} now. Dots: the straight way from start to target.", progress=_share(newest))
    console.print(Text(dots, style="bright_black"))


def _share(entry: Entry) -> str:
    return "–" if entry.progress is None else f"{entry.progress:.0%}"


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def show_pairs(texts: Texts, document: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    names = {
        "state": texts("State"), "connector": texts("Connector"), "account": texts("Account"), "kind": texts("Kind"),
        "resource": texts("Asks for"), "metric": texts("Measure"),
        "about": texts("What it counts"), "metrics": texts("Measures to choose from"),
        "message": texts("What happened"), "advice": texts("What to do"),
    }  # fmt: skip
    for key, value in document.items():
        if value:
            text = ", ".join(value) if isinstance(value, list) else str(value)
            console.print(Text.assemble((texts.join(names[key], " "), "bold"), text), soft_wrap=True)


def plain(value: Any) -> Any:
    from datetime import datetime
    from decimal import Decimal

    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, datetime) else value


def watched(application: App, entry: WorkbookConfig, wishes: Wishes) -> RunReport:
    """Runs with a progress bar, where somebody is looking."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        return application.run(entry, wishes)
    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console, transient=True) as bar:
        task = bar.add_task(application.texts("Fetching figures"), total=None)
        return application.run(entry, wishes, report=lambda done, total: bar.update(task, completed=done, total=total))


def traced(error: Exception) -> str:
    """A mistake of ours: the details go to a file, whose path this is, for whoever will mend it."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="sheetsync-", suffix=".log", delete=False, encoding="utf-8") as file:
        traceback.print_exception(error, file=file)
    return file.name


def worst(codes: Iterable[int]) -> int:
    """The exit code of several workbooks: a failed one counts more than a busy one, that more than failed rows."""
    order = (0, 1, 75, 3, 2, 70)
    return max(codes, key=order.index, default=0)
