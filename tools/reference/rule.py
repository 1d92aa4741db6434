"""The pages of model.yaml, matching.yaml and survivorship.yaml; their words are here, their names in the code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dedupe.rule import DEFAULTS, FACETS, KINDS, POOLS, VETOES, Bands, Limits
from goldbridge.records.field import ADDRESS, IDENTIFYING, TYPES
from goldbridge.records.model import ENTITY_KEYS, FIELD_KEYS, RESERVED, ROLE_KEYS
from mdm.survivorship_rule import CRITERIA
from tools.reference.markdown import code, described, keyed, sections, table

_ENTITY = {
    "fields": "the entity's fields by name; small letters, digits and `_`",
    "mastered": "`true`: deduplicated into golden records; otherwise each source record has one of its own",
    "parent": "the entity it hangs on; reached by the first reference to it, or by a field made under its name",
    "roles": "the roles a record can play; makes the field `role` on source records and `roles` on golden ones",
    "label": "what stewards read instead of the name",
    "description": "what the entity is",
}

_FIELD = {
    "type": "one of the types below; implied by `enum`, `reference` and `fields`",
    "many": "`true`: a list of values",
    "required": "`true`: a record without it is a dead letter",
    "identifier": (
        "`hard`: two different valid values prove two entities; `soft`: evidence only. "
        f"For the types {', '.join(IDENTIFYING)}"
    ),
    "enum": "the words of an enum, in order",
    "reference": "the entity that the field refers to",
    "fields": "the parts of a group, or further parts of an address",
    "currency": "the unit of an amount, three capitals; `CNY` when left out",
    "label": "what stewards read instead of the name",
    "description": "what the field holds",
}

_ROLE = {
    "qualification": "the process that must approve a party in this role",
    "label": "what stewards read instead of the name",
}


def model() -> str:
    """config/model.yaml."""
    taken = ", ".join(f"{code(name)} ({why})" for name, why in RESERVED.items())
    parts = [(code(name), TYPES[part.type] if part.type != "text" else part.label) for name, part in ADDRESS.items()]
    return sections(
        "# Model",
        """
`config/model.yaml` says under `entities:` what the house knows. Fields and entities are added there, without code.""",
        "## An entity",
        table(("key", "meaning"), described("entity keys", ENTITY_KEYS, _ENTITY)),
        "## A field",
        table(("key", "meaning"), described("field keys", FIELD_KEYS, _FIELD)),
        f"These names are taken: {taken}.",
        "## A role",
        table(("key", "meaning"), described("role keys", ROLE_KEYS, _ROLE)),
        "## Types",
        table(("type", "canonical form"), [(code(name), form) for name, form in TYPES.items()]),
        "An address is a group of these parts and those under its `fields:`.",
        table(("part", "holds"), parts),
        """
Every value is in one of four states: absent (the source does not have the field), null, empty, or a value. Only a value
can win in a golden record.""",
    )


MATCHING_KEYS = {
    "compare": "field -> how its values are graded; replaces the shipped comparisons",
    "block": "what brings two records together as candidates: facets, joined by `+` when both must agree",
    "veto": "what no amount of evidence may override",
    "bands": "thresholds in bits, written `24 bits`",
    "limits": "bounds on what is done without a person",
}
"""Key -> meaning; tests/docs holds them against the compiler, as the next one."""

_BANDS = {
    "auto": "from this weight on, two records join by themselves",
    "review": "from this weight on, a steward is asked",
    "margin": "how far the best candidate must be ahead of the second one to join by itself",
}

_LIMITS = {
    "cluster": "most records that join automatically into one golden record",
    "hub": "most different names that may share a value before that value counts for nothing",
    "block": "most records under one blocking key before it is split by a second one",
}


def matching() -> str:
    """config/matching.yaml."""
    pools = [(_kinds(pool), ", ".join(code(word) for word in words)) for pool, words in FACETS.items()]
    joined = map(_kinds, dict.fromkeys(POOLS.values()))
    blocks = [
        "# Matching",
        """
