"""The page of cutover.yaml: its keys, the phases, and the numbers that gates may ask for."""

from __future__ import annotations

from flows.cutover.config import CutoverSettings
from flows.cutover.gate import METRICS, SUM, SUM_PARTS
from flows.cutover.phase import PURPOSE, Phase, grant
from tools.reference.configuration import tables
from tools.reference.markdown import code, sections, table


def cutover() -> str:
    """config/cutover.yaml."""
    sides = {"old": "`from`", "new": "`to`"}
    phases = [
        (
            code(phase.word),
            " and ".join(words for side, words in sides.items() if side in grant(phase).owners) or "nobody",
            " and ".join(words for side, words in sides.items() if side in grant(phase).writes) or "nowhere",
            PURPOSE[phase],
        )
        for phase in Phase
    ]
    numbers = [(code(name), about) for name, about in METRICS.items()]
    numbers.append((code(f"{SUM}.diff"), f"the sum of a field over the wave; also {', '.join(SUM_PARTS)}"))
    return sections(
        "# Cutover",
        "What `config/cutover.yaml` can say. [How to run a cutover](../how-to/cutover.md).",
        "## Keys",
        *tables(CutoverSettings, level="###"),
        "## Phases",
        table(("phase", "who may write", "copies go to", "what happens"), phases),
        "## Numbers",
        "A gate is an expression (CEL) over these; `|| waived` lets it take a waiver.",
        table(("number", "meaning"), numbers),
    )
