"""The bytes of a CSV, Excel, Parquet or JSON document and a `Choice` go in; one exact number comes out, or why there is none.

What keeps the number true
    text      is split into cells as text, never through a binary float; `values.parse_number` is the only reader of numbers
    empty     cells are missing: skipped by sum, mean, min, max and distinct; a figure of nothing but empty cells is an error
    other     cells in a column of numbers (words, dates, errors, formulas without a result) are an error that names the row
    headings  stand in the first row with at least two filled cells; a value under no heading is an error, since it means that a
              separator inside a value moved the rest of the row
    dates     compare as written, without their time of day: 2026-03-31T23:59:00Z belongs to 2026-03-31
    encoding  UTF-8, or UTF-16 with its mark, or what the sender or the operator declares; never guessed

pandas reads the files and is imported only when one is read.
"""

from __future__ import annotations

import codecs
import csv
import importlib
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from email.message import Message
from functools import partial
from typing import Any, Final, Literal, NoReturn, TypeAlias, get_args

from sheetsync import values
from sheetsync.connectors import _excel
from sheetsync.connectors._cells import Fault, Share, Table, as_number, fold, names_of
from sheetsync.connectors._excel import MAX_CELLS, MAX_COLUMNS, MAX_ROWS
from sheetsync.connectors._grammar import Choice, cell_text, choice_of, path_text
from sheetsync.connectors._measures import measured, single
from sheetsync.connectors._shapes import headed, listed, table_of, too_large, walk
from sheetsync.errors import NoSuchMetric, NotFound, UnexpectedReply
from sheetsync.model import Reading

__all__ = ["Choice", "Document", "Encoding", "Table", "choice_of", "evaluate", "load", "table_of"]

Encoding: TypeAlias = Literal["", "utf-8", "gb18030", "big5", "shift_jis", "euc_kr", "cp1250", "cp1251", "cp1252"]
ENCODINGS: Final = frozenset(get_args(Encoding)) - {""}
"""What a sender or an operator may declare; of these none takes the place of digits, points or commas for something else."""

_SAMPLE_ROWS: Final = 100
_SAMPLE_TEXT: Final = 200_000
_DELIMITERS: Final = ",;\t|"
_ALIASES: Final = {"gbk": "gb18030", "gb2312": "gb18030", "iso8859-1": "cp1252", "utf_8_sig": "utf-8", "ascii": "utf-8"}


# --- documents


class Document:
    """What was downloaded, understood as far as every choice needs it. Worksheets are read when they are first asked for.

    One of `json` (a document) or `sheets` (worksheets by name; a CSV has one without a name) or `table` is there.
    """

    __slots__ = ("_grids", "_hidden", "_sheet", "_sheets", "_tables", "is_json", "json")

    def __init__(
        self, *, json: Any = None, is_json: bool = False, sheets: Mapping[str, Callable[[], list[list[object]]]] | None = None,
        hidden: Iterable[str] = (), sheet: str = "", table: Table | None = None,
    ) -> None:  # fmt: skip
        self.json, self.is_json = json, is_json
        self._sheets = dict(sheets or {})
        self._hidden, self._sheet = frozenset(hidden), sheet
        self._grids: dict[str, list[list[object]]] = {}
        self._tables: dict[object, Table] = {} if table is None else {"": table}

    @property
    def has_cells(self) -> bool:
        return bool(self._sheets)

    def grid(self, sheet: str) -> list[list[object]]:
        """The cells of a worksheet, row by row. Raises NotFound, NoSuchMetric (several, and none is named)."""
        name = self._name(sheet)
        if name not in self._grids:
            self._grids[name] = self._sheets[name]()
        return self._grids[name]

    def table(self, choice: Choice) -> Table:
        """The table that the choice is about. Raises LinkError."""
        if self.is_json:
            if choice.sheet:
                raise NoSuchMetric("A JSON document has no worksheets.", advice="Leave sheet= out of the link.")
            key: object = choice.item
        else:
            if choice.item is not None:
                raise NoSuchMetric("item= names a list in JSON, and this is a table.", advice="Leave item= out of the link.")
            key = self._name(choice.sheet)
        if key not in self._tables:
            self._tables[key] = listed(self.json, choice.item) if self.is_json else headed(self.grid(choice.sheet))
        return self._tables[key]

    def _name(self, sheet: str) -> str:
        sheet = sheet or self._sheet
        if not sheet:
            seen = [name for name in self._sheets if name not in self._hidden]
            if len(seen) > 1:
                raise NoSuchMetric(
                    "This workbook has several worksheets: {names}.", names=names_of(seen),
                    advice="Add sheet=NAME behind the link.",
                )  # fmt: skip
            return seen[0] if seen else ""
        if list(self._sheets) in ([], [""]):
            raise NoSuchMetric("This document has no worksheets.", advice="Leave sheet= out of the link.")
        for name in self._sheets:
            if fold(name) == fold(sheet):
                return name
        raise NotFound(
            "There is no worksheet {sheet}; there are {names}.", sheet=names_of([sheet]), names=names_of(self._sheets),
            advice="Check the worksheet's name; it may have been renamed.",
        )  # fmt: skip


