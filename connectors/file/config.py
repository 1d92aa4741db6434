"""The settings of a folder of files."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.base import ConnectorConfig

Format = Literal["csv", "jsonl"]
_SUFFIXES: dict[str, Format] = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


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
    take: Literal["newest", "all"] = Field(
        "newest", description="of the files that match a pattern: the last by name, or all of them as one"
    )
    settle_s: float = Field(5.0, ge=0, description="a file changed less than this ago is still being written")
    trailer: str | None = Field(
        None, min_length=1, description="the last line, e.g. 'EOF {rows}'; {rows} must equal the number of rows"
    )
    done: str | None = Field(None, description="file that must stand beside it before it is read, e.g. '{name}.done'")
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

    @model_validator(mode="after")
    def _known_format(self) -> FileStream:
        if self.format is None and self._ending() not in _SUFFIXES:
            raise ValueError(f"cannot tell the format of '{self.path}'; add `format: csv` or `format: jsonl`")
        if self.columns is not None and self.key not in self.columns:
            raise ValueError(f"key '{self.key}' is not among the columns")
        return self

    def _ending(self) -> str:
        return Path(self.path.removesuffix(".gz")).suffix.lower()

    @property
    def kind(self) -> Format:
        return self.format or _SUFFIXES[self._ending()]

    @property
    def separator(self) -> str:
        return self.delimiter or ("\t" if self._ending() == ".tsv" else ",")


class FileConfig(ConnectorConfig):
    """A folder, and the streams in it."""

    root: Path = Field(Path(), description="folder that the paths start from")
    streams: dict[str, FileStream] = Field(description="the files to read, by the names their streams get")
    page_size: int = Field(1000, ge=1, le=50_000, description="rows per page")