`config/matching.yaml` holds, per mastered entity, how records meet, are compared, are kept apart, and when they join.
The file, an entity or a key may be left out; the shipped rules at the end of this page take its place. Match weights
are evidence in bits: each comparison adds or subtracts, and 10 bits are odds of about a thousand to one.""",
        "## Keys of an entity",
        table(("key", "meaning"), keyed(MATCHING_KEYS)),
        "## compare",
        table(("kind", "compares"), [(code(kind), about) for kind, about in KINDS.items()]),
        f"However many fields there are of these kinds, they are one piece of evidence each: {'; '.join(joined)}.",
        "## block",
        """
A comparison offers facets to blocking. `brand+city` means that brand and city must both agree. A kind that is not
listed offers its value under the field's own name; `name` offers its pinyin too, as `NAME_pinyin`.""",
        table(("compared as", "facets"), pools),
        "## veto",
        table(("veto", "keeps apart"), [(code(name), about) for name, about in VETOES.items()]),
        "## bands",
        table(("key", "meaning"), described("bands", Bands.__dataclass_fields__, _BANDS)),
        "## limits",
        table(("key", "meaning"), described("limits", Limits.__dataclass_fields__, _LIMITS)),
        "## The shipped rules",
        "Fields that an entity does not have are left out without a word.",
        "```yaml\n" + "\n".join(_written(DEFAULTS)) + "\n```",
    ]
    return sections(*blocks)


def _kinds(pool: str) -> str:
    return " and ".join(code(kind) for kind in POOLS if POOLS[kind] == pool)


def _written(rules: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = []
    for entity, keys in rules.items():
        lines.append(f"{entity}:")
        for key, value in keys.items():
            if isinstance(value, Mapping):
                flow = "{" + ", ".join(f"{name}: {each}" for name, each in value.items()) + "}"
            else:
                flow = "[" + ", ".join(map(str, value)) + "]"
            lines.append(f"  {key}: {flow}")
    return lines


SURVIVORSHIP_KEYS = {
    "order": "criteria, the most important first; the first one that tells two claims apart decides",
    "union": "`true`: every item of every claim, the best claim's first; the default of a field with `many`",
    "group": "says for the reader that the field survives whole; a group always does",
    "owner": "the system whose claim wins whenever it has one",
    "else": "criteria among the others when the owner says nothing",
}

_CRITERION = {
    "validity": "a value that passes its check beats one that does not",
    "source_rank": "a list of systems, best first; a system that is not listed comes last",
    "recency": "the newer event time wins; a claim without one comes last",
    "quorum": "the value that more systems agree on wins; one system is one voice however many records it has",
    "longest": "the longer text wins; refused for an organisation's name, where a branch suffix would win",
    "most_complete": "the group with more parts filled in wins",
    "most_restrictive": "a list of values, the one that binds most first",
}


def survivorship() -> str:
    """config/survivorship.yaml."""
    return sections(
        "# Survivorship",
        """
`config/survivorship.yaml` says, per entity and field, which source's value survives in the golden record. A field that
is not listed survives by validity, then recency; one with `many` as the union of all sources.""",
        """
```yaml
party:
  name:        {order: [source_rank: [registry, erp, new_crm, legacy_crm], recency]}
  phones:      {union: true}
  capital_cny: {owner: registry, else: [recency]}
```""",
        "## Keys of a field",
        table(("key", "meaning"), keyed(SURVIVORSHIP_KEYS)),
        "## Criteria",
        table(("criterion", "meaning"), described("criteria", CRITERIA, _CRITERION)),
        """
Whatever the rule says: a steward's pinned value wins over everything; a value that was only inferred (from a map or
another field) ranks below any that a source states; an invalid value ranks below any valid one; null and empty never
beat a value. Claims that no criterion tells apart are ordered by event time, then system, stream and key, so that the
same records always give the same golden record. `goldbridge golden show ID` names the criterion that decided.""",
    )
