"""file: reads CSV and JSON lines, plain or gzipped, from a folder that somebody else writes into.

A file is read twice: once to see that it is whole, that its text reads in one encoding and that its keys are unique,
and only then to hand out rows. Nothing of a half-written or misread file ever leaves this connector; a single bad row
becomes a dead letter. Memory stays flat: sixteen bytes per row are kept, for the keys.
"""

from connectors.file.config import FileConfig, FileStream
from connectors.file.connector import File

__all__ = ["File", "FileConfig", "FileStream"]
