"""The pages of model.yaml, matching.yaml and survivorship.yaml; their words are here, their names in the code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dedupe.rule import DEFAULTS, FACETS, KINDS, POOLS, VETOES, Bands, Limits
from goldbridge.records.field import ADDRESS, TYPES
from goldbridge.records.model import ENTITY_KEYS, FIELD_KEYS, RESERVED, ROLE_KEYS
from goldbridge.schema.word import BANDS, CRITERION, ENTITY, FIELD, LIMITS, MATCHING, ROLE, SURVIVORSHIP
from mdm.survivorship_rule import CRITERIA
from tools.reference.markdown import code, described, keyed, sections, table


def model() -> str:
    """config/model.yaml."""
    taken = ", ".join(f"{code(name)} ({why})" for name, why in RESERVED.items())
    parts = [(code(name), TYPES[part.type] if part.type != "text" else part.label) for name, part in ADDRESS.items()]
    return sections(
        "# Model",
        """
`config/model.yaml` says under `entities:` what the house knows. Fields and entities are added there, without code.""",
        "## An entity",
        table(("key", "meaning"), described("entity keys", ENTITY_KEYS, ENTITY)),
        "## A field",
        table(("key", "meaning"), described("field keys", FIELD_KEYS, FIELD)),
        f"These names are taken: {taken}.",
        "## A role",
        table(("key", "meaning"), described("role keys", ROLE_KEYS, ROLE)),
        "## Types",
        table(("type", "canonical form"), [(code(name), form) for name, form in TYPES.items()]),
        "An address is a group of these parts and those under its `fields:`.",
        table(("part", "holds"), parts),
        """
Every value is in one of four states: absent (the source does not have the field), null, empty, or a value. Only a value
can win in a golden record.""",
    )


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
        table(("key", "meaning"), keyed(MATCHING)),
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
        table(("key", "meaning"), described("bands", Bands.__dataclass_fields__, BANDS)),
        "## limits",
        table(("key", "meaning"), described("limits", Limits.__dataclass_fields__, LIMITS)),
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
  credit_limit_cny: {order: [most_restrictive]}
  licence:     {fields: [reg_status, industry], order: [trust: {registry: 90, erp: {at: 80, to: 30, over: 365 d}}]}
```""",
        "## Keys of a field",
        table(("key", "meaning"), keyed(SURVIVORSHIP)),
        "## Criteria",
        table(("criterion", "meaning"), described("criteria", CRITERIA, CRITERION)),
        """
Whatever the rule says: a steward's pinned value wins over everything; a value that was only inferred (from a map or
another field) ranks below any that a source states; an invalid value ranks below any valid one; a value from a source
that is `until` a day that has passed ranks below the other sources'; null and empty never beat a value, but for
`clears`. Claims that no criterion tells apart are ordered by event time, then system, stream and key, so that the same
records always give the same golden record. `goldbridge golden show ID` names the criterion that decided.
[How to write these rules](../how-to/survivorship.md) tells which to use when.""",
    )
