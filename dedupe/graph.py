"""Edges on which a graph hangs: without one of them, a part of it falls off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any


def bridges(members: Sequence[Any], edges: Sequence[tuple[Any, Any]]) -> list[tuple[int, set[Any]]]:
    """Edges whose loss cuts the graph, as places in `edges`, each with the side behind it; in the order of their ends.

    Tarjan's way, without recursion: a chain of thousands must not end the program.
    """
    beside: dict[Any, list[tuple[Any, int]]] = defaultdict(list)
    for at, (a, b) in enumerate(edges):
        beside[a].append((b, at))
        beside[b].append((a, at))
    order: dict[Any, int] = {}
    low: dict[Any, int] = {}
    subtree: dict[Any, set[Any]] = {}
    found: list[tuple[int, set[Any]]] = []
    for start in members:
        if start in order:
            continue
        order[start] = low[start] = len(order)
        subtree[start] = {start}
        stack: list[tuple[Any, int, list[tuple[Any, int]]]] = [
            (start, -1, sorted(beside[start], key=lambda pair: pair[0]))
        ]
        while stack:
            node, via, rest = stack[-1]
            if rest:
                other, at = rest.pop()
                if at == via:
                    continue
                if other in order:
                    low[node] = min(low[node], order[other])
                else:
                    order[other] = low[other] = len(order)
                    subtree[other] = {other}
                    stack.append((other, at, sorted(beside[other], key=lambda pair: pair[0])))
                continue
            stack.pop()
            if via >= 0:
                parent = stack[-1][0]
                low[parent] = min(low[parent], low[node])
                subtree[parent] |= subtree[node]
                if low[node] > order[parent]:
                    found.append((via, subtree[node]))
    return sorted(found, key=lambda item: edges[item[0]])
