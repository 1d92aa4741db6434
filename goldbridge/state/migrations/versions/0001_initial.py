"""The first state: records, golden records, crosswalk, decisions, deliveries, runs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger()
COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "assertion",
        sa.Column("id", COUNTED, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("a", NUMBER, nullable=False),
        sa.Column("b", NUMBER, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("decision", NUMBER, nullable=True),
        sa.Column("lapse", TEXT, nullable=False),
        sa.Column("evidence_hash", TEXT, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("revoked_at", TEXT, nullable=False),
        sa.Column("revoked_by", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "assertion_a",
        "assertion",
        ["a"],
        unique=False,
        sqlite_where=sa.text("revoked_at = ''"),
        postgresql_where=sa.text("revoked_at = ''"),
    )
    op.create_index(
        "assertion_b",
        "assertion",
        ["b"],
        unique=False,
        sqlite_where=sa.text("revoked_at = ''"),
        postgresql_where=sa.text("revoked_at = ''"),
    )
    op.create_table(
        "audit",
        sa.Column("seq", NUMBER, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("detail_digest", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "cursor",
        sa.Column("flow", TEXT, nullable=False),
        sa.Column("partition", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("tie", TEXT, nullable=False),
        sa.Column("lo", TEXT, nullable=False),
        sa.Column("bound", TEXT, nullable=False),
        sa.Column("generation", NUMBER, nullable=False),
        sa.Column("generation_from", TEXT, nullable=False),
        sa.Column("done", NUMBER, nullable=False),
        sa.Column("run", NUMBER, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("flow", "partition"),
    )
    op.create_table(
        "dead_letter",
        sa.Column("id", COUNTED, nullable=False),
        sa.Column("flow", TEXT, nullable=False),
        sa.Column("system", TEXT, nullable=False),
        sa.Column("stream", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("stage", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("error_class", TEXT, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("field", TEXT, nullable=False),
        sa.Column("rule_file", TEXT, nullable=False),
        sa.Column("rule_line", NUMBER, nullable=False),
        sa.Column("rule_column", NUMBER, nullable=False),
        sa.Column("payload_src", sa.Text(), nullable=True),
        sa.Column("payload_out", sa.Text(), nullable=True),
        sa.Column("attempts", NUMBER, nullable=False),
        sa.Column("first_at", TEXT, nullable=False),
        sa.Column("last_at", TEXT, nullable=False),
        sa.Column("run", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("dead_letter_fingerprint", "dead_letter", ["fingerprint"], unique=False)
    op.create_index("dead_letter_record", "dead_letter", ["flow", "system", "stream", "key"], unique=True)
    op.create_table(
        "decision",
        sa.Column("id", COUNTED, nullable=False),
        sa.Column("task", NUMBER, nullable=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("judgement", TEXT, nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("base_versions", sa.Text(), nullable=True),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("proposer", TEXT, nullable=False),
        sa.Column("approver", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("inverse", sa.Text(), nullable=True),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("applied_at", TEXT, nullable=False),
        sa.Column("undone_by", NUMBER, nullable=True),
        sa.Column("version", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("decision_state", "decision", ["state"], unique=False)
    op.create_index("decision_task", "decision", ["task"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", COUNTED, nullable=False),
        sa.Column("flow", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("object", TEXT, nullable=False),
        sa.Column("subject", NUMBER, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("op", TEXT, nullable=False),
        sa.Column("external_id", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("attempts", NUMBER, nullable=False),
        sa.Column("not_before", TEXT, nullable=False),
        sa.Column("blocked_by", TEXT, nullable=False),
        sa.Column("fence", NUMBER, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("changed_at", TEXT, nullable=False),
        sa.Column("run", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "delivery_blocked",
        "delivery",
        ["blocked_by"],
        unique=False,
        sqlite_where=sa.text("state = 'parked'"),
        postgresql_where=sa.text("state = 'parked'"),
    )
    op.create_index(
        "delivery_ready",
        "delivery",
        ["target", "object", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_index("delivery_state", "delivery", ["state", "changed_at"], unique=False)
    op.create_index("delivery_subject", "delivery", ["target", "object", "subject", "version"], unique=False)
    op.create_index(
        "delivery_under_way",
        "delivery",
        ["target", "object", "subject"],
        unique=True,
        sqlite_where=sa.text("state IN ('inflight', 'unknown')"),
        postgresql_where=sa.text("state IN ('inflight', 'unknown')"),
    )
    op.create_index(
        "delivery_unknown",
        "delivery",
        ["target", "object", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'unknown'"),
        postgresql_where=sa.text("state = 'unknown'"),
    )
    op.create_index(
        "delivery_waiting",
        "delivery",
        ["target", "object", "subject"],
        unique=True,
        sqlite_where=sa.text("state IN ('ready', 'parked')"),
        postgresql_where=sa.text("state IN ('ready', 'parked')"),
    )
    op.create_table(
        "erase_ledger",
        sa.Column("key_hash", TEXT, nullable=False),
        sa.Column("record", NUMBER, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("key_hash"),
    )
    op.create_table(
        "flow_lease",
        sa.Column("flow", TEXT, nullable=False),
        sa.Column("holder", TEXT, nullable=False),
        sa.Column("fence", NUMBER, nullable=False),
        sa.Column("expires_ms", NUMBER, nullable=False),
        sa.Column("acquired_ms", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("flow"),
    )
    op.create_table(
        "golden_record",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("founder", NUMBER, nullable=False),
        sa.Column("counter", NUMBER, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("values", sa.Text(), nullable=True),
        sa.Column("lineage", sa.Text(), nullable=True),
        sa.Column("changed_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("golden_record_entity", "golden_record", ["entity", "id"], unique=False)
    op.create_index("golden_record_founder", "golden_record", ["founder", "counter"], unique=True)
    op.create_table(
        "golden_redirect",
        sa.Column("seq", COUNTED, nullable=False),
        sa.Column("from_id", NUMBER, nullable=False),
        sa.Column("direct", NUMBER, nullable=False),
        sa.Column("to_id", NUMBER, nullable=False),
        sa.Column("members", sa.Text(), nullable=True),
        sa.Column("cause", TEXT, nullable=False),
        sa.Column("run", NUMBER, nullable=False),
        sa.Column("tx_from", TEXT, nullable=False),
        sa.Column("tx_to", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("golden_redirect_direct", "golden_redirect", ["direct", "tx_to"], unique=False)
    op.create_index("golden_redirect_from", "golden_redirect", ["from_id", "tx_to"], unique=False)
    op.create_table(
        "golden_version",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("values", sa.Text(), nullable=True),
        sa.Column("unset", sa.Text(), nullable=True),
        sa.Column("lineage", sa.Text(), nullable=True),
        sa.Column("valid_from", TEXT, nullable=False),
        sa.Column("tx_from", TEXT, nullable=False),
        sa.Column("cause", TEXT, nullable=False),
        sa.Column("run", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", "version"),
    )
    op.create_table(
        "identifier",
        sa.Column("record", NUMBER, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("strength", TEXT, nullable=False),
        sa.Column("valid", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("record", "type", "value"),
    )
    op.create_index("identifier_value", "identifier", ["type", "value", "record"], unique=False)
    op.create_table(
        "lookup_cache",
        sa.Column("system", TEXT, nullable=False),
        sa.Column("question", TEXT, nullable=False),
        sa.Column("terms_hash", TEXT, nullable=False),
        sa.Column("terms", sa.Text(), nullable=True),
        sa.Column("found", NUMBER, nullable=False),
        sa.Column("stream", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("row", sa.Text(), nullable=True),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("asked_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("system", "question", "terms_hash"),
    )
    op.create_table(
        "match_edge",
        sa.Column("rev", NUMBER, nullable=False),
        sa.Column("a", NUMBER, nullable=False),
        sa.Column("b", NUMBER, nullable=False),
        sa.Column("weight", NUMBER, nullable=False),
        sa.Column("band", TEXT, nullable=False),
        sa.Column("parts", sa.Text(), nullable=True),
        sa.Column("vetoes", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("rev", "a", "b"),
    )
    op.create_index("match_edge_b", "match_edge", ["rev", "b"], unique=False)
    op.create_table(
        "match_key",
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("record", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("entity", "key", "record"),
        sqlite_with_rowid=False,
    )
    op.create_index("match_key_record", "match_key", ["record"], unique=False)
    op.create_table(
        "membership",
        sa.Column("seq", COUNTED, nullable=False),
        sa.Column("record", NUMBER, nullable=False),
        sa.Column("golden", NUMBER, nullable=False),
        sa.Column("system", TEXT, nullable=False),
        sa.Column("stream", TEXT, nullable=False),
        sa.Column("basis", TEXT, nullable=False),
        sa.Column("ours", NUMBER, nullable=False),
        sa.Column("published", NUMBER, nullable=False),
        sa.Column("cause", TEXT, nullable=False),
        sa.Column("run", NUMBER, nullable=False),
        sa.Column("tx_from", TEXT, nullable=False),
        sa.Column("tx_to", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index(
        "membership_golden",
        "membership",
        ["golden"],
        unique=False,
        sqlite_where=sa.text("tx_to = ''"),
        postgresql_where=sa.text("tx_to = ''"),
    )
    op.create_index("membership_history", "membership", ["golden", "tx_to"], unique=False)
    op.create_index(
        "membership_open",
        "membership",
        ["record"],
        unique=True,
        sqlite_where=sa.text("tx_to = ''"),
        postgresql_where=sa.text("tx_to = ''"),
    )
    op.create_index(
        "membership_published",
        "membership",
        ["golden", "system", "stream"],
        unique=True,
        sqlite_where=sa.text("tx_to = '' AND published = 1"),
        postgresql_where=sa.text("tx_to = '' AND published = 1"),
    )
    op.create_index("membership_record", "membership", ["record", "seq"], unique=False)
    op.create_table(
        "meta",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "outbox",
        sa.Column("seq", COUNTED, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", NUMBER, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("system", TEXT, nullable=False),
        sa.Column("stream", TEXT, nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("run", NUMBER, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "override",
        sa.Column("id", COUNTED, nullable=False),
        sa.Column("anchor", NUMBER, nullable=False),
        sa.Column("field", TEXT, nullable=False),
        sa.Column("item", TEXT, nullable=False),
        sa.Column("mode", TEXT, nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("policy", TEXT, nullable=False),
        sa.Column("seen_hash", TEXT, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("approved_by", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("decision", NUMBER, nullable=True),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("revoked_at", TEXT, nullable=False),
        sa.Column("revoked_by", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "override_anchor",
        "override",
        ["anchor"],
        unique=False,
        sqlite_where=sa.text("revoked_at = ''"),
        postgresql_where=sa.text("revoked_at = ''"),
    )
    op.create_table(
        "party_role",
        sa.Column("golden", NUMBER, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("unit", TEXT, nullable=False),
        sa.Column("valid_from", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("qualification", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("anchor", NUMBER, nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("golden", "role", "unit", "valid_from"),
    )
    op.create_table(
        "relation",
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("child", NUMBER, nullable=False),
        sa.Column("parent", NUMBER, nullable=False),
        sa.Column("basis", TEXT, nullable=False),
        sa.Column("since", TEXT, nullable=False),
        sa.Column("until", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("kind", "child", "parent", "basis"),
    )
    op.create_index("relation_child", "relation", ["child"], unique=False)
    op.create_index("relation_parent", "relation", ["parent"], unique=False)
    op.create_table(
        "ruleset",
        sa.Column("rev", COUNTED, nullable=False),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("statistics", sa.Text(), nullable=True),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("approved_by", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("activated_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("rev"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ruleset_active",
        "ruleset",
        ["state"],
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "run",
        sa.Column("id", COUNTED, nullable=False),
        sa.Column("flow", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("fence", NUMBER, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("started_at", TEXT, nullable=False),
        sa.Column("heartbeat_at", TEXT, nullable=False),
        sa.Column("ended_at", TEXT, nullable=False),
        sa.Column("counters", sa.Text(), nullable=True),
        sa.Column("completeness", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("run_flow", "run", ["flow", "id"], unique=False)
    op.create_index(
        "run_open",
        "run",
        ["flow"],
        unique=False,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "sighting",
        sa.Column("generation", NUMBER, nullable=False),
        sa.Column("record", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("generation", "record"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "simulation",
        sa.Column("id", COUNTED, nullable=False),
        sa.Column("base_rev", NUMBER, nullable=False),
        sa.Column("new_rev", NUMBER, nullable=False),
        sa.Column("watermark", NUMBER, nullable=False),
        sa.Column("counts", sa.Text(), nullable=True),
        sa.Column("clusters", sa.Text(), nullable=True),
        sa.Column("at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("simulation_rev", "simulation", ["new_rev"], unique=False)
    op.create_table(
        "source_record",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("system", TEXT, nullable=False),
        sa.Column("stream", TEXT, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("incarnation", NUMBER, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("fate", TEXT, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("newest", NUMBER, nullable=False),
        sa.Column("raw_at", NUMBER, nullable=False),
        sa.Column("raw_hash", TEXT, nullable=False),
        sa.Column("canonical_hash", TEXT, nullable=False),
        sa.Column("mapping_rev", TEXT, nullable=False),
        sa.Column("first_run", NUMBER, nullable=False),
        sa.Column("event_at", TEXT, nullable=False),
        sa.Column("received_at", TEXT, nullable=False),
        sa.Column("anchor", NUMBER, nullable=True),
        sa.Column("canonical", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "source_record_anchor",
        "source_record",
        ["anchor"],
        unique=False,
        sqlite_where=sa.text("anchor IS NOT NULL"),
        postgresql_where=sa.text("anchor IS NOT NULL"),
    )
    op.create_index("source_record_key", "source_record", ["system", "stream", "key", "incarnation"], unique=True)
    op.create_table(
        "source_version",
        sa.Column("id", COUNTED, nullable=False),
        sa.Column("record", NUMBER, nullable=False),
        sa.Column("before", NUMBER, nullable=False),
        sa.Column("seq", NUMBER, nullable=False),
        sa.Column("op", TEXT, nullable=False),
        sa.Column("raw", sa.Text(), nullable=True),
        sa.Column("event_at", TEXT, nullable=False),
        sa.Column("received_at", TEXT, nullable=False),
        sa.Column("run", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "task",
        sa.Column("id", COUNTED, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("subject_hash", TEXT, nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("queue", TEXT, nullable=False),
        sa.Column("priority", NUMBER, nullable=False),
        sa.Column("assignee", TEXT, nullable=False),
        sa.Column("due_at", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("evidence_hash", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("changed_at", TEXT, nullable=False),
        sa.Column("resolution", TEXT, nullable=False),
        sa.Column("decision", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("task_state", "task", ["state", "queue", "priority"], unique=False)
    op.create_index(
        "task_subject",
        "task",
        ["kind", "subject_hash"],
        unique=True,
        sqlite_where=sa.text("state IN ('open', 'deferred')"),
        postgresql_where=sa.text("state IN ('open', 'deferred')"),
    )
    op.create_table(
        "task_comment",
        sa.Column("id", COUNTED, nullable=False),
        sa.Column("task", NUMBER, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("task_comment_task", "task_comment", ["task"], unique=False)
    op.create_table(
        "task_record",
        sa.Column("record", NUMBER, nullable=False),
        sa.Column("task", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("record", "task"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "vault",
        sa.Column("system", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("box", TEXT, nullable=False),
        sa.Column("changed_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("system", "name"),
    )
    op.create_table(
        "write_ledger",
        sa.Column("target", TEXT, nullable=False),
        sa.Column("object", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("subject", NUMBER, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("fields", sa.Text(), nullable=True),
        sa.Column("at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("target", "object", "key"),
    )
    op.create_index("write_ledger_subject", "write_ledger", ["target", "object", "subject"], unique=False)
