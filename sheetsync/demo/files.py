"""A folder, a language and today go in, a complete example comes out: a plan, the sources of its figures, a configuration.

    okr.xlsx          a marketing team's plan for the quarter that holds today
    data/leads.csv    leads with stage, channel and amount
    data/crm.db       a SQLite database: deals, advertising, learning
    data/site.json    figures of a website
    data/brand.xlsx   another workbook
    sheetsync.toml    where they are, and which queries may be asked

The sources are real: whoever changes one of them changes the sheet at the next run.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from sheetsync.demo import _content as words
from sheetsync.demo import _figures as figures
from sheetsync.demo._figures import Moment
from sheetsync.demo._people import people
from sheetsync.errors import ConfigError
from sheetsync.model import Period
from sheetsync.okr import period
from sheetsync.template import Content, build, plain_workbook, write_new
from sheetsync.texts import Language, Sentence, sentence

WORKBOOK: Final = "okr.xlsx"
CONFIG: Final = "sheetsync.toml"
LEADS, CRM, SITE, BRAND = "data/leads.csv", "data/crm.db", "data/site.json", "data/brand.xlsx"


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, all of it below `folder`."""

    folder: Path
    workbook: Path
    config: Path
    sources: tuple[Path, ...]


def write(folder: Path, language: Language, today: date) -> Written:
    """Writes the example into a folder, which is made where it is missing.

    Raises ConfigError: a file of the example is there already (then nothing is written), the folder cannot be written.
    """
    written = Written(folder, folder / WORKBOOK, folder / CONFIG, tuple(folder / name for name in (LEADS, CRM, SITE, BRAND)))
    for path in (written.workbook, written.config, *written.sources):
        if path.exists() or path.is_symlink():
            raise ConfigError(
                "{path} is there already, so no demo was written.",
                path=path,
                advice="Choose an empty folder: sheetsync demo NAME",
            )
    try:
        (folder / "data").mkdir(parents=True, exist_ok=True)
    except OSError:
        raise ConfigError(
            "The folder {path} cannot be made.", path=folder, advice="Choose a folder that you may write into."
        ) from None
    moment = Moment(today, quarter_of(today))
    write_new(folder / LEADS, _leads(moment, language))
    write_new(folder / SITE, _site(moment))
    write_new(folder / BRAND, _brand(moment, language))
    _crm(folder / CRM, moment, language)
    content = Content(
        words.TEAM[language == "zh"], moment.quarter, words.plan(moment, language), people(moment, language),
        words.names(language), figures.check_ins(moment),
    )  # fmt: skip
    write_new(written.workbook, build(content, language))
    write_new(written.config, _config(moment.quarter, language).encode())
    return written


