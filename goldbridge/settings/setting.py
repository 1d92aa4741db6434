"""What config/settings.yaml can say; every key has a default, so the file may be missing."""

from __future__ import annotations

from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from goldbridge.records.hint import did_you_mean
from goldbridge.settings.os_keyring import DEFAULT_SERVICE

LOOPBACK = ("127.0.0.1", "::1", "localhost")
DEFAULT_SECRETS_FILE = "config/secrets.env"


class StateSettings(BaseModel):
    """Where state lives."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    url: str = Field(
        default="", repr=False, description="a SQLite file in .goldbridge/ when left out, or postgresql://..."
    )


class LogSettings(BaseModel):
    """How the process speaks on stderr."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal["console", "json"] = Field(
        default="console", description="lines for people, or JSON lines for machines"
    )


class ServeSettings(BaseModel):
    """Where `goldbridge serve` listens. Anything but loopback needs TLS."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    host: str = Field(default="127.0.0.1", min_length=1, description="address to listen on")
    port: int = Field(default=8470, ge=1, le=65535, description="port to listen on")
    language: Literal["zh", "en"] = Field(default="zh", description="the console's language until a reader chooses one")
    tls_certificate: str | None = Field(default=None, description="PEM file with the certificate chain")
    tls_key: str | None = Field(default=None, description="PEM file with the certificate's private key")

    @model_validator(mode="after")
    def _check(self) -> ServeSettings:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("give tls_certificate and tls_key together")
        if self.host not in LOOPBACK and self.tls_certificate is None:
            raise ValueError(
                f"listening on {self.host} needs tls_certificate and tls_key; leave host at 127.0.0.1 behind a proxy"
            )
        return self


Act = Literal["merge", "split", "move", "same", "different", "undo", "pin", "suppress", "release", "place"]
"""What a steward decides; the kind of the decision."""


class SecondPerson(BaseModel):
    """When a kind of decision waits for another person's approval. Without a condition it always does; with several,
    all of them must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    entities: tuple[str, ...] = Field(default=(), description="only for these entities; all when left out")
    published: bool = Field(
        default=False, description="only when a golden record concerned is published to a target system already"
    )
    records: int = Field(default=1, ge=1, description="only when it concerns this many records or more")
    over_bits: float | None = Field(
        default=None, description="only when the evidence that joins the sides weighs this much or more"
    )
    under_bits: float | None = Field(default=None, description="only when that evidence weighs less than this")


class StewardSettings(BaseModel):
    """What the decisions of stewards have to meet."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    four_eyes: dict[Act, SecondPerson] = Field(
        default_factory=dict, description="kinds of decisions that a second person approves before they are applied"
    )


class Settings(BaseModel):
    """The project's own settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    zone: str = Field(
        default="Asia/Shanghai", description="time zone of times that carry none, unless their source names one"
    )
    state: StateSettings = Field(default=StateSettings(), description="where state lives")
    secrets_file: str = Field(
        default=DEFAULT_SECRETS_FILE, min_length=1, description="file of NAME=value lines, mode 0600"
    )
    keyring: str = Field(
        default=DEFAULT_SERVICE,
        min_length=1,
        description="service in the operating system's keyring; one of its own keeps two projects apart",
    )
    log: LogSettings = Field(default=LogSettings(), description="how the process speaks on stderr")
    serve: ServeSettings = Field(default=ServeSettings(), description="where the console and the API listen")
    stewards: StewardSettings = Field(
        default=StewardSettings(), description="what the decisions of stewards have to meet"
    )

    @field_validator("zone")
    @classmethod
    def _check_zone(cls, value: str) -> str:
        problem = zone_problem(value)
        if problem:
            raise ValueError(problem)
        return value

    @property
    def state_url(self) -> str:
        return self.state.url

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


def zone_problem(name: str) -> str:
    """What is wrong with the name of a time zone, "" when nothing is."""
    if name in _zones():
        return ""
    return (
        f"there is no time zone '{name}'{did_you_mean(name, _zones(), at_most=0) or '; write one like Asia/Shanghai'}"
    )


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
