"""What those who add a connector or a workbook test it with: the two contracts, servers that stand in for a
service and for Google, a clock.

class TestMine(ConnectorContract): ...      every connector must pass it
class TestMine(WorkbookContract): ...       every workbook must pass it
"""

from sheetsync._testing.connectors import ConnectorContract, LaneMemory, LookupMemory, VirtualTime, account_of, run_links
from sheetsync._testing.google import NO_LIMITS, Book, Call, FakeGoogle, Limits, Switches
from sheetsync._testing.server import Answer, Seen, Stand
from sheetsync._testing.workbooks import WorkbookContract
from sheetsync.workbooks.memory import Memory

__all__ = [
    "NO_LIMITS",
    "Answer",
    "Book",
    "Call",
    "ConnectorContract",
    "FakeGoogle",
    "LaneMemory",
    "Limits",
    "LookupMemory",
    "Memory",
    "Seen",
    "Stand",
    "Switches",
    "VirtualTime",
    "WorkbookContract",
    "account_of",
    "run_links",
]
