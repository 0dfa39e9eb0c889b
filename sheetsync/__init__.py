"""sheetsync keeps the key results of an OKR workbook up to date from the places where the numbers live."""

__version__ = "0.1.0"
