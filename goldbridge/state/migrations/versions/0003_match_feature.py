"""What matching compares of a record, cleaned once and kept beside its keys, so that a search parses no candidate."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger()


def upgrade() -> None:
    op.create_table(
        "match_feature",
        sa.Column("record", NUMBER, nullable=False, autoincrement=False),
        sa.Column("rev", NUMBER, nullable=False),
        sa.Column("stamp", TEXT, nullable=False),
        sa.Column("features", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("record"),
        sqlite_with_rowid=False,
    )
