"""All tables, once. The migrations create them; a test holds that both say the same.

Ids of records and golden records are 63-bit numbers computed from what they name; other ids are counted by the
database. Times are ISO text in UTC (empty: none), JSON documents are TEXT written by `document`, flags are 0 or 1.
Unique partial indexes carry the promises: one open membership per record, one open task per subject, one row under
way per subject.
"""

from __future__ import annotations

from sqlalchemy import Index, MetaData, Table

from goldbridge.state import cutover_table
from goldbridge.state.column import counted, doc, number, partial, words

metadata = MetaData()


meta = Table("meta", metadata, words("name", key=True), words("value"))

source_record = Table(
    "source_record",
    metadata,
    number("id", key=True),
    words("system"),
    words("stream"),
    words("entity"),
    words("key"),
    number("incarnation"),
    words("state"),
    words("fate"),
    number("version"),
    number("newest"),
    number("raw_at"),
    words("raw_hash"),
    words("canonical_hash"),
    words("mapping_rev"),
    number("first_run"),
    words("event_at"),
    words("received_at"),
    number("anchor", null=True),
    doc("canonical"),
    doc("notes"),
    Index("source_record_key", "system", "stream", "key", "incarnation", unique=True),
    partial("source_record_anchor", "anchor", where="anchor IS NOT NULL"),
)

# A log: rows are only added at its end, so that landing touches no index of it. Each row names the one before it of the
# same record, and the record names its newest row and the row that holds its current content.
source_version = Table(
    "source_version",
    metadata,
    counted(),
    number("record"),
    number("before"),
    number("seq"),
    words("op"),
    doc("raw"),
    words("event_at"),
    words("received_at"),
    number("run"),
)

sighting = Table(
    "sighting",
    metadata,
    number("generation", key=True),
    number("record", key=True),
    sqlite_with_rowid=False,
)

golden_record = Table(
    "golden_record",
    metadata,
    number("id", key=True),
    words("entity"),
    number("founder"),
    number("counter"),
    words("state"),
    number("version"),
    doc("values"),
    doc("lineage"),
    words("changed_at"),
    Index("golden_record_entity", "entity", "id"),
    Index("golden_record_founder", "founder", "counter", unique=True),
)

golden_version = Table(
    "golden_version",
    metadata,
    number("id", key=True),
    number("version", key=True),
    words("state"),
    doc("values"),
    doc("unset"),
    doc("lineage"),
    words("valid_from"),
    words("tx_from"),
    words("cause"),
    number("run"),
)

golden_redirect = Table(
    "golden_redirect",
    metadata,
    counted("seq"),
    number("from_id"),
    number("direct"),
    number("to_id"),
    doc("members"),
    words("cause"),
    number("run"),
    words("tx_from"),
    words("tx_to"),
    Index("golden_redirect_from", "from_id", "tx_to"),
    Index("golden_redirect_direct", "direct", "tx_to"),
)

membership = Table(
    "membership",
    metadata,
    counted("seq"),
    number("record"),
    number("golden"),
    words("system"),
    words("stream"),
    words("basis"),
    number("ours"),
    number("published"),
    words("cause"),
    number("run"),
    words("tx_from"),
    words("tx_to"),
    partial("membership_open", "record", where="tx_to = ''", unique=True),
    partial("membership_published", "golden", "system", "stream", where="tx_to = '' AND published = 1", unique=True),
    partial("membership_golden", "golden", where="tx_to = ''"),
    Index("membership_record", "record", "seq"),
    Index("membership_history", "golden", "tx_to"),
)

identifier = Table(
    "identifier",
    metadata,
    number("record", key=True),
    words("type", key=True),
    words("value", key=True),
    words("strength"),
    number("valid"),
    Index("identifier_value", "type", "value", "record"),
)

match_key = Table(
    "match_key", metadata, words("entity", key=True), words("key", key=True), number("record", key=True),
    Index("match_key_record", "record"), sqlite_with_rowid=False,
)  # fmt: skip

match_feature = Table(
    "match_feature", metadata, number("record", key=True), number("rev"), words("stamp"), words("features"),
    sqlite_with_rowid=False,
)  # fmt: skip

match_edge = Table(
    "match_edge",
    metadata,
    number("rev", key=True),
    number("a", key=True),
    number("b", key=True),
    number("weight"),
    words("band"),
    doc("parts"),
    doc("vetoes"),
    Index("match_edge_b", "rev", "b"),
)

