"""The only contract between a source or target system and the rest of the house.

Three roles: a `Reader` walks a stream inside a closed window, a `Writer` writes a batch with one result per record and
can read back what it wrote, a `Lookup` answers one question at a time. A connector declares what it is as data and
moves JSON-safe rows (str, int, bool, None, lists, dicts; decimals and times as text) unchanged; it knows no business
rule, keeps no state of its own and is safe to use from several threads.

Delivery is at least once. The once *effect* comes from `read_back`: a write whose answer was lost is looked up by our
external id (or the declared natural key) before it is sent again. A target that offers neither says `at_least_once`.
"""

from __future__ import annotations

import difflib
import inspect
import json
import re
from abc import abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from goldbridge.clock import Clock
from goldbridge.errors import Halt, Mark, Misconfigured, Reject, Retry
from goldbridge.ports import Inbox, TokenStore
from goldbridge.records.declared import DeclaredField

if TYPE_CHECKING:  # a connector that speaks no HTTP, and a command that speaks to nobody, do without its libraries
    from goldbridge.http import HttpFactory
    from goldbridge.http.budget import Budget

RawRow = dict[str, Any]


class Position(NamedTuple):
    """How far a stream was read: the cursor value in the source's own notation, and the key that breaks ties."""

    cursor: str
    tie: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """What one run reads: after `start` (exclusive), up to `end` (inclusive). None: unbounded.

    The upper bound is fixed before the first page, so that rows edited during the read move out of the window and
    are met by the next one, instead of pushing their neighbours across a page boundary.
    """

    start: Position | None = None
    end: str | None = None


