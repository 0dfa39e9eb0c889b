"""The demo: a realistic plan with its sources, written into a folder."""

from sheetsync.demo.files import Written, next_steps, quarter_of, write

__all__ = ["Written", "next_steps", "quarter_of", "write"]
