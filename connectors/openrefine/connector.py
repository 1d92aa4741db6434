"""The OpenRefine connector: what the rest of the house sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import ClassVar

from connectors.base import Answer, Context, Lookup, Outcome, Stream, question_key
from connectors.openrefine.client import ReconcileClient
from connectors.openrefine.config import OpenRefineConfig
from goldbridge.errors import Reject
from goldbridge.ports import Json

_SUGGEST = {"suggest_entity": "entity", "suggest_property": "property", "suggest_type": "type"}


class OpenRefine(Lookup[OpenRefineConfig]):
    kind = "openrefine"
    config_model = OpenRefineConfig
    questions: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "entity": ("name", "credit_code", "address", "city"),
        "extend": ("id",),
        "suggest_entity": ("prefix",),
        "suggest_property": ("prefix",),
        "suggest_type": ("prefix",),
        "properties": ("type",),
    }

    def __init__(self, config: OpenRefineConfig, context: Context) -> None:
        super().__init__(config, context)
        self.client = ReconcileClient(config, context)

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        keys = {"entity": "id", "extend": "id"}
        return {name: Stream(name, key=keys.get(name, "key"), walk="full") for name in self.questions}

    def probe(self) -> str:
        manifest = self.client.manifest
        return f"{self.context.system}: {manifest['name']}, identifiers of {manifest['identifierSpace']}"

    def ask(self, question: str, terms: Mapping[str, str]) -> Answer:
        """`entity`: `name` and what `properties` sends along; `extend`: `id`; `suggest_*`: `prefix`."""
        if question in ("entity", "extend"):
            outcome = self.ask_batch(question, [terms])[0]
            if isinstance(outcome, Answer):
                return outcome
            raise outcome
        asked = self.terms_of(question, terms, "CON248")
        key = question_key(question, asked)
        (term,) = asked.values()
        about = f"{question} {key}"
        if not term:
            raise Reject("CON245", f"{self.context.system} {about}: there is nothing to ask for")
        if question == "properties":
            items = self.client.propose(term, about)
        else:
            items = self.client.suggest(_SUGGEST[question], term, about)
        if not items:
            return Answer(False, question, key, reason="the service suggests nothing")
        return Answer(True, question, key, {"key": key, "question": asked, "items": items})

    def batch(self, question: str) -> int:
        return self.config.batch if question in ("entity", "extend") else 1

    def ask_batch(self, question: str, asked: Sequence[Mapping[str, str]]) -> list[Outcome]:
        known = [self.terms_of(question, terms, "CON248") for terms in asked]
        return self._extended(known) if question == "extend" else self._reconciled(known)

    def _reconciled(self, known: Sequence[Mapping[str, str]]) -> list[Outcome]:
        keys = [question_key("entity", terms) for terms in known]
        queries = {f"q{at}": query for at, terms in enumerate(known) if (query := self._query(terms))}
        about = f"entity {keys[0]}" if len(keys) == 1 else f"entity of {len(queries)}"
        results = self.client.query(queries, about) if queries else {}
        found: list[Outcome] = []
        for at, (terms, key) in enumerate(zip(known, keys, strict=True)):
            where = f"{self.context.system} entity {key}"
            result = results.get(f"q{at}")
            candidates = result.get("result") if isinstance(result, dict) else None
            if f"q{at}" not in queries:
                found.append(Reject("CON245", f"{where}: there is nothing to ask for"))
            elif not isinstance(candidates, list):
                found.append(Reject("CON247", f"{where}: the service left this question out of its answer"))
            else:
                found.append(self._chosen(key, terms, candidates))
        return self._with_values(found)

    def _query(self, terms: Mapping[str, str]) -> dict[str, Json]:
        """An empty text or list is no valid query, so what is empty is left out; nothing at all is no question."""
        sent = [{"pid": pid, "v": terms[term]} for term, pid in self.config.properties.items() if terms.get(term)]
        said: dict[str, Json] = {"query": terms["name"] or None, "properties": sent or None}
        if not any(said.values()):
            return {}
        said |= {"type": self.config.type, "type_strict": self.config.type_strict, "limit": self.config.limit}
        return {name: value for name, value in said.items() if value is not None}

    def _chosen(self, key: str, terms: Mapping[str, str], candidates: list[Json]) -> Answer:
        """The candidate that the service is certain of, or the best one when its score is enough for us."""
        certain = [each for each in candidates if each.get("match") is True]
        best = max(candidates, key=_score, default=None)
        if len(certain) == 1:
            best = certain[0]
        elif certain or best is None or self.config.min_score is None or _score(best) < self.config.min_score:
            reason = "several candidates are called certain" if certain else "no candidate is certain"
            if best is None:
                reason = "the service knows nothing like it"
            elif not certain:
                reason += f"; the best has {_score(best)}"
            return Answer(False, "entity", key, reason=reason)
        row = {**best, "question": dict(terms), "candidates": candidates}
        return Answer(True, "entity", str(best["id"]), row)

    def _with_values(self, found: list[Outcome]) -> list[Outcome]:
        """The values of `extend`, fetched for everything that was found in one call."""
        ids = sorted({each.key for each in found if isinstance(each, Answer) and each.found})
        if ids and self.config.extend:
            rows = self.client.extend(ids, self.config.extend, f"values of {len(ids)}")
            for each in found:
                if isinstance(each, Answer) and each.found:
                    each.row["values"] = _values(rows.get(each.key) or {})
        return found

    def _extended(self, known: Sequence[Mapping[str, str]]) -> list[Outcome]:
        ids = sorted({terms["id"] for terms in known if terms["id"]})
        rows = self.client.extend(ids, self.config.extend, f"extend of {len(ids)}") if ids else {}
        found: list[Outcome] = []
        for terms in known:
            values = _values(rows.get(terms["id"]) or {})
            if not terms["id"]:
                found.append(Reject("CON245", f"{self.context.system} extend: there is no id to ask for"))
            elif any(values.values()):
                found.append(Answer(True, "extend", terms["id"], {"id": terms["id"], "values": values}))
            else:
                found.append(Answer(False, "extend", terms["id"], reason="the service has no values for it"))
        return found


def _score(candidate: Json) -> Decimal:
    try:
        return Decimal(str(candidate.get("score")))
    except InvalidOperation:
        return Decimal(0)


def _values(cells: Mapping[str, Json]) -> dict[str, list[Json]]:
    """A service's cells as plain values: text, whole numbers, truth, or another entity with id and name."""
    return {name: [_value(cell) for cell in each] for name, each in cells.items() if isinstance(each, list)}


def _value(cell: Json) -> Json:
    if isinstance(cell, dict):
        for kind in ("str", "date", "float", "int", "bool"):
            if kind in cell:
                return cell[kind]
    return cell
