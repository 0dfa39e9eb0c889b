"""The past of a workbook: runs, readings and what became of links, in one SQLite file a user."""

from sheetsync.history._lines import named
from sheetsync.history._words import Break, Entry, LastReading, Memory, OutboxItem, Run
from sheetsync.history.store import History

__all__ = ["Break", "Entry", "History", "LastReading", "Memory", "OutboxItem", "Run", "named"]
