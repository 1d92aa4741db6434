"""What the connectors of maps have in common: two questions, and terms that are checked before they cost quota."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar

from connectors.base import Config, Lookup, Stream, question_key
from goldbridge.errors import Reject
from goldbridge.text.coordinate import SYSTEMS, Point, System, convert, parse_point


class Places(Lookup[Config]):
    """`geocode`: `address` and optionally `city`, where to search. `regeo`: `location` as `lng,lat`, and the `system`
    it is in (gcj02 unless said)."""

    questions: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "geocode": ("address", "city"),
        "regeo": ("location", "system"),
    }
    bad_term: ClassVar[str]
    """Code of a question that cannot be asked."""
    no_question: ClassVar[str]
    """Code of a question that maps do not answer."""

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        return {name: Stream(name, key="key", walk="full") for name in self.questions}

    def probe(self) -> str:
        self.ask("geocode", {"address": "北京市东城区景山前街4号", "city": "北京市"})
        return f"{self.context.system}: the key is accepted"

    def asked(self, question: str, terms: Mapping[str, str]) -> tuple[dict[str, str], str]:
        """The terms that this question takes, and its key."""
        asked = self.terms_of(question, terms, self.no_question)
        return asked, question_key(question, asked)

    def address(self, text: str, key: str) -> str:
        """The text, unless there is none."""
        if not text:
            raise Reject(self.bad_term, f"{self.context.system} geocode {key}: there is no address to ask for")
        return text

    def point(self, asked: Mapping[str, str], key: str) -> Point:
        """The place that is asked about, in GCJ-02 like those of every map here."""
        point, system = parse_point(asked["location"]), asked["system"] or "gcj02"
        source: System | None = next((known for known in SYSTEMS if known == system), None)
        if point is None or source is None:
            what = "`location` is not `lng,lat` in degrees" if point is None else f"`system` is none of {SYSTEMS}"
            raise Reject(self.bad_term, f"{self.context.system} regeo {key}: {what}")
        return convert(point, source, "gcj02")
