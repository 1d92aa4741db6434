"""Settings of a database connection."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.base import ConnectorConfig


class SqlStream(BaseModel):
    """One table or view as a stream."""

    model_config = ConfigDict(extra="forbid")
    table: str = Field(description="table or view, optionally `schema.table`")
    key: str = Field(description="column that identifies a row")
    cursor: str | None = Field(None, description="column that grows with every change; without it every run reads all")
    fields: tuple[str, ...] | None = Field(None, description="columns to read; all of them when left out")
    volatile: tuple[str, ...] = Field((), description="columns whose change alone does not count as a change")
    deleted: dict[str, list[str]] = Field(
        default_factory=dict,
        max_length=1,
        description="flag column and the values that mean deleted; the first one is written to deactivate a row",
    )
    external_id: str | None = Field(
        None, description="column with a unique index that carries our id; without it the table is only read"
    )


class SqlConfig(ConnectorConfig):
    """A database and the tables to read from it and to write to it."""

    url: SecretStr = Field(description="SQLAlchemy URL, by secret reference when it holds a password")
    streams: dict[str, SqlStream] = Field(description="the tables, by the names their streams get")
    page_size: int = Field(1000, ge=1, le=50_000, description="rows per query")
    write_batch: int = Field(200, ge=1, le=1000, description="rows written per transaction")
    latin1_holds: Literal["utf-8", "gb18030", "big5"] | None = Field(
        None, description="MySQL: what the bytes in latin1 columns really are, where an application stored them so"
    )
    overlap_s: float = Field(120.0, ge=0, description="how far a run reads back before its cursor, for late commits")
    safety_delay_s: float = Field(
        0.0,
        ge=0,
        description="how far the upper bound stays behind the database's clock (needs `zone` for local times)",
    )
