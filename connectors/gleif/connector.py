"""The GLEIF connector: what the rest of the house sees."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import ClassVar

from connectors.base import (
    PROVEN,
    Answer,
    Completeness,
    Context,
    Lookup,
    Outcome,
    Pages,
    Position,
    RawRow,
    Reader,
    Stream,
    Window,
    question_key,
)
from connectors.gleif.client import GleifClient
from connectors.gleif.config import GleifConfig
from connectors.gleif.walk import Span, Walk
from goldbridge.errors import Reject
from goldbridge.text.code import parse_lei

_NUMBER = re.compile(r"(?=.*\d)[0-9A-Z][0-9A-Z ./-]{3,}")
_PARENTS = {"parent": "direct-parent", "ultimate_parent": "ultimate-parent"}
_LAST_MOMENT = "T23:59:59Z"


class Gleif(Reader[GleifConfig], Lookup[GleifConfig]):
    kind = "gleif"
    config_model = GleifConfig
    questions: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "company": ("keyword",),
        "record": ("lei",),
        "parent": ("lei",),
        "ultimate_parent": ("lei",),
        "similar": ("name",),
    }

    def __init__(self, config: GleifConfig, context: Context) -> None:
        super().__init__(config, context)
        self._client = GleifClient(config, context)

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        answers = {name: Stream(name, key="id", walk="full") for name in ("company", "record", *_PARENTS)}
        answers["similar"] = Stream("similar", key="key", walk="full")
        if not self.config.filters:
            return answers
        return {"lei_record": Stream("lei_record", key="id", cursor="updated_at", walk="offset"), **answers}

    def probe(self) -> str:
        found = self._client.records({}, "probe", size=1)
        return f"{self.context.system}: {found.total} records, published {found.published}"

    # Questions

    def ask(self, question: str, terms: Mapping[str, str]) -> Answer:
        """`company` takes `keyword`: an LEI, a number of the local register (here the credit code), or a legal name.

        `record`, `parent` and `ultimate_parent` take `lei`; `similar` takes `name`.
        """
        asked = self.terms_of(question, terms, "CON243")
        key = question_key(question, asked)
        (term,) = asked.values()
        about = f"{question} {key}"
        if not term:
            raise Reject("CON240", f"{self.context.system} {about}: there is nothing to ask for")
        match question:
            case "company":
                return self._company(term, key, about)
            case "similar":
                return self._similar(term, key, about, asked)
            case "record":
                return self._chosen(question, key, self._by_lei([self._lei(term, about)], about))
            case _:
                return self._parent(question, self._lei(term, about), key, about)

    def batch(self, question: str) -> int:
        return self.config.lei_batch if question == "record" else 1

    def ask_batch(self, question: str, asked: Sequence[Mapping[str, str]]) -> list[Outcome]:
        """Many LEIs in one call."""
        known = [self.terms_of(question, terms, "CON243") for terms in asked]
        keys = [question_key(question, terms) for terms in known]
        leis: list[str | Reject] = []
        for terms, key in zip(known, keys, strict=True):
            try:
                leis.append(self._lei(terms["lei"], f"{question} {key}"))
            except Reject as error:
                leis.append(error)
        wanted = sorted({lei for lei in leis if isinstance(lei, str)})
        rows = {row["id"]: row for row in self._by_lei(wanted, f"{question} of {len(wanted)}")} if wanted else {}
        return [
            lei if isinstance(lei, Reject) else self._chosen(question, key, [rows[lei]] if lei in rows else [])
            for lei, key in zip(leis, keys, strict=True)
        ]

    def _company(self, term: str, key: str, about: str) -> Answer:
        lei = parse_lei(term)
        if lei is not None and lei.valid:
            return self._chosen("company", key, self._by_lei([lei.value], about))
        if _NUMBER.fullmatch(term):
            for number in dict.fromkeys((term, re.sub(r"[^0-9A-Z]", "", term))):
                rows = self._client.records({"entity.registeredAs": number}, about).rows
                if rows:
                    return self._chosen("company", key, rows)
        return self._by_name(term, key, about)

    def _by_name(self, term: str, key: str, about: str) -> Answer:
        """By completion, not by filter: a comma in a name would split it there. Only the very name is an answer."""
        said = term.casefold()
        same = [lei for name, lei in self._client.similar(term, about) if name.casefold() == said]
        if same and not any(same):
            return Answer(False, "company", key, reason="several records carry this name")
        return self._chosen("company", key, self._by_lei([lei for lei in same if lei], about) if same else [])

    def _similar(self, term: str, key: str, about: str, asked: Mapping[str, str]) -> Answer:
        items = [{"name": name, "lei": lei} for name, lei in self._client.similar(term, about)]
        if not items:
            return Answer(False, "similar", key, reason="no name is like this one")
        return Answer(True, "similar", key, {"key": key, "question": asked, "items": items})

    def _parent(self, question: str, lei: str, key: str, about: str) -> Answer:
        try:
            row = self._client.one(f"/lei-records/{lei}/{_PARENTS[question]}", about)
        except Reject as error:
            if error.code != "CON241":
                raise
            return Answer(False, question, key, reason="no parent is reported")
        return Answer(True, question, str(row["id"]), {**row, "child": lei})

    def _by_lei(self, leis: Sequence[str], about: str) -> list[RawRow]:
        return self._client.records({"lei": ",".join(leis)}, about, size=max(15, len(leis))).rows

    def _chosen(self, question: str, key: str, rows: Sequence[RawRow]) -> Answer:
        if len(rows) != 1:
            reason = f"{len(rows)} records carry this number or name" if rows else "GLEIF knows no such company"
            return Answer(False, question, key, reason=reason)
        return Answer(True, question, str(rows[0]["id"]), rows[0])

    def _lei(self, text: str, about: str) -> str:
        lei = parse_lei(text) if text else None
        if lei is None or not lei.valid:
            why = lei.reason if lei else "there is nothing to ask for"
            raise Reject("CON240", f"{self.context.system} {about}: no LEI: {why}")
        return lei.value

    # Stream

    def bound(self, stream: Stream) -> str:
        """The last publication: what is updated later is not in the service yet."""
        return self._client.records({}, "publication", size=1).published

    def rewind(self, stream: Stream, start: Position) -> Position:
        at = datetime.fromisoformat(start.cursor) - timedelta(seconds=self.config.overlap_s)
        return Position(at.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        return Window(Position(after) if after else None, until + _LAST_MOMENT if until else None)

    def read(self, stream: Stream, window: Window) -> Pages:
        end = window.end or self.bound(stream)
        start = window.start.cursor if window.start else self.config.since
        walk = Walk(self._client, self.config, self.context.system, start, end)
        if start <= end:
            yield from walk.pages(Span(date.fromisoformat(start[:10]), date.fromisoformat(end[:10])))
        return Completeness(False, walk.doubt) if walk.doubt else PROVEN