@dataclass(slots=True)
class Page:
    """Some rows in reading order, the position after the last of them, and keys the source reports as deleted.

    `rejects` are records that are there but cannot be read, each as (key, or the place where it stands when it has no
    key; why): dead letters from the start. Their keys count as seen, so that a full read does not take them for gone.
    `notes` are sentences about the stream that the run tells at its end.
    """

    rows: list[RawRow]
    at: Position | None = None
    gone: tuple[str, ...] = ()
    rejects: list[tuple[str, Reject]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Completeness:
    """Whether the reader can promise that no row of the window was missed; `reason` says why not."""

    proven: bool
    reason: str = ""


PROVEN = Completeness(True)

Pages = Generator[Page, None, Completeness]
"""A reader yields pages and *returns* its verdict; collect it with `Reading`."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of object in a system, as data.

    `walk` is how it is read: `keyset` by (cursor, key), proven complete; `offset` by page number, never proven on a
    changing set; `full` everything every time. `volatile` fields never make a record count as changed. `deleted` maps
    a flag field to the values that mean "deleted". `effect` is what a writer can promise. `one_by_one` says that a
    batch costs a call per record, so that a small one is better spread over all threads. Where rows are told rather
    than looked up, `changed_at` is the field that dates them (an older one that comes late changes nothing), and
    `partial` says that they hold only what changed.
    """

    name: str
    key: str
    cursor: str | None = None
    walk: Literal["keyset", "offset", "full"] = "keyset"
    fields: frozenset[str] | None = None
    volatile: tuple[str, ...] = ()
    deleted: tuple[str, frozenset[str]] | None = None
    writable: bool = False
    external_id: str | None = None
    natural_key: str | None = None
    write_batch: int = 1
    one_by_one: bool = False
    effect: Literal["once", "at_least_once"] = "once"
    changed_at: str | None = None
    partial: bool = False

    def key_of(self, row: Mapping[str, Any]) -> str:
        """The record's key as text; empty when the row has none (the caller makes a dead letter of it)."""
        value = row.get(self.key)
        return "" if value is None else str(value)

    def position(self, row: Mapping[str, Any]) -> Position | None:
        """The keyset position of a row, or None when the stream has no cursor."""
        if self.cursor is None:
            return None
        return Position(str(row[self.cursor]), self.key_of(row))

    def is_deleted(self, row: Mapping[str, Any]) -> bool:
        if self.deleted is None:
            return False
        flag, values = self.deleted
        return str(row.get(flag)) in values


@dataclass(frozen=True, slots=True)
class Write:
    """One record to write. `external_id` is ours and stable; `key` is the target's own key once it is known."""

    op: Literal["create", "update", "deactivate"]
    external_id: str
    values: Mapping[str, Any]
    key: str | None = None


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of one write. `unknown` means: it may have happened; read it back before sending it again."""

    external_id: str
    outcome: Literal["written", "rejected", "retry", "unknown"]
    key: str | None = None
    code: str = ""
    message: str = ""
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a look-up returned: the vendor's row under `stream` (mapped like any record), or why there is none."""

    found: bool
    stream: str
    key: str = ""
    row: RawRow = field(default_factory=dict)
    reason: str = ""


class BudgetConfig(BaseModel):
    """How fast one tenant may be called; the defaults of a connector come from its vendor's sheet."""

    model_config = ConfigDict(extra="forbid")
    calls: int = Field(100, gt=0, description="calls allowed per window")
    per_s: float = Field(20.0, gt=0, description="length of the window in seconds")
    daily: int | None = Field(None, gt=0, description="calls allowed per day; the flow is parked when they are used up")

    def within(self, daily: int) -> BudgetConfig:
        """The same, with the vendor's quota for a day where none is set."""
        return self if self.daily else self.model_copy(update={"daily": daily})


LOGINS = BudgetConfig(calls=10, per_s=60.0, daily=None)
"""How often a token is asked for at most, where that has a budget of its own."""


class ConnectorConfig(BaseModel):
    """Settings every connector has; a connector adds its own. Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    connector: str = Field(description="the kind of connector, e.g. `sql` or `fxiaoke`")
    zone: str | None = Field(None, description="time zone of naive times in this system, e.g. Asia/Shanghai")
    visibility: str = Field("internal", description="label that a reader needs to see values from this system")
    until: date | None = Field(
        None, description="the last day (UTC) on which its values count fully; from then on any other source beats them"
    )
    page: str | None = Field(
        None, description="where people see one record, for links in reports; `{object}` and `{key}` are filled in"
    )
    writes: Literal["enabled", "disabled"] = Field("disabled", description="writing must be switched on per system")
    budget: BudgetConfig | None = Field(None, description="rate budget shared by all flows of this process")
    threads: int = Field(4, ge=1, le=64, description="calls in flight at once")
    timeout_s: float = Field(60.0, gt=0, description="total deadline of one call, retries included")
    overlap_s: float = Field(
        0.0, ge=0, description="how far a run reads back before its cursor; the hash absorbs repeats"
    )
    safety_delay_s: float = Field(0.0, ge=0, description="how far the upper bound stays behind the server's clock")

    @field_validator("page")
    @classmethod
    def _shows_a_record(cls, page: str | None) -> str | None:
        if page is not None and (
            not re.match(r"https?://[^\s/{}]", page)
            or set(re.findall(r"\{.*?\}|[{}]", page)) - {"{object}", "{key}"}
            or "{key}" not in page
        ):
            raise ValueError("write the address of a record with {key} in it, as in https://crm.example/{object}/{key}")
        return page


Config = TypeVar("Config", bound=ConnectorConfig)


@dataclass(frozen=True, slots=True)
class Context:
    """What a flow lends to a connector: its name in sources.yaml, HTTP, a place for tokens and quotas, the clock, and
    what webhooks brought."""

    system: str
    http: HttpFactory
    store: TokenStore
    clock: Clock
    inbox: Inbox | None = None

    def budget(self, allowed: BudgetConfig, name: str = "") -> Budget:
        """The one budget of this system in this process; `name` sets a second one apart (a token endpoint's)."""
        given = allowed.model_dump(include={"calls", "per_s", "daily"})
        return self.http.budget(self.system, store=self.store, name=name, **given)


class Connector(Generic[Config]):
    """A system, connected. `kind` equals the file name; `config_model` validates its entry in sources.yaml."""

    kind: ClassVar[str]
    config_model: ClassVar[type[ConnectorConfig]]

    def __init__(self, config: Config, context: Context) -> None:
        self.config = config
        self.context = context

    @property
    def streams(self) -> Mapping[str, Stream]:
        """The streams this connection has, by name; for some kinds they depend on the configuration."""
        return {}

    def probe(self) -> str:
        """One cheap authenticated call; returns a sentence on what answered, raises one of the four otherwise."""
        return "nothing to probe"

    def objects(self) -> Sequence[str] | None:
        """Names of all that the system offers, configured as streams or not; None when it cannot say."""
        return None

    def describe(self, name: str) -> Sequence[DeclaredField] | None:
        """What the system itself says about the fields of a stream, or of one of `objects`; None when it does not."""
        return None

    def peek(self, name: str, limit: int) -> Sequence[RawRow] | None:
        """At most `limit` rows of one of `objects` that is no stream yet; None when that needs to be configured."""
        return None

    def close(self) -> None:
        """Give back connections; safe to call twice."""


class Reader(Connector[Config]):
    """Reads a stream inside a closed window."""

    def bound(self, stream: Stream) -> str | None:
        """The upper bound for a run that starts now, in the stream's cursor notation: server time less delay."""
        return None

    def rewind(self, stream: Stream, start: Position) -> Position:
        """Where to start instead of `start`, so that late commits inside the overlap are met again."""
        return start

    def fields(self, stream: Stream) -> frozenset[str] | None:
        """The fields a row of this stream can have, so that a misspelt one is found early; None: unknown."""
        return stream.fields

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        """A backfill's date range (ISO dates, inclusive) as a window in the stream's cursor notation."""
        return Window(Position(after) if after else None, until)

    @abstractmethod
    def read(self, stream: Stream, window: Window) -> Pages:
        """Yield the window's pages in order; return the verdict on completeness.

        Raises `Retry` when the source stays unreachable within its deadline, `Halt` when it must not be asked further,
        `Misconfigured` when an engineer has to act.
        """


class Writer(Connector[Config]):
    """Writes batches with one result per record."""

    @abstractmethod
    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        """Write at most `stream.write_batch` records; exactly one result per request, in any order.

        One call to the system at a time: the flow calls this from as many threads as `threads` says.
        Raises only for what concerns the whole target (`Retry`, `Halt`, `Misconfigured`); nothing was written then.
        """

    @abstractmethod
    def read_back(self, stream: Stream, external_ids: Sequence[str]) -> Mapping[str, RawRow]:
        """The rows that carry these external ids now; ids without a row are left out."""


Outcome = Answer | Reject | Retry | Halt
"""What became of one question of many: its answer, or why it has none (yet)."""


class Lookup(Connector[Config]):
    """Answers one question at a time; answers are cached by the caller, negative ones too."""

    questions: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Question -> names of the terms it takes, e.g. {"geocode": ("address", "city")}."""

    @abstractmethod
    def ask(self, question: str, terms: Mapping[str, str]) -> Answer:
        """One question, one answer; `Reject` when the question itself is refused."""

    def batch(self, question: str) -> int:
        """How many questions of this kind go into one call; more than one needs an `ask_batch`."""
        return 1

    def ask_batch(self, question: str, asked: Sequence[Mapping[str, str]]) -> list[Outcome]:
        """At most `batch` questions in one call, an outcome for each in order; `Reject` when the call is refused."""
        raise NotImplementedError

    def ask_many(self, question: str, asked: Sequence[Mapping[str, str]]) -> list[Outcome]:
        """One outcome per question, in order; of the four errors only `Misconfigured` is raised.

        A call refused as a whole is halved until the question that spoils it stands alone.
        """
        size = self.batch(question)
        found: list[Outcome] = []
        for at in range(0, len(asked), size):
            found += self._outcomes(question, asked[at : at + size])
        return found

    def _outcomes(self, question: str, asked: Sequence[Mapping[str, str]]) -> list[Outcome]:
        try:
            return [self.ask(question, asked[0])] if len(asked) == 1 else self.ask_batch(question, asked)
        except Reject as error:
            if len(asked) == 1:
                return [error]
        except (Retry, Halt) as error:
            return [error] * len(asked)
        half = len(asked) // 2
        return self._outcomes(question, asked[:half]) + self._outcomes(question, asked[half:])

    def terms_of(self, question: str, terms: Mapping[str, str], code: str) -> dict[str, str]:
        """The terms that this question takes, trimmed; `Misconfigured` with `code` when there is no such question."""
        if question in self.questions:
            asked = {name: (terms.get(name) or "").strip() for name in self.questions[question]}
            if any("\ud800" <= char <= "\udfff" for text in asked.values() for char in text):
                what = "a term holds half a character (a lone surrogate) and cannot be sent"
                raise Reject("CON017", f"{self.context.system} {question} {question_key(question, asked)}: {what}")
            return asked
        close = difflib.get_close_matches(question, self.questions, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"it answers {', '.join(self.questions)}"
        message = f"{self.context.system}: {self.kind} answers no question {question!r}; {hint}"
        raise Misconfigured.one(code, message, Mark("flows.yaml"))


def question_key(question: str, asked: Mapping[str, str]) -> str:
    """The same for the same question, in every process; says nothing about what was asked."""
    text = json.dumps([question, sorted(asked.items())], ensure_ascii=False)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Reading(Iterator[Page]):
    """Walks a reader's pages and keeps the verdict: `for page in reading: ...`, then `reading.completeness`."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self.completeness: Completeness | None = None

    def __next__(self) -> Page:
        try:
            return next(self._pages)
        except StopIteration as end:
            self.completeness = end.value or Completeness(False, "the reader gave no verdict")
            raise StopIteration from None

    def close(self) -> None:
        if inspect.getgeneratorstate(self._pages) != inspect.GEN_CLOSED:
            self._pages.close()
