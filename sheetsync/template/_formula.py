"""The addresses of a row's cells go in, the formula of its Progress cell comes out.

Written with functions that Excel, LibreOffice and Google Sheets share; LET is not among them in LibreOffice 7.
"""

from __future__ import annotations

from collections.abc import Iterable

from sheetsync.model import Kind
from sheetsync.okr import layout


def progress_formula(kind: str, start: str, target: str, result: str) -> str:
    """The formula of a Progress cell over the addresses of its row's Type, Start, Target and Result.

    Equal to `okr.progress.progress`, blank where that says why there is no progress. A type that is none (`leads`) is told from
    the target, as `okr.scan` does. What a formula cannot see is how a cell is formatted and that a text is a number: Start,
    Target and Result are to be numbers of one measure.
    """

    def is_one(cell: str, known: Iterable[str]) -> str:
        listed = ",".join(f'"{word}"' for word in known)
        return f"ISNUMBER(MATCH(TRIM({cell}),{{{listed}}},0))"

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