def load(data: bytes, name: str, *, content_type: str = "", sheet: str | None = None, encoding: Encoding = "") -> Document:
    """Understands a download. What it is, its first bytes say; then `content_type`, then the ending of `name`.

    `sheet` is the worksheet where the choice names none. `encoding` is what the operator declares for text that is not UTF-8, one
    of ENCODINGS.
    Raises UnexpectedReply (a web page, damaged, unknown encoding), Incomplete (more than is read), Refused (made to do harm).
    """
    header = Message()
    header["content-type"] = content_type or "application/octet-stream"
    kind, ending = header.get_content_type(), name.lower().rpartition(".")[2]
    if not data:
        raise UnexpectedReply("The file is empty.", advice="Export it again.")
    if data.startswith(b"PK"):
        return _workbook(data, sheet or "")
    if data.startswith(b"PAR1"):
        return Document(table=_parquet(data))
    if data.startswith((b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"%PDF")) or ending in {"xlsx", "xlsm", "xls", "xlsb", "parquet"}:
        if _is_page(data[:200].decode("latin-1")):
            _page()
        raise UnexpectedReply(
            "The file is in a form that is not read, or locked with a password: .xlsx, .csv, .json and .parquet are read.",
            advice="Save it as .xlsx without a password, or as CSV UTF-8.",
        )  # fmt: skip
    text = _decoded(data, header.get_content_charset() or "", encoding)
    if _is_page(text):
        _page()
    delimited = ending in {"csv", "tsv", "tab"} or kind in {"text/csv", "text/tab-separated-values"}
    if ending == "json" or kind.endswith("json") or (not delimited and text.lstrip()[:1] in {"{", "["}):
        return Document(json=values.parse_json(text.encode()), is_json=True)
    tabs = ending in {"tsv", "tab"} or kind == "text/tab-separated-values"
    grid = _cells(text, "\t" if tabs else None)
    return Document(sheets={"": lambda: grid})


def _is_page(text: str) -> bool:
    return text.lstrip()[:1] == "<"


def _page() -> NoReturn:
    raise UnexpectedReply(
        "A web page came instead of data.",
        advice="A log-in page may stand in between: check the address, or export the file again.",
    )


def _decoded(data: bytes, declared: str, operator: str) -> str:
    """Text, or UnexpectedReply; a wrong encoding would turn a filter's word into another one."""
    known = _encoding(declared)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and not data.startswith(codecs.BOM_UTF32_LE):
        tries = ["utf-16"]
    else:
        tries = ["utf-8-sig", *filter(None, (known, _encoding(operator)))]
    for encoding in tries:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnexpectedReply(
        "The text of this file is in an unknown encoding.",
        advice="Save it as CSV UTF-8, or let the person who installed sheetsync name its encoding in sheetsync.toml.",
    )


def _encoding(name: str) -> str:
    try:
        found = codecs.lookup(name).name if name else ""
    except (LookupError, ValueError):
        return ""
    found = _ALIASES.get(found, found)
    return found if found in ENCODINGS else ""


