"""The settings of a tap: how it is started, what it is told, and which of its streams are read."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, field_validator

from connectors.base import ConnectorConfig

KEY = "_key"
"""The field that holds a record's key when it is none of the record's own fields alone."""

_OURS = ("--config", "--state", "--catalog", "--properties", "--discover")
_RESERVED = re.compile(r"PATH|HOME|LANG|IFS|ENV|BASH_ENV|NODE_OPTIONS|JAVA_TOOL_OPTIONS|(LD_|DYLD_|PYTHON|PERL|RUBY).*")


_ONE_OR_SEVERAL = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}


class SingerStream(BaseModel):
    """One stream of the tap."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    stream: str = Field("", description="its `tap_stream_id` in the tap's catalogue; the name here when left out")
    said_as: str = Field("", description="its name in the tap's messages, where it is not the one in the catalogue")
    key: Annotated[tuple[str, ...], WithJsonSchema(_ONE_OR_SEVERAL)] = Field(
        (), description="field or fields that identify a record; those of the tap's SCHEMA when left out"
    )
    replication: Literal["full_table", "incremental", "log_based"] | None = Field(
        None, description="how the tap reads the stream; as its catalogue says when left out"
    )
    replication_key: str | None = Field(
        None, description="field by which the tap reads on, for incremental replication"
    )
    fields: tuple[str, ...] = Field((), description="fields to select; all that the tap supports when left out")
    whole: bool = Field(
        False, description="a run that starts from nothing meets every record; otherwise only ACTIVATE_VERSION says so"
    )
    accept: str = Field("", description="fingerprint of a changed schema that somebody has looked at (see CON346)")
    volatile: tuple[str, ...] = Field((), description="fields whose change alone does not count as a change")
    deleted: dict[str, list[str]] = Field(
        default_factory=dict, max_length=1, description="flag field and the values that mean deleted"
    )

    @field_validator("key", mode="before")
    @classmethod
    def _one_or_several(cls, key: Any) -> Any:
        return [key] if isinstance(key, str) else key


class SingerConfig(ConnectorConfig):
    """A tap, and the streams to read from it."""

    command: tuple[str, ...] = Field(
        min_length=1, description="the tap and its own arguments as a list; GOLDBRIDGE_TAPS must allow it"
    )
    config: dict[str, Any] = Field(
        default_factory=dict, repr=False, description="the tap's own settings; secrets by `{secret: NAME}`"
    )
    env: dict[str, str] = Field(
        default_factory=dict, repr=False, description="variables for the tap beside PATH, HOME and LANG"
    )
    catalog: str = Field(
        "discover", description="`discover` asks the tap, `none` gives it no catalogue, else the path of a file"
    )
    catalog_flag: Literal["catalog", "properties"] = Field(
        "catalog", description="the flag that hands the tap its catalogue; `properties` for old taps"
    )
    streams: dict[str, SingerStream] = Field(min_length=1, description="the streams to read, by the names flows use")
    page_size: int = Field(1000, ge=1, le=50_000, description="records per page")
    timeout_s: float = Field(300.0, gt=0, description="how long the tap may take to say what it offers")
    deadline_s: float = Field(14_400.0, gt=0, description="how long one run of the tap may take")
    silence_s: float = Field(900.0, gt=0, description="how long the tap may say nothing at all")
    halt_on: tuple[int, ...] = Field(
        (2, 126, 127), description="exit statuses that a person must look at; after any other the run is tried again"
    )
    message_mb: int = Field(16, ge=1, le=256, description="largest message, in MiB")

    @field_validator("command")
    @classmethod
    def _an_argument_list(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        name = command[0]
        if not name.strip() or "\0" in "".join(command):
            raise ValueError("the first item names the tap, e.g. [tap-csv] or [/opt/taps/bin/tap-csv]")
        if "/" in name and not name.startswith("/"):
            raise ValueError(f"'{name}' must be a name on the PATH or an absolute path")
        ours = [each for each in command[1:] if each.split("=", 1)[0] in _OURS]
        if ours:
            raise ValueError(f"{ours[0]} is given by Goldbridge; leave it out")
        return command

    @field_validator("env")
    @classmethod
    def _harmless(cls, env: dict[str, str]) -> dict[str, str]:
        for name in env:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or _RESERVED.fullmatch(name):
                raise ValueError(f"'{name}' cannot be set: it is no name, or it changes which program runs")
        return env
