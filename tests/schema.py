"""The connectors' settings go in, config/sheetsync.schema.json comes out, for editors.

python -m tests.schema update    writes it anew, after a key was added or changed
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from sheetsync.config import json_schema
from sheetsync.connectors.registry import builtin

FILE: Final = Path(__file__).parents[1] / "config" / "sheetsync.schema.json"
COMMAND: Final = "python -m tests.schema update"


def text() -> str:
    """The schema of all connectors of this project."""
    return json_schema({kind.name(): kind.settings_type for kind in builtin()})


if __name__ == "__main__":
    if sys.argv[1:] != ["update"]:
        sys.exit(f"Usage: {COMMAND}")
    FILE.write_text(text(), encoding="utf-8")
