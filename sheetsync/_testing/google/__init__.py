"""A Google on loopback: Sheets v4, what of Drive v3 it needs, and the token endpoint. The rooms, from the door inwards:

fake: the public face; control: the same over HTTP; server, routes: a socket, a call, an endpoint; mounting, keys: how a client is
pointed here. sheets_api (get, create, batchUpdate), values, values_append, values_by_filter, drive, drive_v2, oauth: endpoints.
kinds/: one function a kind of batchUpdate request. document: the model; shape: rows and columns inserted, deleted, moved,
sorted; metadata: developer metadata and data filters. reading: the model as the resource, with formats, masks and a1. entering:
what is typed, as a value; showing: a value, as its text. formulas, functions, references. state, quota, switches, errors.
human: what people do; seeding, seeding_xlsx: what a test begins with.
"""

from sheetsync._testing.google.document import XLSX
from sheetsync._testing.google.errors import Fault
from sheetsync._testing.google.fake import FakeGoogle
from sheetsync._testing.google.human import Book, Sheet
from sheetsync._testing.google.quota import NO_LIMITS, Limits
from sheetsync._testing.google.state import Call
from sheetsync._testing.google.switches import Switches

__all__ = ["NO_LIMITS", "XLSX", "Book", "Call", "FakeGoogle", "Fault", "Limits", "Sheet", "Switches"]
