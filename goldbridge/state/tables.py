"""All tables, once. The migrations create them; a test holds that both say the same.

Ids of records and golden records are 63-bit numbers computed from what they name; other ids are counted by the
database. Times are ISO text in UTC (empty: none), JSON documents are TEXT written by `document`, flags are 0 or 1.
Unique partial indexes carry the promises: one open membership per record, one open task per subject, one row under
way per subject.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Dialect, Index, Integer, MetaData, Table, Text, text
from sqlalchemy.types import TypeDecorator

from goldbridge.ports import Json
from goldbridge.state import document

metadata = MetaData()


class Doc(TypeDecorator[Json]):
    """A JSON document in a TEXT column; NULL stands for no document."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Json, dialect: Dialect) -> str | None:
        return None if value is None else document.dump(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Json:
        return None if value is None else document.load(value)


# PostgreSQL's own collations sort by language; here text sorts by code point, as in SQLite and Python.
_plain = Text().with_variant(Text(collation="C"), "postgresql")
_counted = BigInteger().with_variant(Integer, "sqlite")


def _id(name: str = "id") -> Column[Any]:
    return Column(name, _counted, primary_key=True, autoincrement=True)


def _number(name: str, *, key: bool = False, null: bool = False) -> Column[Any]:
    return Column(name, BigInteger, primary_key=key, nullable=null, autoincrement=False)


def _text(name: str, *, key: bool = False) -> Column[Any]:
    return Column(name, _plain, primary_key=key, nullable=False)


def _doc(name: str) -> Column[Any]:
    return Column(name, Doc, nullable=True)


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


meta = Table("meta", metadata, _text("name", key=True), _text("value"))

source_record = Table(
    "source_record",
    metadata,
    _number("id", key=True),
    _text("system"),
    _text("stream"),
    _text("entity"),
    _text("key"),
    _number("incarnation"),
    _text("state"),
    _text("fate"),
    _number("version"),
    _number("newest"),
    _number("raw_at"),
    _text("raw_hash"),
    _text("canonical_hash"),
    _text("mapping_rev"),
    _number("first_run"),
    _text("event_at"),
    _text("received_at"),
    _number("anchor", null=True),
    _doc("canonical"),
    _doc("notes"),
    Index("source_record_key", "system", "stream", "key", "incarnation", unique=True),
    _partial("source_record_anchor", "anchor", where="anchor IS NOT NULL"),
)

# A log: rows are only added at its end, so that landing touches no index of it. Each row names the one before it of the
# same record, and the record names its newest row and the row that holds its current content.
source_version = Table(
    "source_version",
    metadata,
    _id(),
    _number("record"),
    _number("before"),
    _number("seq"),
    _text("op"),
    _doc("raw"),
    _text("event_at"),
    _text("received_at"),
    _number("run"),
)

sighting = Table(
    "sighting",
    metadata,
    _number("generation", key=True),
    _number("record", key=True),
    sqlite_with_rowid=False,
)

golden_record = Table(
    "golden_record",
    metadata,
    _number("id", key=True),
    _text("entity"),
    _number("founder"),
    _number("counter"),
    _text("state"),
    _number("version"),
    _doc("values"),
    _doc("lineage"),
    _text("changed_at"),
    Index("golden_record_entity", "entity", "id"),
    Index("golden_record_founder", "founder", "counter", unique=True),
)

golden_version = Table(
    "golden_version",
    metadata,
    _number("id", key=True),
    _number("version", key=True),
    _text("state"),
    _doc("values"),
    _doc("unset"),
    _doc("lineage"),
    _text("valid_from"),
    _text("tx_from"),
    _text("cause"),
    _number("run"),
)

golden_redirect = Table(
    "golden_redirect",
    metadata,
    _id("seq"),
    _number("from_id"),
    _number("direct"),
    _number("to_id"),
    _doc("members"),
    _text("cause"),
    _number("run"),
    _text("tx_from"),
    _text("tx_to"),
    Index("golden_redirect_from", "from_id", "tx_to"),
    Index("golden_redirect_direct", "direct", "tx_to"),
)

membership = Table(
    "membership",
    metadata,
    _id("seq"),
    _number("record"),
    _number("golden"),
    _text("system"),
    _text("stream"),
    _text("basis"),
    _number("ours"),
    _number("published"),
    _text("cause"),
    _number("run"),
    _text("tx_from"),
    _text("tx_to"),
    _partial("membership_open", "record", where="tx_to = ''", unique=True),
    _partial("membership_published", "golden", "system", "stream", where="tx_to = '' AND published = 1", unique=True),
    _partial("membership_golden", "golden", where="tx_to = ''"),
    Index("membership_record", "record", "seq"),
    Index("membership_history", "golden", "tx_to"),
)

identifier = Table(
    "identifier",
    metadata,
    _number("record", key=True),
    _text("type", key=True),
    _text("value", key=True),
    _text("strength"),
    _number("valid"),
    Index("identifier_value", "type", "value", "record"),
)

match_key = Table(
    "match_key", metadata, _text("entity", key=True), _text("key", key=True), _number("record", key=True),
    Index("match_key_record", "record"), sqlite_with_rowid=False,
)  # fmt: skip

match_feature = Table(
    "match_feature", metadata, _number("record", key=True), _number("rev"), _text("stamp"), _text("features"),
    sqlite_with_rowid=False,
)  # fmt: skip

match_edge = Table(
    "match_edge",
    metadata,
    _number("rev", key=True),
    _number("a", key=True),
    _number("b", key=True),
    _number("weight"),
    _text("band"),
    _doc("parts"),
    _doc("vetoes"),
    Index("match_edge_b", "rev", "b"),
)

assertion = Table(
    "assertion",
    metadata,
    _id(),
    _text("kind"),
    _number("a"),
    _number("b"),
    _text("author"),
    _text("reason"),
    _number("decision", null=True),
    _text("lapse"),
    _text("evidence_hash"),
    _text("at"),
    _text("revoked_at"),
    _number("revoked_by", null=True),
    _partial("assertion_a", "a", where="revoked_at = ''"),
    _partial("assertion_b", "b", where="revoked_at = ''"),
    sqlite_autoincrement=True,
)

override = Table(
    "override",
    metadata,
    _id(),
    _number("anchor"),
    _text("field"),
    _text("item"),
    _text("mode"),
    _doc("value"),
    _text("policy"),
    _text("seen_hash"),
    _text("author"),
    _text("approved_by"),
    _text("reason"),
    _number("decision", null=True),
    _text("at"),
    _text("revoked_at"),
    _number("revoked_by", null=True),
    _partial("override_anchor", "anchor", where="revoked_at = ''"),
    sqlite_autoincrement=True,
)

relation = Table(
    "relation",
    metadata,
    _text("kind", key=True),
    _number("child", key=True),
    _number("parent", key=True),
    _text("basis", key=True),
    _text("since"),
    _text("until"),
    Index("relation_child", "child"),
    Index("relation_parent", "parent"),
)

party_role = Table(
    "party_role",
    metadata,
    _number("golden", key=True),
    _text("role", key=True),
    _text("unit", key=True),
    _text("valid_from", key=True),
    _text("status"),
    _text("qualification"),
    _text("owner"),
    _number("anchor", null=True),
    _doc("detail"),
)

ruleset = Table(
    "ruleset",
    metadata,
    _id("rev"),
    _doc("document"),
    _doc("statistics"),
    _text("fingerprint"),
    _text("state"),
    _text("author"),
    _text("approved_by"),
    _text("created_at"),
    _text("activated_at"),
    _partial("ruleset_active", "state", where="state = 'active'", unique=True),
    sqlite_autoincrement=True,
)

simulation = Table(
    "simulation",
    metadata,
    _id(),
    _number("base_rev"),
    _number("new_rev"),
    _number("watermark"),
    _doc("counts"),
    _doc("clusters"),
    _text("at"),
    Index("simulation_rev", "new_rev"),
)

task = Table(
    "task",
    metadata,
    _id(),
    _text("kind"),
    _text("entity"),
    _doc("subject"),
    _text("subject_hash"),
    _doc("payload"),
    _text("queue"),
    _number("priority"),
    _text("assignee"),
    _text("due_at"),
    _text("state"),
    _number("version"),
    _text("evidence_hash"),
    _text("created_at"),
    _text("changed_at"),
    _text("resolution"),
    _number("decision", null=True),
    _partial("task_subject", "kind", "subject_hash", where="state IN ('open', 'deferred')", unique=True),
    Index("task_state", "state", "queue", "priority"),
    sqlite_autoincrement=True,
)

task_record = Table(
    "task_record",
    metadata,
    _number("record", key=True),
    _number("task", key=True),
    sqlite_with_rowid=False,
)

task_comment = Table(
    "task_comment",
    metadata,
    _id(),
    _number("task"),
    _text("author"),
    _text("text"),
    _text("at"),
    Index("task_comment_task", "task"),
)

decision = Table(
    "decision",
    metadata,
    _id(),
    _number("task", null=True),
    _text("kind"),
    _text("judgement"),
    _doc("payload"),
    _doc("base_versions"),
    _text("reason"),
    _text("proposer"),
    _text("approver"),
    _text("state"),
    _doc("inverse"),
    _text("created_at"),
    _text("applied_at"),
    _number("undone_by", null=True),
    _number("version"),
    Index("decision_task", "task"),
    Index("decision_state", "state"),
    sqlite_autoincrement=True,
)

outbox = Table(
    "outbox",
    metadata,
    _id("seq"),
    _text("kind"),
    _number("subject"),
    _text("entity"),
    _number("version"),
    _text("event"),
    _text("system"),
    _text("stream"),
    _doc("detail"),
    _number("run"),
    _text("at"),
    sqlite_autoincrement=True,
)

delivery = Table(
    "delivery",
    metadata,
    _id(),
    _text("flow"),
    _text("target"),
    _text("object"),
    _number("subject"),
    _text("entity"),
    _number("version"),
    _text("op"),
    _text("external_id"),
    _text("key"),
    _doc("after"),
    _doc("before"),
    _text("state"),
    _number("attempts"),
    _text("not_before"),
    _text("blocked_by"),
    _number("fence"),
    _text("code"),
    _text("message"),
    _text("created_at"),
    _text("changed_at"),
    _number("run"),
    _partial("delivery_waiting", "target", "object", "subject", where="state IN ('ready', 'parked')", unique=True),
    _partial(
        "delivery_under_way", "target", "object", "subject", where="state IN ('inflight', 'unknown')", unique=True
    ),
    _partial("delivery_ready", "target", "object", "id", where="state = 'ready'"),
    _partial("delivery_unknown", "target", "object", "id", where="state = 'unknown'"),
    _partial("delivery_blocked", "blocked_by", where="state = 'parked'"),
    Index("delivery_subject", "target", "object", "subject", "version"),
    Index("delivery_state", "state", "changed_at"),
    sqlite_autoincrement=True,
)

write_ledger = Table(
    "write_ledger",
    metadata,
    _text("target", key=True),
    _text("object", key=True),
    _text("key", key=True),
    _number("subject"),
    _number("version"),
    _doc("fields"),
    _text("at"),
    Index("write_ledger_subject", "target", "object", "subject"),
)

dead_letter = Table(
    "dead_letter",
    metadata,
    _id(),
    _text("flow"),
    _text("system"),
    _text("stream"),
    _text("key"),
    _text("stage"),
    _text("code"),
    _text("message"),
    _text("error_class"),
    _text("fingerprint"),
    _text("field"),
    _text("rule_file"),
    _number("rule_line"),
    _number("rule_column"),
    _doc("payload_src"),
    _doc("payload_out"),
    _number("attempts"),
    _text("first_at"),
    _text("last_at"),
    _number("run"),
    Index("dead_letter_record", "flow", "system", "stream", "key", unique=True),
    Index("dead_letter_fingerprint", "fingerprint"),
    sqlite_autoincrement=True,
)

flow_lease = Table(
    "flow_lease",
    metadata,
    _text("flow", key=True),
    _text("holder"),
    _number("fence"),
    _number("expires_ms"),
    _number("acquired_ms"),
)

run = Table(
    "run",
    metadata,
    _id(),
    _text("flow"),
    _text("kind"),
    _text("fingerprint"),
    _number("fence"),
    _text("state"),
    _text("started_at"),
    _text("heartbeat_at"),
    _text("ended_at"),
    _doc("counters"),
    _text("completeness"),
    _text("message"),
    _doc("detail"),
    Index("run_flow", "flow", "id"),
    _partial("run_open", "flow", where="state = 'running'"),
    sqlite_autoincrement=True,
)

cursor = Table(
    "cursor",
    metadata,
    _text("flow", key=True),
    _text("partition", key=True),
    _text("value"),
    _text("tie"),
    _text("lo"),
    _text("bound"),
    _number("generation"),
    _text("generation_from"),
    _number("done"),
    _number("run"),
    _text("at"),
)

lookup_cache = Table(
    "lookup_cache",
    metadata,
    _text("system", key=True),
    _text("question", key=True),
    _text("terms_hash", key=True),
    _doc("terms"),
    _number("found"),
    _text("stream"),
    _text("key"),
    _doc("row"),
    _text("reason"),
    _text("asked_at"),
)

# What other systems told us by webhook, in the order of arrival. A row is one record (or one hint) of an event; a row
# whose content was wiped still tells repeated events and older versions apart.
inbox = Table(
    "inbox",
    metadata,
    _id("seq"),
    _text("system"),
    _text("event"),
    _number("part"),
    _text("kind"),
    _text("stream"),
    _text("key"),
    _text("version"),
    _text("problem"),
    _doc("content"),
    _text("received_at"),
    Index("inbox_event", "system", "event", "part", unique=True),
    Index("inbox_place", "system", "stream", "seq"),
    Index("inbox_key", "system", "stream", "key", "version", "seq"),
    sqlite_autoincrement=True,
)

inbox_count = Table(
    "inbox_count",
    metadata,
    _text("system", key=True),
    _text("what", key=True),
    _number("number"),
    _text("last_at"),
)

vault = Table(
    "vault",
    metadata,
    _text("system", key=True),
    _text("name", key=True),
    _text("box"),
    _text("changed_at"),
)

audit = Table(
    "audit",
    metadata,
    _number("seq", key=True),
    _text("at"),
    _text("actor"),
    _text("action"),
    _text("subject"),
    _text("detail_digest"),
    _text("digest"),
)

erase_ledger = Table(
    "erase_ledger",
    metadata,
    _text("key_hash", key=True),
    _number("record"),
    _text("author"),
    _text("at"),
)
