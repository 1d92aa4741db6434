"""The inbox of webhooks: what other systems told us until it was read, and how often they were refused."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger()
COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("seq", COUNTED, nullable=False),
        sa.Column("system", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("part", NUMBER, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("stream", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.Column("problem", TEXT, nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("received_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,
    )
    op.create_index("inbox_event", "inbox", ["system", "event", "part"], unique=True)
    op.create_index("inbox_place", "inbox", ["system", "stream", "seq"], unique=False)
    op.create_index("inbox_key", "inbox", ["system", "stream", "key", "version", "seq"], unique=False)
    op.create_table(
        "inbox_count",
        sa.Column("system", TEXT, nullable=False),
        sa.Column("what", TEXT, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("last_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("system", "what"),
    )
