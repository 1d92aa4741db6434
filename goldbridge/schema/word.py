"""What every key and word of the hand-read files means: said once, for the reference and for editors."""

from __future__ import annotations

from goldbridge.records.field import IDENTIFYING

MAPPING = {
    "mapping": "the mapping's name, equal to its place: `legacy_crm.account` in `mappings/legacy_crm/account.yaml`",
    "target": "the entity that the records become; in an outgoing mapping `system.Object`",
    "source": "makes the mapping an outgoing one: the entity whose golden records are written",
    "key": "the source field that holds the record's key",
    "when": "condition (CEL); records for which it is false are filtered",
    "partial": "`true`: these records only add to others, so that required fields may be missing",
    "merged_into": (
        "the source field that holds the key of the record which this one was merged into; both are one from then on"
    ),
    "split_from": (
        "the source field that holds the key of the record which this one was split from; a steward is asked about both"
    ),
    "drop": "source fields that are left out on purpose",
    "fields": "target field -> how it is made; a dotted name reaches into a group",
    "examples": "given records and what must become of them; `goldbridge mapping test` runs them",
}

MAPPED_FIELD = {
    "from": "a source field; a list of them gives a list of values",
    "first_of": "source fields; the first one with a value counts",
    "join": "source fields and fixed texts, put together as one text",
    "expr": "a CEL expression over the record's fields",
    "value": "a constant",
    "with": "the text between the parts of `join`; nothing when left out",
    "via": "transforms, applied in order ([list](transforms.md))",
    "lookup": "a value table `{old: new}`, or the name of one in `mappings/tables`",
    "reverse": "`true`: the table is read backwards, for writing",
    "else": (
        "for a value that the table lacks: `reject` (a dead letter), `keep`, `null` with a note (the default), "
        "or a value to take instead"
    ),
    "default": "the value when the source has none; noted as inferred",
    "required": "`true`: a record without a value is a dead letter",
    "inferred": "`true`: every value is noted as worked out, not stated, and ranks below any stated one",
    "ref": "the value is a key of this stream, `system.stream`; makes a reference",
    "resolve": "outgoing: the key that the referred golden record has in this object of the target",
}

PART = {
    "from": "a source field",
    "value": "a fixed text, instead of `from`",
    "via": "transforms of this part alone",
    "ref": "the part is a key of this stream",
}

EXAMPLE = {
    "given": "the record",
    "expect": "fields and the values they must have",
    "absent": "fields that must not be there",
    "notes": "what must be noted, per field",
    "dead_letter": "a part of the reason why the record is refused, or `true`",
    "filtered": "`true`: `when` must leave the record out",
}

TABLE = {
    "table": "the table's name, equal to the file's",
    "about": "what it translates",
    "entries": "value of the source -> canonical value; keys are text",
}

ENTITY = {
    "fields": "the entity's fields by name; small letters, digits and `_`",
    "mastered": "`true`: deduplicated into golden records; otherwise each source record has one of its own",
    "parent": "the entity it hangs on; reached by the first reference to it, or by a field made under its name",
    "roles": "the roles a record can play; makes the field `role` on source records and `roles` on golden ones",
    "label": "what stewards read instead of the name",
    "description": "what the entity is",
}

FIELD = {
    "type": "one of the types below; implied by `enum`, `reference` and `fields`",
    "many": "`true`: a list of values",
    "required": "`true`: a record without it is a dead letter",
    "identifier": (
        "`hard`: two different valid values prove two entities; `soft`: evidence only. "
        f"For the types {', '.join(IDENTIFYING)}"
    ),
    "enum": "the words of an enum, in order",
    "reference": "the entity that the field refers to",
    "relation": (
        "what a reference to another record of the same entity means: `parent_of`, `branch_of` or `formerly`; "
        "none of them ever leads back to where it started"
    ),
    "fields": "the parts of a group, or further parts of an address",
    "currency": "the unit of an amount, three capitals; `CNY` when left out",
    "label": "what stewards read instead of the name",
    "description": "what the field holds",
}

ROLE = {
    "qualification": "the process that must approve a party in this role",
    "label": "what stewards read instead of the name",
}

MATCHING = {
    "compare": "field -> how its values are graded; replaces the shipped comparisons",
    "block": "what brings two records together as candidates: facets, joined by `+` when both must agree",
    "veto": "what no amount of evidence may override",
    "bands": "thresholds in bits, written `24 bits`",
    "limits": "bounds on what is done without a person",
}

BANDS = {
    "auto": "from this weight on, two records join by themselves",
    "review": "from this weight on, a steward is asked",
    "margin": "how far the best candidate must be ahead of the second one to join by itself",
}

LIMITS = {
    "cluster": "most records that join automatically into one golden record",
    "hub": "most different names that may share a value before that value counts for nothing",
    "block": "most records under one blocking key before it is split by a second one",
}

SURVIVORSHIP = {
    "order": "criteria, the most important first; the first one that tells two claims apart decides",
    "union": "`true`: every item of every claim, the best claim's first; the default of a field with `many`",
    "group": "says for the reader that the field survives whole; a group always does",
    "owner": "the system whose claim wins whenever it has one",
    "else": "criteria among the others when the owner says nothing; the value is then marked as a fallback",
    "fields": "makes the key a field group: these fields survive together, from one claim",
    "clears": "`true`: an explicit null competes too, and leaves the field empty when it wins",
}

CRITERION = {
    "validity": "a value that passes its check beats one that does not",
    "source_rank": "a list of systems, best first; a system that is not listed comes last",
    "recency": "the newer event time wins; a claim without one comes last",
    "quorum": "the value that more systems agree on wins; one system is one voice however many records it has",
    "trust": (
        "points per system, and how they fall: `{registry: 90, erp: {at: 80, to: 30, over: 365 d}}` is 80 points for "
        "the newest claim on the field, in a straight line down to 30 for one that is 365 days older or undated"
    ),
    "longest": "the longer text wins; refused for an organisation's name, where a branch suffix would win",
    "most_complete": "the group with more parts filled in wins",
    "most_restrictive": (
        "the value that binds most: by a list, the one that binds most first; without a list the lowest amount, and "
        "true before false"
    ),
    "expr": (
        "a CEL expression over `value`, `system`, `stream`, `event_at` and `record` (all values of the claim); the "
        "claim with the larger number wins, true before false"
    ),
}