# --- CSV


def _cells(text: str, delimiter: str | None) -> list[list[object]]:
    """The cells of delimited text, as text."""
    lines = text.count("\n") + text.count("\r") + 1
    if lines > 2 * (MAX_ROWS + 1) or max(map(text.count, _DELIMITERS)) > MAX_CELLS:
        too_large()
    sample = _sample(text, delimiter) if delimiter else None
    chosen = (delimiter, sample) if delimiter and sample else _delimiter(text)
    width = max((len(record) for record in chosen[1]), default=0)
    if not width:
        raise UnexpectedReply("The file holds no table.", advice="Export it again.")
    if width > MAX_COLUMNS:
        too_large()
    import pandas as pd  # noqa: PLC0415  # heavy, and not every run reads a table

    try:
        frame: Any = pd.read_csv(
            io.StringIO(text), sep=chosen[0], header=None, names=range(width), index_col=False, dtype=object,
            keep_default_na=False, na_filter=False, skip_blank_lines=False, engine="c", nrows=MAX_ROWS + 2,
        )  # fmt: skip
    except pd.errors.ParserError as error:
        line = re.search(r"in line ([0-9]+), saw", str(error))
        if line is None:
            raise UnexpectedReply("A quote in this file is opened and not closed.", advice="Export the file again.") from None
        raise UnexpectedReply(
            "Row {row} has more cells than the headings: a separator inside a value stands without quotes.", row=int(line[1]),
            advice="Export the file again with quotes around text.",
        ) from None  # fmt: skip
    except (ValueError, OverflowError):
        raise UnexpectedReply("The file cannot be read as a table.", advice="Export it again as CSV UTF-8.") from None
    if len(frame) > MAX_ROWS + 1:
        too_large()
    return [list(row) for row in frame.itertuples(index=False, name=None)]


def _sample(text: str, delimiter: str) -> list[list[str]]:
    """The first records; the last one is left out where it may be cut."""
    records: list[list[str]] = []
    cut = len(text) > _SAMPLE_TEXT
    try:
        for record in csv.reader(io.StringIO(text[:_SAMPLE_TEXT], newline=""), delimiter=delimiter):
            if any(cell.strip() for cell in record):
                records.append(record)
            if len(records) > _SAMPLE_ROWS:
                break
    except csv.Error:
        return records
    return records[:-1] if cut and 1 < len(records) <= _SAMPLE_ROWS else records


def _delimiter(text: str) -> tuple[str, list[list[str]]]:
    """The sign that cuts most records, headings among them, into the same number of cells; a comma where there is one column."""
    best: tuple[float, int] = (0.0, 0)
    single = _sample(text, "\x1f")
    found = ("\x1f", single)
    for delimiter in _DELIMITERS:
        records = _sample(text, delimiter)
        counts = Counter(map(len, records))
        if not counts:
            continue
        width, times = max(counts.items(), key=lambda item: (item[1], item[0]))
        if width == 1:
            width, times = max(((w, t) for w, t in counts.items() if w > 1), default=(1, 0))
            if len(records[0]) < width:
                continue
        heading = next((record for record in records if len(record) > 1), [])
        if width == 1 or (len(records[0]) == 1 and any(as_number(cell) is not None for cell in heading)):
            continue  # `amount`, `1,5`, `2,5` is one column of decimal commas
        score = (times / len(records), width)
        if score > best:
            best, found = score, (delimiter, records)
    return found


# --- Excel and Parquet


