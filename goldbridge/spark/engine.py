"""Deduplicates or links a table on Spark: what `dedupe.table.engine` is to the local engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dedupe.table import engine, general
from dedupe.table.column import Guess
from dedupe.table.header import IGNORE
from dedupe.table.resolution import NOTHING_ASKED, Resolution, Wish
from goldbridge.errors import Mark
from goldbridge.ports import Progress
from goldbridge.spark.frame import Slices
from goldbridge.spark.session import session, working


def resolve(
    cells: Mapping[str, Sequence[str]],
    guesses: Sequence[Guess],
    *,
    where: Mark,
    sources: Sequence[str] | None = None,
    one_to_one: bool = False,
    progress: Progress | None = None,
    wish: Wish = NOTHING_ASKED,
    slices: Slices | None = None,
) -> Resolution:
    """The same resolution as `dedupe.table.engine.resolve`, and the same errors; with `slices` the executors read the
    rows of organisations by themselves. Raises `Misconfigured`, about `where`: DED060 or DED061 when Spark cannot run,
    DED062 when it gives up.
    """
    used = [one for one in guesses if one.kind != IGNORE]
    if not used:
        raise ValueError("no column can be compared")
    spark = session(where, len(cells[used[0].column]))
    if engine.is_about_organisations(guesses):
        from goldbridge.spark import company

        with working(where):
            return company.resolve(
                spark, cells, used, sources=sources, one_to_one=one_to_one, progress=progress, wish=wish, slices=slices
            )
    from goldbridge.spark.general import plan

    with working(where):
        return general.resolve(
            cells, engine.weighed_as(cells, guesses),
            sources=sources, one_to_one=one_to_one, progress=progress, wish=wish, plan=plan(spark),
        )  # fmt: skip