def quarter_of(today: date) -> Period:
    return period.quarter(today.year, (today.month + 2) // 3)


def next_steps() -> tuple[Sentence, ...]:
    """Three things to try in the demo's folder, for whoever has just seen it run."""
    return (
        sentence("Add a line to data/leads.csv and run again: sheetsync run"),
        sentence("Ask what a link means and what else it could bring: sheetsync explain 'file:data/leads.csv#count'"),
        sentence("Make it your own: sheetsync connectors lists the services, sheetsync init writes an empty plan"),
    )


# --- the sources -------------------------------------------------------------------------------------------------------


def _leads(moment: Moment, language: Language) -> bytes:
    """CSV as a CRM exports it; the Chinese one begins with a byte order mark, without which Excel would not read it as UTF-8."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(("id", "date", "company", "country", "channel", "stage", "segment", "amount"))
    mid_market, small = (pair[language == "zh"] for pair in words.SEGMENTS)
    for lead in figures.leads(moment, len(words.COMPANIES)):
        company = words.COMPANIES[lead.company][language == "zh"]
        segment = mid_market if lead.mid_market else small
        lines.writerow(
            (f"L-{lead.number:04}", lead.day.isoformat(), company, lead.country, lead.channel, lead.stage, segment, lead.amount)
        )
    return out.getvalue().encode("utf-8-sig" if language == "zh" else "utf-8")


def _site(moment: Moment) -> bytes:
    visits, slow = (int(goal.at(moment.passed)) for goal in (figures.ARTICLE_VISITS, figures.SLOW_PAGES))
    document = {
        "exported": moment.today.isoformat(),
        "site": {"sessions": visits * 3 + 1_208, "slow_pages": slow},
        "articles": {"visits": visits, "published": 4 + round(12 * moment.passed)},
    }
    return (json.dumps(document, indent=2) + "\n").encode()


def _brand(moment: Moment, language: Language) -> bytes:
    index = language == "zh"
    rows: list[tuple[str | float, ...]] = [tuple(pair[index] for pair in words.BRAND_HEADINGS)]
    rows += [(name[index], goal.start, goal.at(moment.passed)) for name, goal in words.BRAND_ROWS]
    return plain_workbook(words.BRAND_SHEET[index], rows, (48, 14, 14), language)


_TABLES: Final = """
CREATE TABLE deals (signed TEXT NOT NULL, company TEXT NOT NULL, source TEXT NOT NULL, amount INTEGER NOT NULL);
CREATE TABLE ad_spend (
  week TEXT NOT NULL, campaign TEXT NOT NULL, cost REAL NOT NULL, leads INTEGER NOT NULL, revenue REAL NOT NULL
);
CREATE TABLE learning (person TEXT NOT NULL, title TEXT NOT NULL, parts INTEGER NOT NULL, finished INTEGER NOT NULL);
"""


def _crm(path: Path, moment: Moment, language: Language) -> None:
    index = language == "zh"
    analyst, leader = words.INBOUND[index], words.BRAND[index]
    learning = [
        (leader, "leadership certificate", 1, 1),
        (analyst, "analytics course", int(figures.LESSONS.target), int(figures.LESSONS.at(moment.passed))),
        (analyst, "first talk", 1, 0),
    ]
    try:
        with closing(sqlite3.connect(path)) as database, database:
            database.executescript(_TABLES)
            database.executemany(
                "INSERT INTO deals VALUES (?, ?, ?, ?)",
                [
                    (deal.day.isoformat(), words.COMPANIES[deal.company][index], deal.source, deal.amount)
                    for deal in figures.deals(moment, len(words.COMPANIES))
                ],
            )
            database.executemany(
                "INSERT INTO ad_spend VALUES (?, ?, ?, ?, ?)",
                [
                    (spend.week.isoformat(), spend.campaign, spend.cost, spend.leads, spend.revenue)
                    for spend in figures.spending(moment)
                ],
            )
            database.executemany("INSERT INTO learning VALUES (?, ?, ?, ?)", learning)
    except sqlite3.Error:
        raise ConfigError(
            "{path} cannot be written.", path=path, advice="Check that the folder is there and that you may write into it."
        ) from None


def _config(quarter: Period, language: Language) -> str:
    return _CONFIG.format(language=language, period=quarter.label, **{
        name: text[language == "zh"] for name, text in _COMMENTS.items()
    })  # fmt: skip


_COMMENTS: Final[dict[str, words.Pair]] = {
    "top": ("What is kept up to date, and where its figures come from.", "要更新的工作簿，以及数字的来源。"),
    "history": (
        "Everything the demo remembers stays in this folder; delete the folder and nothing is left.",
        "演示的历史记录都在这个文件夹里，删除文件夹即可清除。",
    ),
    "file": ("Links that begin with file: may read below these folders, and nowhere else.", "file: 链接只能读取这些文件夹。"),
    "sql": (
        "Links that begin with sql:crm/ may ask these questions, and no others.",
        "sql:crm/ 链接只能使用下面这些查询。",
    ),
}
_CONFIG: Final = """\
# {top}
language = "{language}"

# {history}
history = "history.db"

[[workbooks]]
path = "okr.xlsx"
period = "{period}"

# {file}
[connectors.file.default]
folders = ["data"]

# {sql}
[connectors.sql.crm]
url = "sqlite:///data/crm.db"

[connectors.sql.crm.queries]
cost_per_lead.sql = "SELECT round(sum(cost) / sum(leads), 2) FROM ad_spend"
return_on_ad_spend.sql = "SELECT round(sum(revenue) / sum(cost), 2) FROM ad_spend"
event_pipeline.sql = "SELECT sum(amount) FROM deals WHERE source IN ('event', 'partner')"
leadership_certificate.sql = "SELECT finished FROM learning WHERE title = 'leadership certificate'"
analytics_course.sql = "SELECT 100.0 * finished / parts FROM learning WHERE title = 'analytics course'"
first_talk.sql = "SELECT finished FROM learning WHERE title = 'first talk'"
"""
