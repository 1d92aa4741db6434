"""pydantic finds the problems; the reader sees only places, words and remedies."""

from __future__ import annotations

import contextlib
from typing import Annotated, Any, Literal

import pytest
from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from goldbridge.errors import Misconfigured
from goldbridge.settings.secret import Secrets
from goldbridge.settings.validate import validate
from goldbridge.settings.yaml import read


class Budget(BaseModel):
    model_config = ConfigDict(extra="forbid")
    calls: int = Field(1, gt=0)
    per_s: float = Field(1.0, le=3600)
    mode: Literal["fast", "slow", "off"] = "fast"


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid")
    table: str = Field(min_length=1)
    key: str | None = None


class File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["file"]
    path: str


class Rest(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["rest"]
    base_url: str


class System(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    connector: str
    url: SecretStr | None = None
    app_secret: SecretStr | None = None
    password: str = ""
    budget: Budget | None = None
    streams: dict[str, Table] = Field(default_factory=dict)
    names: list[str] = Field(default_factory=list)
    some: Annotated[list[int], Field(min_length=2)] | None = None
    code: Annotated[str, Field(pattern="^[a-z]+$")] = "a"
    on: bool = False
    either: str | Table = ""
    link: AnyHttpUrl | None = None
    zone: str = "Asia/Shanghai"
    from_: str = Field("", alias="from")
    part: Annotated[File | Rest, Field(discriminator="kind")] | None = None

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        if "/" not in value:
            raise ValueError(f"there is no time zone '{value}'")
        return value

    @model_validator(mode="after")
    def _check(self) -> System:
        if self.password == "same":
            raise ValueError(f"the password '{self.password}' is too simple")
        return self


def problems(text: str, model: Any = System, path: tuple[str | int, ...] = ("s",)) -> list[str]:
    with pytest.raises(Misconfigured) as caught:
        validate(model, read(text, "f.yaml"), path)
    return [str(problem) for problem in caught.value.problems]


def one(line: str) -> str:
    """The one problem of a system that is right but for this line."""
    found = problems(f"s:\n  connector: sql\n  {line}\n")
    assert len(found) == 1, found
    return found[0]


def test_a_valid_part_becomes_an_instance() -> None:
    document = read("s: {connector: sql, from: x, streams: {a: {table: T}}, budget: {calls: 3}}", "f.yaml")
    made = validate(System, document, ("s",))
    assert (made.connector, made.from_, made.streams["a"].table) == ("sql", "x", "T")
    assert made.budget is not None
    assert made.budget.calls == 3


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("conector: sql", "3:3: CFG010 unknown key 'conector'; did you mean 'connector'?"),
        ("App-Secret: x", "3:3: CFG010 unknown key 'App-Secret'; did you mean 'app_secret'?"),
        ("budget: {x: 1}", "3:12: CFG010 unknown key 'x'; there are calls, mode, per_s"),
        ("streams: {a: {table: T, ky: k}}", "3:27: CFG010 unknown key 'ky'; did you mean 'key'?"),
        ("streams: {a: {key: k}}", "3:13: CFG011 'table' is missing in 's.streams.a'"),
        ("streams: {a: {tabel: T}}", "3:17: CFG010 unknown key 'tabel'; did you mean 'table'?"),
        ("streams: {a: T_CUSTOMER}", "3:16: CFG012 streams.a must be a mapping (key: value), not 'T_CUSTOMER'"),
        (
            "streams: {a: 'table:T'}",
            "3:16: CFG012 streams.a must be a mapping (key: value), not 'table:T'; a ':' needs a space after it",
        ),
        ("streams: {a: {table: ''}}", "3:24: CFG012 streams.a.table must be given, not empty"),
        ("budget: {calls: 0}", "3:19: CFG012 budget.calls must be greater than 0, not the number 0"),
        ("budget: {calls: 1.5}", "3:19: CFG012 budget.calls must be a whole number, not the number 1.5"),
        ("budget: {calls: many}", "3:19: CFG012 budget.calls must be a whole number, not 'many'"),
        ("budget: {per_s: 1e4}", "3:19: CFG012 budget.per_s must be 3600 or less, not the number 1e4"),
        (
            "budget: {mode: fats}",
            "3:18: CFG012 budget.mode must be 'fast', 'slow' or 'off', not 'fats'; did you mean 'fast'?",
        ),
        ("names: 上海", "3:10: CFG012 names must be a list, e.g. [a, b], not '上海'"),
        ("names: [a, 1.10]", "3:14: CFG012 names[1] must be text, not the number 1.10; write it in quotes: '1.10'"),
        ("names: [a, [b]]", "3:14: CFG012 names[1] must be text, not a list"),
        ("names: [a, ~]", "3:14: CFG012 names[1] must be text, not empty"),
        ("some: [1]", "3:9: CFG012 some must be at least 2 items long"),
        ("on: maybe", "3:7: CFG012 on must be true or false, not 'maybe'"),
        ("either: 5", "3:11: CFG012 either must be text or a mapping (key: value), not the number 5"),
        ("either: {table: T, kye: k}", "3:22: CFG010 unknown key 'kye'; did you mean 'key'?"),
        ("link: nope", "3:9: CFG012 link must be a full address such as https://host/path, not 'nope'"),
        ("zone: shanghai", "3:9: CFG012 zone: there is no time zone 'shanghai'"),
        ("part: {kind: fiel, path: x}", "3:16: CFG012 kind: unknown 'fiel'; did you mean 'file'?"),
        ("part: {path: x}", "3:3: CFG011 'kind' is missing in 's.part'"),
        ("part: {kind: file, pth: x}", "3:22: CFG010 unknown key 'pth'; did you mean 'path'?"),
    ],
)
def test_a_problem_is_said_in_plain_words(line: str, problem: str) -> None:
    assert one(line).removeprefix("f.yaml:").startswith(problem)


