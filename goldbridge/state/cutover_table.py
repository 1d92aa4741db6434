"""The tables of the cutover, in the metadata of all tables."""

from __future__ import annotations

from sqlalchemy import Index, MetaData, Table

from goldbridge.state.column import counted, doc, number, words


def declare(metadata: MetaData) -> tuple[Table, Table, Table, Table, Table, Table]:
    """Where each wave stands, who owns its entities, which golden record is of which wave, what happened, what was
    waived, and the external steps."""
    wave = Table(
        "cutover_wave",
        metadata,
        words("wave", key=True),
        words("cutover"),
        number("phase"),
        words("moving"),
        words("step"),
        words("held"),
        words("since"),
        number("frozen_seq"),
        number("frozen_row"),
        number("flip_seq"),
        words("fingerprint"),
        doc("rehearsed"),
    )

    owner = Table(
        "cutover_owner",
        metadata,
        words("entity", key=True),
        words("wave", key=True),
        words("old"),
        words("new"),
        words("owner"),
        number("to_old"),
        number("to_new"),
        number("epoch"),
        words("at"),
    )

    member = Table(
        "cutover_member",
        metadata,
        number("golden", key=True),
        words("entity"),
        words("wave"),
        Index("cutover_member_wave", "wave", "entity"),
    )

    event = Table(
        "cutover_event",
        metadata,
        counted(),
        words("cutover"),
        words("wave"),
        words("at"),
        words("actor"),
        words("action"),
        number("phase"),
        number("epoch"),
        words("fingerprint"),
        doc("detail"),
        words("digest"),
        sqlite_autoincrement=True,
    )

    waiver = Table(
        "cutover_waiver",
        metadata,
        counted(),
        words("wave"),
        number("phase"),
        words("gate"),
        words("owner"),
        words("reason"),
        words("until"),
        words("actor"),
        words("at"),
        sqlite_autoincrement=True,
    )

    step = Table(
        "cutover_step",
        metadata,
        words("wave", key=True),
        words("step", key=True),
        number("place"),
        words("state"),
        words("note"),
        words("actor"),
        words("at"),
    )
    return wave, owner, member, event, waiver, step
