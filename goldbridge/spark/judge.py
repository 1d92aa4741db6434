"""Tells of rows that were compared by executors why they are together or apart: what the edges say came with them, and
anything else is asked of the same functions here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, overload

import numpy as np

from dedupe.prepare import Prepared, prepare
from dedupe.rule import Rules
from dedupe.score import Match
from dedupe.table import company
from dedupe.table.column import Guess
from dedupe.table.edge import Met
from dedupe.table.frame import Ints
from dedupe.table.judge import RuleJudge
from dedupe.table.resolution import Model
from goldbridge.spark import frame

_REMEMBERED = 100_000


class Parsed(Sequence[Prepared]):
    """The records in content order, each prepared when it is asked for."""

    def __init__(self, rules: Rules, used: Sequence[Guess], cells: Mapping[str, Sequence[str]], order: Ints) -> None:
        self._size = len(order)
        self._read = lru_cache(_REMEMBERED)(lambda at: prepare(rules, company.record_of(used, cells, int(order[at]))))

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, at: int) -> Prepared: ...
    @overload
    def __getitem__(self, at: slice) -> list[Prepared]: ...
    def __getitem__(self, at: int | slice) -> Prepared | list[Prepared]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(self._size))]
        if at < 0 or at >= self._size:
            raise IndexError(at)
        return self._read(int(at))


class Apart(Met):
    """The pairs that were compared, which stay with the executors until somebody asks for them."""

    def __init__(self, size: int, compared: Any) -> None:
        self._size, self._compared = size, compared
        self._pairs: Ints | None = None

    def __call__(self, a: int, b: int) -> bool:
        if self._pairs is None:  # one question is cheaper than all the pairs
            return bool(self._compared.filter(f"a = {min(a, b)} and b = {max(a, b)}").head(1))
        return super().__call__(a, b)

    def __getattr__(self, name: str) -> Any:
        if name not in ("left", "right", "weights", "vetoed"):
            raise AttributeError(name)
        from pyspark.sql import functions as sql

        vetoed = sql.col("vetoes") != "" if "vetoes" in self._compared.columns else sql.lit(False)
        found = self._compared.select("a", "b", "weight", vetoed.cast("int").alias("vetoed"))
        columns = frame.fetched(found, "a", "b", "weight", "vetoed")
        order = np.lexsort((columns[1], columns[0]))
        self.left, self.right, self.weights = (each[order] for each in columns[:3])
        self.vetoed = columns[3][order].astype(bool)
        return self.__dict__[name]


class ByRules(RuleJudge):
    """`known` are the edges in content order with their parts, as the executors weighed them."""

    def __init__(
        self,
        order: Sequence[int],
        model: Model,
        prepared: Sequence[Prepared],
        met: Met,
        known: Mapping[tuple[int, int], Match],
    ) -> None:
        super().__init__(order, model, prepared, met)
        self._known = known

    def matches(self, left: Sequence[int], right: Sequence[int]) -> Iterator[Match]:
        for a, b in zip(left, right, strict=True):
            one, two = sorted((int(self._back[a]), int(self._back[b])))
            known = self._known.get((one, two))
            yield known if known is not None else next(super().matches((a,), (b,)))
