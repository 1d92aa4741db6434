"""The tail of a message about an unknown name: what was probably meant, or what there is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like `name`, "" when none is close; case and `-`/`_` do not count."""
    names = sorted(set(known))
    folded = {_fold(candidate): candidate for candidate in reversed(names)}
    if _fold(name) in folded:
        return folded[_fold(name)]
    close = difflib.get_close_matches(_fold(name), sorted(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else ""


def did_you_mean(name: str, known: Iterable[str], *, at_most: int = 12) -> str:
    """`; did you mean 'upper'?`, or a list of what there is when nothing is close and the list is short."""
    names = sorted(set(known))
    near = nearest(name, names)
    if near:
        return f"; did you mean '{near}'?"
    if 0 < len(names) <= at_most:
        return f"; there is {', '.join(names)}" if len(names) == 1 else f"; there are {', '.join(names)}"
    return ""


def _fold(name: str) -> str:
    return name.casefold().replace("-", "_").replace(" ", "_")
