"""Compiles config/matching.yaml: how records of an entity meet, are compared, are kept apart, and when they join.

An entity with no entry, or a missing key of one, gets the shipped defaults, so that matching works before anybody has
written a rule. Every problem is reported at once with its place.

    party:
      block:   [credit_code, phone, brand+city]            # what brings two records together
      compare: {name: organisation, phones: set}           # field -> how its values are graded
      veto:    [different_hard_id]                          # what no amount of evidence may override
      bands:   {auto: 24 bits, review: 8 bits, margin: 2 bits}
      limits:  {cluster: 200, hub: 20, block: 400}
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from dedupe.bit import bits
from goldbridge.errors import Mark, Problems
from goldbridge.ports import Document

KINDS: dict[str, str] = {
    "organisation": "a company's name, parsed into region, brand, trade, form and branch; several fields are one pool",
    "person": "a person's name; surname with a title (王总) fits, homophones are nearly equal",
    "name": "any other short name, for example of a place",
    "reference": "another record that it belongs to: the same or not",
    "country": "a country, as its name or its code",
    "address": "a postal address, parsed into region, road and number",
    "phone": "telephone numbers; several fields are one pool",
    "email": "e-mail addresses; their domain counts as well",
    "domain": "web sites and domains",
    "set": "several values, one in common is enough; phones and e-mails are recognised by their type",
    "identifier": "an official number; checked when it has a check digit",
    "code": "a number or code without a check digit, for example a postcode",
    "date": "a calendar date",
    "number": "a quantity",
    "category": "one of a few values",
    "text": "longer text, compared by its rare words",
}
POOLS = {"organisation": "organisation", "address": "address", "phone": "phone", "email": "online", "domain": "online"}
"""Kinds of which an entity has one comparison, and its name: two columns of phones are one piece of evidence."""

VETOES: dict[str, str] = {
    "different_hard_id": "two different valid numbers of one kind",
    "head_office_and_branch": "a branch and its head office, or two branches",
    "fund_number": "two numbers of a numbered series (funds, phases, factories)",
    "different_kind": "a sole trader, a cooperative or a public body and a company",
    "namesakes": "the same name in two cities, tied together only by a record that names no place",
    "group_marker": "a group and a company of the same brand that is not the group",
}

FACETS: dict[str, tuple[str, ...]] = {
    "organisation": (
        "core", "brand", "brand_pinyin", "brand_near", "trade", "branch", "short_name", "city", "province",
        "start", "token", "letters", "outline",
    ),
    "address": ("site", "road", "city", "province"),
    "phone": ("phone",),
    "online": ("email", "domain"),
}  # fmt: skip
"""What each pool offers to blocking; any other comparison offers its value under its own name."""


def offered(comparison: Comparison) -> tuple[str, ...]:
    """The words that `block` may use because of this comparison."""
    own = FACETS.get(comparison.kind, (comparison.name,))
    return (*own, f"{comparison.name}_pinyin") if comparison.kind in ("name", "person") else own


@dataclass(frozen=True, slots=True)
class Comparison:
    """One piece of evidence: `fields` of a record, cleaned and graded as `kind`."""

    name: str
    kind: str
    fields: tuple[str, ...]
    type: str = ""


@dataclass(frozen=True, slots=True)
class Bands:
    """Thresholds in ten-thousandths of a bit. The lower bounds are inclusive: a weight equal to `auto` joins."""

    auto: int = bits(24)
    review: int = bits(8)
    margin: int = bits(2)

    def of(self, weight: int) -> str:
        if weight >= self.auto:
            return "auto"
        return "review" if weight >= self.review else "no"


@dataclass(frozen=True, slots=True)
class Limits:
    """`cluster`: most members joined automatically; `hub`: most different names that may share a value before it is
    ignored; `block`: most records under one blocking key before it is split by a second one."""

    cluster: int = 200
    hub: int = 20
    block: int = 400


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that decides a score beside the frozen statistics and the two records."""

    entity: str
    comparisons: tuple[Comparison, ...]
    blocks: tuple[tuple[str, ...], ...]
    vetoes: frozenset[str]
    bands: Bands = field(default_factory=Bands)
    limits: Limits = field(default_factory=Limits)

    def as_json(self) -> dict[str, Any]:
        """Plain data, in a fixed order: what a ruleset revision keeps beside its statistics."""
        return {
            "entity": self.entity,
            "compare": [[item.name, item.kind, list(item.fields), item.type] for item in self.comparisons],
            "block": ["+".join(parts) for parts in self.blocks],
            "veto": sorted(self.vetoes),
            "bands": {"auto": self.bands.auto, "review": self.bands.review, "margin": self.bands.margin},
            "limits": {"cluster": self.limits.cluster, "hub": self.limits.hub, "block": self.limits.block},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Rules:
        """The inverse of `as_json`."""
        return cls(
            entity=data["entity"],
            comparisons=tuple(
                Comparison(name, kind, tuple(fields), type_) for name, kind, fields, type_ in data["compare"]
            ),
            blocks=tuple(tuple(item.split("+")) for item in data["block"]),
            vetoes=frozenset(data["veto"]),
            bands=Bands(**data["bands"]),
            limits=Limits(**data["limits"]),
        )

    def revision(self) -> str:
        """Hash of the rules alone; equal rules have equal revisions however the YAML was written."""
        return hashlib.blake2b(orjson.dumps(self.as_json(), option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()

    def reads(self) -> frozenset[str]:
        """The fields whose change can change a score or a key."""
        return frozenset(name for item in self.comparisons for name in item.fields)


DEFAULTS: dict[str, dict[str, Any]] = {
    "party": {
        "block": [
            "credit_code", "lei", "phone", "email", "domain", "site", "core", "brand+city", "brand+trade",
            "brand_pinyin+city", "brand_pinyin+trade", "brand_near+city", "short_name+city", "token", "start",
            "letters", "outline",
        ],
        "compare": {
            "name": "organisation", "short_name": "organisation", "former_names": "organisation",
            "credit_code": "identifier", "lei": "identifier", "registration_no": "code",
            "phones": "phone", "phone": "phone", "emails": "email", "email": "email", "website": "domain",
            "address": "address", "country": "country",
        },
        "veto": [
            "different_hard_id", "head_office_and_branch", "fund_number", "different_kind", "group_marker", "namesakes",
        ],
        "bands": {"auto": "24 bits", "review": "8 bits", "margin": "2 bits"},
        "limits": {"cluster": 200, "hub": 20, "block": 400},
    },
    "contact": {
        "block": ["phone", "email", "name+party", "name_pinyin+party"],
        "compare": {
            "name": "person", "mobile": "phone", "phones": "phone", "email": "email", "emails": "email",
            "party": "reference",
        },
        "veto": ["different_hard_id"],
        "bands": {"auto": "15 bits", "review": "8 bits", "margin": "2 bits"},
        "limits": {"cluster": 50, "hub": 10, "block": 400},
    },
}  # fmt: skip
"""The shipped rules; fields that an entity does not have are left out without a word."""

_KIND_OF_TYPE = {
    "credit_code": "identifier",
    "lei": "identifier",
    "phone": "phone",
    "email": "email",
    "address": "address",
}
BITS = re.compile(r"^\s*(-?\d+(?:\.\d{1,4})?)\s*bits?\s*$")


def compile_rules(document: Document | None, entity: str = "party", fields: Mapping[str, Any] | None = None) -> Rules:
    """The rules of `entity`; `fields` maps its field names to their types (text, or an object with `.type`).

    Without `fields` nothing is said about unknown field names. Raises `Misconfigured` with every problem in the file.
    """
    types = {name: str(getattr(item, "type", item)) for name, item in fields.items()} if fields is not None else None
    problems = Problems()
    section: dict[str, Any] = {}
    mark = _Marks(document, entity)
    if document is not None and document.data:
        if not isinstance(document.data, dict):
            problems.note(document.mark(), "DED002", "expected entities with their matching rules, as `party: {...}`")
        else:
            found = document.data.get(entity)
            if isinstance(found, dict):
                section = found
            elif found is not None:
                problems.note(mark.value(), "DED002", f"{entity}: expected block, compare, veto, bands and limits")
    default = DEFAULTS.get(entity, {})
    for key in section:
        if key not in SECTIONS:
            problems.note(mark.key(key), "DED001", f"unknown key '{key}'{_meant(key, SECTIONS)}")
    comparisons = _comparisons(section, default, types, mark, problems)
    blocks = _blocks(section, default, comparisons, mark, problems)
    vetoes = _vetoes(section, default, mark, problems)
    bands = _bands(section, default, mark, problems)
    limits = _limits(section, default, mark, problems)
    problems.raise_any()
    return Rules(entity, comparisons, blocks, vetoes, bands, limits)


SECTIONS = ("block", "compare", "veto", "bands", "limits")
_EMPTY = "empty, so that no two records would ever meet; leave the key out to use the shipped rules"


class _Marks:
    """Places inside one entity's section, or the file as a whole when there is none."""

    def __init__(self, document: Document | None, entity: str) -> None:
        self._document, self._entity = document, entity

    def value(self, *path: str | int) -> Mark:
        return self._document.mark(self._entity, *path) if self._document else Mark("config/matching.yaml")

    def key(self, *path: str | int) -> Mark:
        return self._document.key_mark(self._entity, *path) if self._document else Mark("config/matching.yaml")


def _meant(word: str, known: Iterable[str]) -> str:
    names = sorted(known)
    if not names:
        return ""
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else f"; known: {', '.join(names)}"


def _comparisons(
    section: Mapping[str, Any],
    default: Mapping[str, Any],
    types: Mapping[str, str] | None,
    mark: _Marks,
    problems: Problems,
) -> tuple[Comparison, ...]:
    written = section.get("compare")
    if written is not None and not isinstance(written, dict):
        problems.note(
            mark.value("compare"), "DED002", "compare: expected fields with their kind, as {name: organisation}"
        )
        written = None
    if written == {}:
        problems.note(mark.value("compare"), "DED002", f"compare: {_EMPTY}")
    chosen = written if written is not None else default.get("compare", {})
    pools: dict[tuple[str, str], list[str]] = {}
    for name, kind in chosen.items():
        if types is not None and name not in types:
            if written is not None:
                problems.note(mark.key("compare", name), "DED003", f"no field '{name}'{_meant(str(name), types)}")
            continue
        if not isinstance(kind, str) or kind not in KINDS:
            said = f"unknown comparison '{kind}'" if isinstance(kind, str) else f"{name}: expected a kind of comparison"
            problems.note(mark.value("compare", name), "DED004", f"{said}{_meant(str(kind or ''), KINDS)}")
            continue
        type_ = (types or {}).get(name, "")
        if kind == "set":
            kind = _KIND_OF_TYPE.get(type_) or _kind_of_name(name)
        pool = POOLS.get(kind, "")
        pools.setdefault((pool or kind, "" if pool else name), []).append(name)
    return tuple(
        Comparison(own or kind, kind, tuple(names), (types or {}).get(names[0], ""))
        for (kind, own), names in pools.items()
    )


def _kind_of_name(name: str) -> str:
    """What a `set` holds when its type is not known: the field's name says it for the usual ones."""
    for word, kind in (
        ("phone", "phone"),
        ("mobile", "phone"),
        ("tel", "phone"),
        ("mail", "email"),
        ("site", "domain"),
        ("domain", "domain"),
    ):
        if word in name:
            return kind
    return "set"


def _blocks(
    section: Mapping[str, Any],
    default: Mapping[str, Any],
    comparisons: tuple[Comparison, ...],
    mark: _Marks,
    problems: Problems,
) -> tuple[tuple[str, ...], ...]:
    known = {facet for item in comparisons for facet in offered(item)}
    spared: set[str] = set()
    wanted = section.get("compare")
    if isinstance(wanted, dict) and len(wanted) > sum(len(item.fields) for item in comparisons):
        # A compared field was refused: what it would have offered is not a second mistake.
        spared = {
            facet for name in wanted for kind in (*KINDS, *FACETS) for facet in offered(Comparison(name, kind, ()))
        }
    written = section.get("block")
    if written is not None and not isinstance(written, list):
        problems.note(mark.value("block"), "DED002", "block: expected a list, as [credit_code, brand+city]")
        written = None
    if written == []:
        problems.note(mark.value("block"), "DED002", f"block: {_EMPTY}")
    blocks = []
    for place, item in enumerate(written if written is not None else default.get("block", ())):
        parts = tuple(part.strip() for part in str(item).split("+"))
        unknown = [part for part in parts if part not in known | spared]
        if not unknown:
            if parts not in blocks:
                blocks.append(parts)
        elif written is not None:
            for part in unknown:
                problems.note(
                    mark.value("block", place),
                    "DED005",
                    f"'{part}' comes from none of the compared fields{_meant(part, known or spared)}",
                )
    if written is None and not blocks:
        blocks = [(offered(item)[0],) for item in comparisons]
    return tuple(blocks)


def _vetoes(section: Mapping[str, Any], default: Mapping[str, Any], mark: _Marks, problems: Problems) -> frozenset[str]:
    written = section.get("veto")
    if written is not None and not isinstance(written, list):
        problems.note(mark.value("veto"), "DED002", "veto: expected a list, as [different_hard_id]")
        written = None
    chosen = written if written is not None else default.get("veto", ("different_hard_id",))
    for place, name in enumerate(chosen):
        if str(name) not in VETOES:
            problems.note(mark.value("veto", place), "DED006", f"unknown veto '{name}'{_meant(str(name), VETOES)}")
    return frozenset(str(name) for name in chosen) & VETOES.keys()


def _bands(section: Mapping[str, Any], default: Mapping[str, Any], mark: _Marks, problems: Problems) -> Bands:
    chosen = dict(default.get("bands", {}))
    written = section.get("bands")
    if written is not None and not isinstance(written, dict):
        problems.note(mark.value("bands"), "DED002", "bands: expected {auto: 24 bits, review: 8 bits, margin: 2 bits}")
        written = None
    known = ("auto", "review", "margin")
    for name, text in (written or {}).items():
        if name not in known:
            problems.note(mark.key("bands", name), "DED001", f"unknown band '{name}'{_meant(str(name), known)}")
        elif not isinstance(text, str) or not BITS.match(text):
            problems.note(
                mark.value("bands", name), "DED007", f"{name}: '{text}' is not a number of bits, as `24 bits`"
            )
        else:
            chosen[name] = text
    values = {name: bits(float(match[1])) for name, text in chosen.items() if (match := BITS.match(text))}
    bands = Bands(**values)
    if bands.review > bands.auto:
        problems.note(mark.value("bands"), "DED007", "review must not be above auto: nothing would be left to review")
    if bands.margin < 0:
        problems.note(mark.value("bands"), "DED007", "margin must not be negative")
    return bands


def _limits(section: Mapping[str, Any], default: Mapping[str, Any], mark: _Marks, problems: Problems) -> Limits:
    chosen = dict(default.get("limits", {}))
    written = section.get("limits")
    if written is not None and not isinstance(written, dict):
        problems.note(mark.value("limits"), "DED002", "limits: expected {cluster: 200, hub: 20}")
        written = None
    known = ("cluster", "hub", "block")
    for name, value in (written or {}).items():
        if name not in known:
            problems.note(mark.key("limits", name), "DED001", f"unknown limit '{name}'{_meant(str(name), known)}")
        elif not isinstance(value, int) or isinstance(value, bool) or value < 2:
            problems.note(
                mark.value("limits", name), "DED008", f"{name}: expected a whole number of at least 2, not '{value}'"
            )
        else:
            chosen[name] = value
    return Limits(**chosen)
