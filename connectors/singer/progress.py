"""What a position of a tap holds, and how it grows.

A STATE has no order, and the cursor of a flow must only ever grow. So the cursor counts the pages that moved it, and
the tie carries what the next run needs: the tap's last STATE, the shape of the stream, and the version of its table.
"""

from __future__ import annotations

from typing import NamedTuple

import orjson

from connectors.base import Position
from connectors.singer import catalogue, exact
from connectors.singer.shape import Shape


class Progress(NamedTuple):
    """`moves` counts positions; `state` is the text of a STATE's value; the rest is as the run that left it saw it."""

    moves: int = 0
    state: str | None = None
    shape: Shape | None = None
    version: str = ""

    def position(self) -> Position:
        held = {
            "state": None if self.state is None else orjson.Fragment(self.state),
            "shape": self.shape,
            "version": self.version,
        }
        return Position(str(self.moves), orjson.dumps(held).decode())


def progress_of(position: Position | None, where: str) -> Progress:
    """Raises `Misconfigured` CON347 for a position that another kind of connector has left."""
    if position is None or not any(position):
        return Progress()
    try:
        held = exact.load(position.tie)
        state = None if held["state"] is None else exact.dump(held["state"]).decode()
        return Progress(int(position.cursor), state, held["shape"], held["version"])
    except (ValueError, TypeError, KeyError):
        raise catalogue.wrong(
            f"{where}: the flow was left at '{position.cursor}' by another kind of connector, which means nothing to a "
            "tap; give the flow another name in flows.yaml"
        ) from None
