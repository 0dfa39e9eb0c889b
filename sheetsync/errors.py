"""Everything that can go wrong, sorted by who must act.

    SheetsyncError
    ├── ConfigError            whoever runs sheetsync mends sheetsync.toml             the program stops, exit 2
    │   └── MissingSecret      a secret is not where the configuration says            in a run only its account's rows fail
    ├── Held                   another sheetsync is at work here                       the program stops, exit 75
    ├── WorkbookError          this workbook stops, the others go on                   exit 3
    │   ├── LayoutError        no heading row, two columns of one meaning              author of the workbook
    │   ├── WorkbookLocked     open in Excel or LibreOffice                            whoever has it open
    │   ├── WorkbookChanged    saved by somebody between our read and our write        nobody: tried again
    │   ├── CannotEdit         the format, or a part of it, cannot be edited safely   author of the workbook
    │   └── TooManyLosses      more than half of all results would turn to zero        head of the team
    └── LinkError              one row fails, the rest goes on                         exit 1
        ├── UnknownLink, AmbiguousLink, UnsupportedLink, NoSuchMetric, NotFound, Refused   author of the row
        ├── NotConnected, BadCredentials, AccessDenied     owner of the account
        ├── Unavailable        the service does not answer now                             nobody: tried again
        │   ├── RateLimited
        │   └── NotReady
        ├── Incomplete         the answer is capped, sampled or partial                     author of the row
        └── UnexpectedReply    the service changed its answer                               author of the connector

An error is a sentence with named places (`template`, `params`) and an advice, what to do next. Both are keys of the message
catalogues; `str(error)` is the English sentence, `Texts.error` gives the reader's language. A service's own words never become
part of either.
"""

from __future__ import annotations

from typing import Any, ClassVar


class SheetsyncError(Exception):
    """The root. `template` is a constant of this project; what came from outside stands in `params` only."""

    exit_code: ClassVar[int] = 1
    advice: str = ""

    def __init__(self, template: str, /, *, advice: str | None = None, **params: Any) -> None:
        super().__init__(template)
        self.template = template
        self.params = params
        if advice is not None:
            self.advice = advice

    def __str__(self) -> str:
        return self.template.format(**self.params) if self.params else self.template


class ConfigError(SheetsyncError):
    """sheetsync.toml, or the command line, says something that cannot be done."""

    exit_code = 2


class MissingSecret(ConfigError):
    """A secret is not where the configuration says. The sentence names the place, and is for whoever runs sheetsync alone."""

    advice = "Put it there, or let sheetsync.toml name another place."


class Held(SheetsyncError):
    """Another process works on this workbook; `holder` says which."""

    exit_code = 75
    advice = "Wait until it has finished, then run again."


# --- a whole workbook --------------------------------------------------------------------------------------------------


class WorkbookError(SheetsyncError):
    """This workbook cannot be read or written now; it is left as it was."""

    exit_code = 3


class LayoutError(WorkbookError):
    """The headings that sheetsync needs are missing, or two of them claim one meaning."""

    advice = "Give the table one heading each for Key result, Target, Result and Data link."


class WorkbookLocked(WorkbookError):
    """The workbook is open in a spreadsheet program."""

    advice = "Close it there; the figures are written at the next run."


class WorkbookChanged(WorkbookError):
    """The workbook is not the one that was read: somebody saved it meanwhile."""

    advice = "Run again; nothing was overwritten."


class CannotEdit(WorkbookError):
    """Writing here would lose or damage something, so nothing was written."""

    advice = "Save the workbook as a plain .xlsx file in Excel, then run again."


class TooManyLosses(WorkbookError):
    """More than half of all results would turn to zero in one run: a source is more likely broken than the business."""

    advice = "Look at the sources; run with --force if the zeroes are true."


# --- one row -----------------------------------------------------------------------------------------------------------


class LinkError(SheetsyncError):
    """One link gave no figure. `state` is the word that Sync and the json report show: kept or broken."""

    state: ClassVar[str] = "broken"


class UnknownLink(LinkError):
    """No connector knows such an address."""

    advice = "Copy the address of the page where the number stands from the browser, or see `sheetsync connectors`."


class AmbiguousLink(LinkError):
    """Two connectors, two accounts or two addresses claim this cell."""

    advice = "Leave one address in the cell, or add #account=NAME behind it."


class UnsupportedLink(LinkError):
    """The service offers no way to ask for this page's number; `advice` names what to paste instead."""

    def __init__(self, template: str, /, *, use_instead: str, **params: Any) -> None:
        super().__init__(template, **params)
        self.advice = use_instead


class NoSuchMetric(LinkError):
    """The page is known, but not by this measure."""

    advice = "Choose one of the measures that `sheetsync explain` lists for this link."


class NotFound(LinkError):
    """The service knows nothing under this address any more (404, 410)."""

    advice = "Check the address, and whether the page was deleted or moved."


class Refused(LinkError):
    """Something that the operator has not permitted, or that is not safe to follow."""

    advice = "Ask the person who installed sheetsync to permit it in sheetsync.toml."


class NotConnected(LinkError):
    """The service is known, but no account of it is configured."""

    advice = "Ask the person who installed sheetsync to connect it."


class BadCredentials(LinkError):
    """The key is wrong or has expired (401). The whole lane stops: nobody knocks twice."""

    advice = "Ask the person who installed sheetsync to renew the key of this account."


class AccessDenied(LinkError):
    """The key is good but may not see this page (403)."""

    advice = "Ask the owner of the account to let its key read this page."


class Unavailable(LinkError):
    """The service did not answer, or answered that it cannot now. Tried again by itself."""

    state = "kept"
    advice = "Nothing to do: it is tried again at the next run."


class RateLimited(Unavailable):
    """The service asks us to slow down; `wait` is in seconds, None where it did not say."""

    def __init__(self, template: str, /, *, wait: float | None = None, **params: Any) -> None:
        super().__init__(template, **params)
        self.wait = wait


class NotReady(Unavailable):
    """The figure of this day is not there yet."""


class Incomplete(LinkError):
    """The answer is capped, sampled, partial or rounded too far: not written as if it were whole."""

    state = "kept"
    advice = "Narrow the list or filter down so that the service can give the whole figure."


class UnexpectedReply(LinkError):
    """The answer has another shape than the service documents."""

    state = "kept"
    advice = "The service changed its answer: look for a newer sheetsync, or report it."