def _workbook(data: bytes, default: str) -> Document:
    package = _excel.opened(data)
    import pandas as pd  # noqa: PLC0415  # heavy, and not every run reads a table

    options: dict[str, Any] = {
        "engine": "calamine",
        "header": None,
        "dtype": object,
        "na_filter": False,
        "keep_default_na": False,
    }

    def cells(name: str, sheet: _excel.Sheet) -> list[list[object]]:
        frame = _read(lambda: pd.read_excel(io.BytesIO(package.clean), sheet_name=name, **options))
        grid = [list(row) for row in frame.itertuples(index=False, name=None)]
        width = max((column for _, column in sheet.faults), default=0)
        grid.extend([] for _ in range(max((row for row, _ in sheet.faults), default=0) - len(grid)))
        for line in grid:
            line.extend([""] * (width - len(line)))
        for (row, column), code in sheet.faults.items():
            grid[row - 1][column - 1] = Fault(code)
        for row, column in sheet.percents:
            if row <= len(grid) and column <= len(grid[row - 1]) and isinstance(number := grid[row - 1][column - 1], int | float):
                grid[row - 1][column - 1] = Share(number)
        return grid

    everything = {**package.sheets, **package.hidden}
    return Document(
        sheets={name: partial(cells, name, sheet) for name, sheet in everything.items()},
        hidden=package.hidden,
        sheet=default,
    )


def _read(step: Callable[[], Any]) -> Any:
    """A foreign reader's step; whatever it stumbles over is a damaged file. A panic of its own is no Exception."""
    try:
        return step()
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise UnexpectedReply("The file is damaged or was cut off.", advice=_excel.AGAIN) from error


def _parquet(data: bytes) -> Table:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise UnexpectedReply(
            "This is a Parquet file, and the part of sheetsync that reads them is not installed.",
            advice="Ask the person who installed sheetsync to install okr-sheetsync[parquet].",
        ) from None
    file = _read(lambda: parquet.ParquetFile(io.BytesIO(data)).metadata)
    if file.num_rows > MAX_ROWS or file.num_columns > MAX_COLUMNS or file.num_rows * file.num_columns > MAX_CELLS:
        too_large()
    if sum(file.row_group(place).total_byte_size for place in range(file.num_row_groups)) > _excel.MAX_BYTES:
        too_large()
    leaves = [file.schema.column(place) for place in range(file.num_columns)]
    texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY" and leaf.logical_type.type == "STRING"]
    table = _read(lambda: parquet.read_table(io.BytesIO(data), read_dictionary=texts))
    columns = [_read(partial(_arrow, column)) for column in table.columns]
    return table_of(table.column_names, zip(*columns, strict=True))


def _arrow(column: Any) -> list[object]:
    """A column's values. A text that many rows share stays one text: a small file must not unfold into a large memory."""
    found: list[object] = []
    for chunk in column.chunks:
        if hasattr(chunk, "dictionary"):
            words = chunk.dictionary.to_pylist()
            found.extend(None if place is None else words[place] for place in chunk.indices.to_pylist())
        else:
            found.extend(chunk.to_pylist())
    return found


# --- reading


def evaluate(document: Document, choice: Choice) -> Reading:
    """The figure. Its unit is PERCENT for a share, and where all numbers it is made of are percentages.

    Raises NoSuchMetric (no such column), NotFound (no such place), NotReady (no rows yet to take a mean of, no figure yet),
    UnexpectedReply (something that is no number where one is due), Incomplete.
    """
    if choice.select is not None:
        if not document.is_json:
            raise NoSuchMetric(
                "select= names a place in JSON, and this is a table.", advice="Write a measure such as sum(column)."
            )
        return single(walk(document.json, choice.select), path_text(choice.select), choice)
    if choice.cell is not None:
        if document.is_json or not document.has_cells:
            raise NoSuchMetric("This document has no cells.", advice="Write a measure such as sum(column) instead of cell=.")
        row, column = choice.cell
        grid = document.grid(choice.sheet)
        inside = row <= len(grid) and column <= len(grid[row - 1])
        return single(grid[row - 1][column - 1] if inside else None, cell_text(row, column), choice)
    if document.is_json and choice.measure == "value" and choice.item is None and not isinstance(document.json, list):
        return single(document.json, "$", choice)
    table = document.table(choice)
    if not table.rows and len(table.headings) == 1 and choice == Choice(sheet=choice.sheet, decimal=choice.decimal):
        return single(table.headings[0], cell_text(1, 1), choice)  # a file that holds one number and nothing else
    return measured(table, choice)
