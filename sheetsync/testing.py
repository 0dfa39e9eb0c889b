"""What those who add a connector or a workbook test it with: the two contracts, a server that stands in for a service, a clock.

class TestMine(ConnectorContract): ...      every connector must pass it
class TestMine(WorkbookContract): ...       every workbook must pass it
"""

from sheetsync._testing.connectors import ConnectorContract, LaneMemory, LookupMemory, VirtualTime, account_of, run_links
from sheetsync._testing.server import Answer, Seen, Stand
from sheetsync._testing.workbooks import WorkbookContract
from sheetsync.workbooks.memory import Memory

__all__ = [
    "Answer",
    "ConnectorContract",
    "LaneMemory",
    "LookupMemory",
    "Memory",
    "Seen",
    "Stand",
    "VirtualTime",
    "WorkbookContract",
    "account_of",
    "run_links",
]
