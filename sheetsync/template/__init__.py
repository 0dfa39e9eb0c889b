"""The plan as a workbook: content and a language go in, a decorated .xlsx comes out."""

from sheetsync.template._content import COLUMNS, Content, PlannedGroup, PlannedKeyResult, PlannedObjective
from sheetsync.template.drawing import build, plain_workbook, write_new, write_template

__all__ = [
    "COLUMNS",
    "Content",
    "PlannedGroup",
    "PlannedKeyResult",
    "PlannedObjective",
    "build",
    "plain_workbook",
    "write_new",
    "write_template",
]
