"""The settings of a folder of files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.base import ConnectorConfig
from connectors.file.packed import ENDINGS

Format = Literal["csv", "jsonl", "excel", "parquet"]
SUFFIXES: Mapping[str, Format] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".xlsx": "excel", ".xlsm": "excel", ".xlsb": "excel", ".xls": "excel", ".ods": "excel", ".parquet": "parquet",
}  # fmt: skip
_TEXT: tuple[Format, ...] = ("csv", "jsonl")
_MEANT_FOR: Mapping[str, tuple[Format, ...]] = {
    "encoding": _TEXT,
    "delimiter": _TEXT,
    "quote": _TEXT,
    "columns": (*_TEXT, "excel"),
    "trailer": (*_TEXT, "excel"),
    "member": _TEXT,
    "sheet": ("excel",),
    "header_row": ("excel",),
    "formula_errors": ("excel",),
}
"""Settings that say nothing about files of another format."""


class FileStream(BaseModel):
    """One file (or one pattern of files) as a stream."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    path: str = Field(description="file under `root`, or a pattern such as customers_*.csv.gz")
    key: str = Field(description="column that identifies a row; its values must be unique")
    format: Format | None = Field(None, description="told by the file's ending when left out")
    encoding: Literal["utf-8", "utf-8-sig", "gb18030", "gbk"] | None = Field(
        None, description="detected (utf-8 or gb18030) when left out"
    )
    delimiter: str | None = Field(None, min_length=1, max_length=1, description="comma, or a tab for .tsv")
    quote: str = Field('"', min_length=1, max_length=1, description="character around values that hold a delimiter")
    columns: tuple[str, ...] | None = Field(None, description="names of the columns when the file has no header line")
    sheet: str | int = Field(1, description="sheet of a workbook, by its name or by its place among the visible ones")
    header_row: int | None = Field(
        None, ge=1, description="row of the sheet that names the columns; the first that is not empty when left out"
    )
    formula_errors: Literal["reject", "empty"] = Field(
        "reject", description="a row with #N/A or the like is a dead letter, or the cell counts as empty"
    )
    member: str | None = Field(
        None, min_length=1, description="file inside a .zip, or a pattern that fits one; not needed when it holds one"
    )
    take: Literal["newest", "all", "changes"] = Field(
        "newest",
        description="of the files that match a pattern: the last by name; all of them as one; or all in the order of "
        "their names, where each holds changes and the last row of a key counts",
    )
    partial: bool = Field(False, description="rows hold only what changed: a column that is not there keeps its value")
    changed_at: str | None = Field(
        None, description="column that says when a row changed; an older row that comes late goes into the history only"
    )
    settle_s: float = Field(5.0, ge=0, description="a file changed less than this ago is still being written")
    trailer: str | None = Field(
        None, min_length=1, description="the last line, e.g. 'EOF {rows}'; {rows} must equal the number of rows"
    )
    done: str | None = Field(None, description="file that must stand beside it before it is read, e.g. '{name}.done'")
    max_unpacked_mb: int = Field(4096, ge=1, description="a packed file that unpacks to more MiB is refused")
    max_ratio: int = Field(
        200, ge=1, description="a packed file that unpacks to more than 64 MiB and so many times its size is refused"
    )
    volatile: tuple[str, ...] = Field((), description="columns whose change alone does not count as a change")
    deleted: dict[str, list[str]] = Field(
        default_factory=dict, max_length=1, description="flag column and the values that mean deleted"
    )

    @field_validator("columns")
    @classmethod
    def _named_once(cls, columns: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if columns is not None and (len(set(columns)) != len(columns) or "" in columns):
            raise ValueError("every column needs a name of its own")
        return columns

    @field_validator("sheet")
    @classmethod
    def _counted_from_one(cls, sheet: str | int) -> str | int:
        if sheet == "" or (isinstance(sheet, int) and sheet < 1):
            raise ValueError("sheets have names, or places counted from 1")
        return sheet

    @model_validator(mode="after")
    def _fits_its_format(self) -> FileStream:
        if self.format is None and self._ending() not in SUFFIXES:
            inside = " or name the file inside with `member`" if self.packing == ".zip" else ""
            raise ValueError(
                f"cannot tell the format of '{self.path}'; add `format: csv` (or jsonl, excel, parquet){inside}"
            )
        if self.columns is not None and self.key not in self.columns:
            raise ValueError(f"key '{self.key}' is not among the columns")
        if self.packing and self.kind not in _TEXT:
            raise ValueError("workbooks and Parquet files are packed already; deliver them as they are")
        for name, formats in _MEANT_FOR.items():
            if name in self.model_fields_set and self.kind not in formats:
                raise ValueError(f"`{name}` says nothing about a file of format {self.kind}; take it out")
        if self.member is not None and self.packing != ".zip":
            raise ValueError("`member` is for .zip archives")
        if self.columns is not None and self.header_row is not None:
            raise ValueError("`columns` is for sheets without a header, `header_row` for those with one")
        return self

    @property
    def packing(self) -> str:
        """The ending of the archive around it, or nothing."""
        return next((ending for ending in ENDINGS if self.path.lower().endswith(ending)), "")

    def _ending(self) -> str:
        plain = self.path[: len(self.path) - len(self.packing)]
        return Path(self.member or plain).suffix.lower()

    @property
    def kind(self) -> Format:
        return self.format or SUFFIXES[self._ending()]

    @property
    def separator(self) -> str:
        return self.delimiter or ("\t" if self._ending() == ".tsv" else ",")


class FileConfig(ConnectorConfig):
    """A folder, and the streams in it."""

    root: Path = Field(Path(), description="folder that the paths start from")
    streams: dict[str, FileStream] = Field(description="the files to read, by the names their streams get")
    page_size: int = Field(1000, ge=1, le=50_000, description="rows per page")
