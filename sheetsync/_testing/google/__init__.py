"""A Google on loopback: Sheets v4, what of Drive v3 it needs, and the token endpoint. The rooms, from the door inwards:

fake        the public face              server, routes   a socket -> a call -> an endpoint
control     the same face over HTTP      mounting, keys   how a client is pointed here
sheets_api  get, create, batchUpdate     values           the values endpoints
drive       files, permissions           oauth            tokens
kinds/      one function a kind of batchUpdate request
metadata    developer metadata, data filters              quota, errors, switches, state
document    the model                    shape            rows and columns inserted, deleted, moved, sorted
reading     the model -> the resource    formats, masks, a1
entering    what is typed -> a value     showing          a value -> its text
formulas, references                     human, seeding   what people do; what a test begins with
"""

from sheetsync._testing.google.document import XLSX
from sheetsync._testing.google.errors import Fault
from sheetsync._testing.google.fake import FakeGoogle
from sheetsync._testing.google.human import Book, Sheet
from sheetsync._testing.google.quota import NO_LIMITS, Limits
from sheetsync._testing.google.state import Call
from sheetsync._testing.google.switches import Switches

__all__ = ["NO_LIMITS", "XLSX", "Book", "Call", "FakeGoogle", "Fault", "Limits", "Sheet", "Switches"]
