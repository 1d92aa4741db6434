"""Relations that were dropped are found by themselves: there are few of them among very many."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    few = sa.text("basis = 'dropped'")
    op.create_index("relation_dropped", "relation", ["child"], sqlite_where=few, postgresql_where=few)
