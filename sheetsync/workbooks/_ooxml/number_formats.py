"""A number format's id or code goes in; its code, and whether it shows a date, come out.

The built-in formats, which no file spells out, are those of ECMA-376 part 1, 18.8.30
(https://ecma-international.org/publications-and-standards/standards/ecma-376/).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# The ids from 27 on have a meaning of their own in each East Asian language; these are the Chinese
# ones, and a date in all of them. Excel shows the ids that are missing here as General.
# fmt: off
BUILTIN: Mapping[int, str] = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"$"#,##0_);("$"#,##0)', 6: '"$"#,##0_);[Red]("$"#,##0)',
    7: '"$"#,##0.00_);("$"#,##0.00)', 8: '"$"#,##0.00_);[Red]("$"#,##0.00)', 9: "0%", 10: "0.00%", 11: "0.00E+00",
    12: "# ?/?", 13: "# ??/??", 14: "mm-dd-yy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "m/d/yy h:mm", 27: 'yyyy"年"m"月"', 28: 'm"月"d"日"',
    29: 'm"月"d"日"', 30: "m-d-yy", 31: 'yyyy"年"m"月"d"日"', 32: 'h"时"mm"分"', 33: 'h"时"mm"分"ss"秒"',
    34: '上午/下午h"时"mm"分"', 35: '上午/下午h"时"mm"分"ss"秒"', 36: 'yyyy"年"m"月"', 37: "#,##0 ;(#,##0)",
    38: "#,##0 ;[Red](#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;[Red](#,##0.00)",
    41: '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)', 42: '_("$"* #,##0_);_("$"* (#,##0);_("$"* "-"_);_(@_)',
    43: '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)', 44: '_("$"* #,##0.00_);_("$"* (#,##0.00);_("$"* "-"??_);_(@_)',
    45: "mm:ss", 46: "[h]:mm:ss", 47: "mmss.0", 48: "##0.0E+0", 49: "@", 50: 'yyyy"年"m"月"', 51: 'm"月"d"日"',
    52: 'yyyy"年"m"月"', 53: 'm"月"d"日"', 54: 'm"月"d"日"', 55: '上午/下午h"时"mm"分"', 56: '上午/下午h"时"mm"分"ss"秒"',
    57: 'yyyy"年"m"月"', 58: 'm"月"d"日"', 59: "0", 60: "0.00", 61: "#,##0", 62: "#,##0.00", 67: "0%", 68: "0.00%",
    69: "# ?/?", 70: "# ??/??", 71: "d/m/yyyy", 72: "d-mmm-yy", 73: "d-mmm", 74: "mmm-yy", 75: "h:mm", 76: "h:mm:ss",
    77: "d/m/yyyy h:mm", 78: "mm:ss", 79: "[h]:mm:ss", 80: "mm:ss.0", 81: "d/m/yy",
}
# fmt: on
SAME_EVERYWHERE = frozenset({*range(5), *range(9, 23), *range(37, 41), *range(45, 50)})
"""Built-in formats that mean the same, or the reader's own way to write a date, in every language."""
FIRST_CUSTOM = 164
"""The first id that a workbook may give to a format of its own."""

_LITERAL = re.compile(r"""\\.|"[^"]*"?|[_*].|general""", re.IGNORECASE | re.DOTALL)
_BRACKETS = re.compile(r"\[[^\]]*\]?")
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_FRACTION = re.compile(r"(?<=s)[.,]0+", re.IGNORECASE)
_DATE_LETTERS = re.compile(r"[ymdhsaegb]|上午/下午", re.IGNORECASE)


def shows_date(code: str) -> bool:
    """Whether numbers in this format show as a date or a time of day.

    An elapsed time such as [h]:mm is no date: 36:00 is one and a half days, and no moment. The first section decides; quoted
    text, brackets of colour, condition and locale, and padding do not count.
    """
    section = _LITERAL.sub("", code).partition(";")[0]
    if _ELAPSED.search(section):
        return False
    section = _FRACTION.sub("", _BRACKETS.sub("", section))
    return not any(digit in section for digit in "0#?") and bool(_DATE_LETTERS.search(section))
