"""`python -m tools.reference [DIR]` writes the pages, into docs/reference when no folder is named."""

import sys
from pathlib import Path

from tools.reference import FOLDER, write

for path in write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER):
    sys.stdout.write(f"{path}\n")