assertion = Table(
    "assertion",
    metadata,
    counted(),
    words("kind"),
    number("a"),
    number("b"),
    words("author"),
    words("reason"),
    number("decision", null=True),
    words("lapse"),
    words("evidence_hash"),
    words("at"),
    words("revoked_at"),
    number("revoked_by", null=True),
    partial("assertion_a", "a", where="revoked_at = ''"),
    partial("assertion_b", "b", where="revoked_at = ''"),
    sqlite_autoincrement=True,
)

override = Table(
    "override",
    metadata,
    counted(),
    number("anchor"),
    words("field"),
    words("item"),
    words("mode"),
    doc("value"),
    words("policy"),
    words("seen_hash"),
    words("author"),
    words("approved_by"),
    words("reason"),
    number("decision", null=True),
    words("at"),
    words("revoked_at"),
    number("revoked_by", null=True),
    partial("override_anchor", "anchor", where="revoked_at = ''"),
    sqlite_autoincrement=True,
)

relation = Table(
    "relation",
    metadata,
    words("kind", key=True),
    number("child", key=True),
    number("parent", key=True),
    words("basis", key=True),
    words("since"),
    words("until"),
    Index("relation_child", "child"),
    Index("relation_parent", "parent"),
    partial("relation_dropped", "child", where="basis = 'dropped'"),
)

party_role = Table(
    "party_role",
    metadata,
    number("golden", key=True),
    words("role", key=True),
    words("unit", key=True),
    words("valid_from", key=True),
    words("status"),
    words("qualification"),
    words("owner"),
    number("anchor", null=True),
    doc("detail"),
)

ruleset = Table(
    "ruleset",
    metadata,
    counted("rev"),
    doc("document"),
    doc("statistics"),
    words("fingerprint"),
    words("state"),
    words("author"),
    words("approved_by"),
    words("created_at"),
    words("activated_at"),
    partial("ruleset_active", "state", where="state = 'active'", unique=True),
    sqlite_autoincrement=True,
)

simulation = Table(
    "simulation",
    metadata,
    counted(),
    number("base_rev"),
    number("new_rev"),
    number("watermark"),
    doc("counts"),
    doc("clusters"),
    words("at"),
    Index("simulation_rev", "new_rev"),
)

task = Table(
    "task",
    metadata,
    counted(),
    words("kind"),
    words("entity"),
    doc("subject"),
    words("subject_hash"),
    doc("payload"),
    words("queue"),
    number("priority"),
    words("assignee"),
    words("due_at"),
    words("state"),
    number("version"),
    words("evidence_hash"),
    words("created_at"),
    words("changed_at"),
    words("resolution"),
    number("decision", null=True),
    partial("task_subject", "kind", "subject_hash", where="state IN ('open', 'deferred')", unique=True),
    Index("task_state", "state", "queue", "priority"),
    sqlite_autoincrement=True,
)

task_record = Table(
    "task_record",
    metadata,
    number("record", key=True),
    number("task", key=True),
    sqlite_with_rowid=False,
)

task_comment = Table(
    "task_comment",
    metadata,
    counted(),
    number("task"),
    words("author"),
    words("text"),
    words("at"),
    Index("task_comment_task", "task"),
)

decision = Table(
    "decision",
    metadata,
    counted(),
    number("task", null=True),
    words("kind"),
    words("judgement"),
    doc("payload"),
    doc("base_versions"),
    words("reason"),
    words("proposer"),
    words("approver"),
    words("state"),
    doc("inverse"),
    words("created_at"),
    words("applied_at"),
    number("undone_by", null=True),
    number("version"),
    Index("decision_task", "task"),
    Index("decision_state", "state"),
    sqlite_autoincrement=True,
)

outbox = Table(
    "outbox",
    metadata,
    counted("seq"),
    words("kind"),
    number("subject"),
    words("entity"),
    number("version"),
    words("event"),
    words("system"),
    words("stream"),
    doc("detail"),
    number("run"),
    words("at"),
    sqlite_autoincrement=True,
)