def test_all_problems_come_at_once_in_file_order() -> None:
    found = problems("s:\n  budget: {calls: x, per_s: y}\n  zzz: 1\n  names: 3\n")
    assert [line.split(": ")[0] for line in found] == [
        "f.yaml:1:1",
        "f.yaml:2:19",
        "f.yaml:2:29",
        "f.yaml:3:3",
        "f.yaml:4:10",
    ]
    assert found[0] == "f.yaml:1:1: CFG011 'connector' is missing in 's'"


@pytest.mark.parametrize("text", ["s: 1", "s:", "s: [a]", "s: connector:sql"])
def test_a_part_of_the_wrong_kind(text: str) -> None:
    assert problems(text)[0].startswith("f.yaml:1:")
    assert "CFG012 s must be a mapping (key: value), not" in problems(text)[0]


def test_a_part_that_is_not_there() -> None:
    assert problems("other: 1") == ["f.yaml:1:1: CFG011 's' is missing"]


def test_no_message_speaks_pydantic() -> None:
    said = ""
    for name in System.model_fields:
        for value in ("1", "x", "[1]", "{a: 1}", "~", "true"):
            text = f"s:\n  connector: c\n  {name.rstrip('_')}: {value}\n"
            with contextlib.suppress(Misconfigured):
                validate(System, read(text, "f.yaml"), ("s",))
                continue
            said += "\n".join(problems(text))
    for jargon in ("pydantic", "Input", "input", "valid ", "dictionary", "Value error", "type=", "errors."):
        assert jargon not in said


def test_a_secret_in_the_file_is_refused_and_never_shown() -> None:
    found = one("app_secret: hunter2hunter2")
    assert found == (
        "f.yaml:3:15: CFG008 app_secret: a secret does not belong in a file; put the value into the environment or the "
        "secrets file and write {secret: S_APP_SECRET}"
    )
    assert "CFG008" in one("url: postgresql://u:hunter2@host/db")
    assert "hunter2" not in one("url: postgresql://u:hunter2@host/db")


def test_an_address_without_a_password_is_no_secret() -> None:
    document = read("s: {connector: sql, url: 'sqlite:///crm.sqlite'}", "f.yaml")
    assert validate(System, document, ("s",)).url is not None


def test_what_the_sandbox_generated_may_hold_its_own_secrets() -> None:
    document = read("s: {connector: sql, app_secret: fake}", ".goldbridge/env/sandbox.yaml")
    assert validate(System, document, ("s",)).app_secret is not None


def test_values_of_secrets_are_not_repeated_in_messages() -> None:
    secrets = Secrets({"S": "hunter2hunter2", "P": "same"})
    document = secrets.reveal(read("s: {connector: {secret: S}, budget: {secret: S}, zone: {secret: S}}", "f.yaml"))
    with pytest.raises(Misconfigured) as caught:
        validate(System, document, ("s",))
    assert "hunter2" not in str(caught.value)
    assert "[secret]" in str(caught.value)
    # A name that sounds secret is reason enough.
    assert "hunter2" not in one("password: {x: hunter2}")
    assert "hunter2" not in one("code: HUNTER2")
    assert "not what is written here" in one("code: HUNTER2")


def test_an_unresolved_reference_is_not_taken_for_a_secret() -> None:
    assert "must be text, not a mapping" in one("app_secret: {secret: NAME}")
