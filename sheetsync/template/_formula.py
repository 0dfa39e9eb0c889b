"""Addresses of cells go in, formulas come out: progress, status, and the days of a period, as the engine computes them.

Written with functions that Excel, LibreOffice and Google Sheets share; LET is not among them in LibreOffice 7.
"""

from __future__ import annotations

from collections.abc import Iterable

from sheetsync.model import Kind
from sheetsync.okr import layout
from sheetsync.okr.progress import AT_RISK_RATIO, EARLY, ON_TRACK_RATIO, Status


def progress_formula(kind: str, start: str, target: str, result: str) -> str:
    """The formula of a Progress cell over the addresses of its row's Type, Start, Target and Result.

    Equal to `okr.progress.progress`, blank where that says why there is no progress. A type that is none (`leads`) is told from
    the target, as `okr.scan` does. What a formula cannot see is how a cell is formatted and that a text is a number: Start,
    Target and Result are to be numbers of one measure.
    """

    def is_one(cell: str, known: Iterable[str]) -> str:
        return f"ISNUMBER(MATCH(TRIM({cell}),{listed(known)},0))"

    def is_kind(one: Kind) -> str:
        return is_one(kind, layout.KINDS[one])

    known = [word for words_of_kind in layout.KINDS.values() for word in words_of_kind]
    is_word = f"AND(ISTEXT({target}),OR({is_one(target, layout.YES)},{is_one(target, layout.NO)}))"
    yes_no_row = f"OR({is_kind(Kind.YES_NO)},AND(NOT({is_one(kind, known)}),OR(ISLOGICAL({target}),{is_word})))"
    yes_no = (
        f"IF(ISNUMBER({result}),IF({result}>0,1,0),IF(ISLOGICAL({result}),IF({result},1,0),IF({is_one(result, layout.YES)},1,"
        f'IF({is_one(result, layout.NO)},0,""))))'
    )
    begin = f"IF(ISNUMBER({start}),{start},0)"
    from_below = f"IF(ISNUMBER({start}),IF({start}<{target},{start},0),0)"
    at_least = f'IF({result}>={target},1,IF({target}>{from_below},({result}-{from_below})/({target}-{from_below}),""))'
    at_most = (
        f"IF({result}<={target},1,IF(IF(ISNUMBER({start}),{start}>{target},FALSE),({start}-{result})/({start}-{target}),"
        f'IF(AND({result}>0,{target}>=0),{target}/{result},"")))'
    )
    straight = f'IF({target}={begin},"",({result}-{begin})/({target}-{begin}))'
    return (
        f'=IF(ISBLANK({result}),"",IFERROR(IF({yes_no_row},{yes_no},IF(NOT(AND(ISNUMBER({target}),ISNUMBER({result}))),"",'
        f'IF({is_kind(Kind.AT_LEAST)},{at_least},IF({is_kind(Kind.AT_MOST)},{at_most},{straight})))),""))'
    )


def status_formula(progress: str, begin: str, today: str, expected: str) -> str:
    """The place of the status in `Status`, from 1 on; blank without progress or without a period.

    Equal to `okr.progress.status` with its usual settings. `expected` as `expected_formula` gives it.
    """
    place = {status: number for number, status in enumerate(Status, start=1)}
    ratio, due = f"ROUND({progress}/{expected},12)", f"ROUND({expected},12)"
    late = f"IF({due}<={EARLY},{place[Status.AT_RISK]},{place[Status.OFF_TRACK]})"
    by_pace = (
        f"IF({ratio}>={ON_TRACK_RATIO},{place[Status.ON_TRACK]},IF({ratio}>={AT_RISK_RATIO},{place[Status.AT_RISK]},{late}))"
    )
    at_once = f"IF({progress}>=0,{place[Status.ON_TRACK]},{place[Status.AT_RISK]})"
    running = f"IF({today}<{begin},{place[Status.NOT_STARTED]},IF({expected}=0,{at_once},{by_pace}))"
    judged = f'IF({progress}>=1,{place[Status.DONE]},IF(ISNUMBER({begin}),{running},""))'
    return f'IF(ISNUMBER({progress}),{judged},"")'


def expected_formula(begin: str, end: str, today: str) -> str:
    """The share of the period that has passed before today, 0 to 1; blank where there is no period."""
    return f'IF(ISNUMBER({begin}),MAX(0,MIN({today},{end}+1)-{begin})/({end}+1-{begin}),"")'


def begin_formula(label: str) -> str:
    """The first day of `2027`, `2027-Q1`, `2027-03` or `2027-01-15..2027-03-10` in a cell; blank for anything else."""
    year, quarter = f"VALUE(LEFT({label},4))", f"VALUE(MID({label},7,1))"
    month = f"VALUE(MID({label},6,2))"
    in_year = f'IF(MID({label},6,1)="Q",DATE({year},{quarter}*3-2,1),IF(LEN({label})=7,DATE({year},{month},1),{_day(label, 1)}))'
    return f'IFERROR(IF(LEN({label})=4,DATE({year},1,1),{in_year}),"")'


def end_formula(label: str) -> str:
    """The last day, likewise."""
    year, quarter = f"VALUE(LEFT({label},4))", f"VALUE(MID({label},7,1))"
    month, last = f"VALUE(MID({label},6,2))", f"LEN({label})-9"
    in_year = (
        f'IF(MID({label},6,1)="Q",DATE({year},{quarter}*3+1,0),IF(LEN({label})=7,DATE({year},{month}+1,0),{_day(label, last)}))'
    )
    return f'IFERROR(IF(LEN({label})=4,DATE({year},12,31),{in_year}),"")'


def _day(label: str, place: int | str) -> str:
    """The date that begins at this place of a text."""
    year, month, day = (f"VALUE(MID({label},{place}+{step},{length}))" for step, length in ((0, 4), (5, 2), (8, 2)))
    return f"DATE({year},{month},{day})"


def iso_formula(day: str) -> str:
    """A day as `2027-01-15`. By hand, since the letters of TEXT differ from language to language; blank where there is none."""
    month, date = (f'RIGHT("0"&{part}({day}),2)' for part in ("MONTH", "DAY"))
    return f'IFERROR(YEAR({day})&"-"&{month}&"-"&{date},"")'


def listed(words: Iterable[str]) -> str:
    """An array of texts, as it is written into a formula."""
    return "{" + ",".join(f'"{word}"' for word in words) + "}"