delivery = Table(
    "delivery",
    metadata,
    counted(),
    words("flow"),
    words("target"),
    words("object"),
    number("subject"),
    words("entity"),
    number("version"),
    words("op"),
    words("external_id"),
    words("key"),
    doc("after"),
    doc("before"),
    words("state"),
    number("attempts"),
    words("not_before"),
    words("blocked_by"),
    number("fence"),
    words("code"),
    words("message"),
    words("created_at"),
    words("changed_at"),
    number("run"),
    partial("delivery_waiting", "target", "object", "subject", where="state IN ('ready', 'parked')", unique=True),
    partial("delivery_under_way", "target", "object", "subject", where="state IN ('inflight', 'unknown')", unique=True),
    partial("delivery_ready", "target", "object", "id", where="state = 'ready'"),
    partial("delivery_unknown", "target", "object", "id", where="state = 'unknown'"),
    partial("delivery_blocked", "blocked_by", where="state = 'parked'"),
    Index("delivery_subject", "target", "object", "subject", "version"),
    Index("delivery_state", "state", "changed_at"),
    sqlite_autoincrement=True,
)

write_ledger = Table(
    "write_ledger",
    metadata,
    words("target", key=True),
    words("object", key=True),
    words("key", key=True),
    number("subject"),
    number("version"),
    doc("fields"),
    words("at"),
    Index("write_ledger_subject", "target", "object", "subject"),
)

dead_letter = Table(
    "dead_letter",
    metadata,
    counted(),
    words("flow"),
    words("system"),
    words("stream"),
    words("key"),
    words("stage"),
    words("code"),
    words("message"),
    words("error_class"),
    words("fingerprint"),
    words("field"),
    words("rule_file"),
    number("rule_line"),
    number("rule_column"),
    doc("payload_src"),
    doc("payload_out"),
    number("attempts"),
    words("first_at"),
    words("last_at"),
    number("run"),
    Index("dead_letter_record", "flow", "system", "stream", "key", unique=True),
    Index("dead_letter_fingerprint", "fingerprint"),
    sqlite_autoincrement=True,
)

flow_lease = Table(
    "flow_lease",
    metadata,
    words("flow", key=True),
    words("holder"),
    number("fence"),
    number("expires_ms"),
    number("acquired_ms"),
)

run = Table(
    "run",
    metadata,
    counted(),
    words("flow"),
    words("kind"),
    words("fingerprint"),
    number("fence"),
    words("state"),
    words("started_at"),
    words("heartbeat_at"),
    words("ended_at"),
    doc("counters"),
    words("completeness"),
    words("message"),
    doc("detail"),
    Index("run_flow", "flow", "id"),
    partial("run_open", "flow", where="state = 'running'"),
    sqlite_autoincrement=True,
)

cursor = Table(
    "cursor",
    metadata,
    words("flow", key=True),
    words("partition", key=True),
    words("value"),
    words("tie"),
    words("lo"),
    words("bound"),
    number("generation"),
    words("generation_from"),
    number("done"),
    number("run"),
    words("at"),
)

lookup_cache = Table(
    "lookup_cache",
    metadata,
    words("system", key=True),
    words("question", key=True),
    words("terms_hash", key=True),
    doc("terms"),
    number("found"),
    words("stream"),
    words("key"),
    doc("row"),
    words("reason"),
    words("asked_at"),
)

# What other systems told us by webhook, in the order of arrival. A row is one record (or one hint) of an event; a row
# whose content was wiped still tells repeated events and older versions apart.
inbox = Table(
    "inbox",
    metadata,
    counted("seq"),
    words("system"),
    words("event"),
    number("part"),
    words("kind"),
    words("stream"),
    words("key"),
    words("version"),
    words("problem"),
    doc("content"),
    words("received_at"),
    Index("inbox_event", "system", "event", "part", unique=True),
    Index("inbox_place", "system", "stream", "seq"),
    Index("inbox_key", "system", "stream", "key", "version", "seq"),
    sqlite_autoincrement=True,
)

inbox_count = Table(
    "inbox_count",
    metadata,
    words("system", key=True),
    words("what", key=True),
    number("number"),
    words("last_at"),
)

vault = Table(
    "vault",
    metadata,
    words("system", key=True),
    words("name", key=True),
    words("box"),
    words("changed_at"),
)

audit = Table(
    "audit",
    metadata,
    number("seq", key=True),
    words("at"),
    words("actor"),
    words("action"),
    words("subject"),
    words("detail_digest"),
    words("digest"),
)

erase_ledger = Table(
    "erase_ledger",
    metadata,
    words("key_hash", key=True),
    number("record"),
    words("author"),
    words("at"),
)

(cutover_wave, cutover_owner, cutover_member, cutover_event, cutover_waiver, cutover_step) = cutover_table.declare(
    metadata
)
