"""file: reads CSV, JSON lines, workbooks and Parquet from a folder that somebody else writes into.

A file is read twice: once to see that it is whole, that its text reads in one encoding and that its keys are unique,
and only then to hand out rows. Nothing of a half-written or misread file ever leaves this connector; a single bad row
becomes a dead letter. Memory stays flat: sixteen bytes per row are kept, for the keys. A workbook is the exception: it
is held in memory, within limits. What is packed is unpacked within limits, too.
"""

from connectors.file.config import FileConfig, FileStream
from connectors.file.connector import File

__all__ = ["File", "FileConfig", "FileStream"]
