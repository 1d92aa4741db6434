"""The cutover: phases and owners per wave, the wave of each record, waivers, external steps, and what happened."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger()
COUNTED = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, TEXT, nullable=False) for name in names]


def numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, NUMBER, nullable=False, autoincrement=False) for name in names]


def counted() -> sa.Column[int]:
    return sa.Column("id", COUNTED, primary_key=True, autoincrement=True)


def upgrade() -> None:
    op.create_table(
        "cutover_wave",
        *words("wave", "cutover"),
        *numbers("phase"),
        *words("moving", "step", "held", "since"),
        *numbers("frozen_seq", "frozen_row", "flip_seq"),
        *words("fingerprint"),
        sa.Column("rehearsed", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("wave"),
    )
    op.create_table(
        "cutover_owner",
        *words("entity", "wave", "old", "new", "owner"),
        *numbers("to_old", "to_new", "epoch"),
        *words("at"),
        sa.PrimaryKeyConstraint("entity", "wave"),
    )
    op.create_table(
        "cutover_member",
        *numbers("golden"),
        *words("entity", "wave"),
        sa.PrimaryKeyConstraint("golden"),
    )
    op.create_index("cutover_member_wave", "cutover_member", ["wave", "entity"])
    op.create_table(
        "cutover_event",
        counted(),
        *words("cutover", "wave", "at", "actor", "action"),
        *numbers("phase", "epoch"),
        *words("fingerprint"),
        sa.Column("detail", sa.Text, nullable=True),
        *words("digest"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "cutover_waiver",
        counted(),
        *words("wave"),
        *numbers("phase"),
        *words("gate", "owner", "reason", "until", "actor", "at"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "cutover_step",
        *words("wave", "step"),
        *numbers("place"),
        *words("state", "note", "actor", "at"),
        sa.PrimaryKeyConstraint("wave", "step"),
    )
