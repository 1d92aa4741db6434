"""The page of quality.yaml; its words are those of the schema."""

from __future__ import annotations

from goldbridge.schema.quality import WORDS
from mdm.quality_rule import DIMENSIONS, OPTIONS
from tools.reference.markdown import code, described, sections, table


def quality() -> str:
    """config/quality.yaml."""
    asked = {kind: about for kind, about in WORDS.items() if kind in DIMENSIONS}
    options = {key: about for key, about in WORDS.items() if key not in DIMENSIONS}
    questions = [
        (name, DIMENSIONS[name.strip("`")], meaning) for name, meaning in described("questions", DIMENSIONS, asked)
    ]
    return sections(
        "# Quality",
        f"""
`config/quality.yaml` says, per entity, what good data is. A rule asks one thing of every record; `goldbridge quality`
measures, a flow of kind {code("quality")} does so on a schedule and remembers it.""",
        """
```yaml
party:
  identified:   {present: [credit_code, lei], weight: 3}
  valid_code:   {valid: credit_code, at_least: 0.95}
  looked_after: {changed_within: 730 d, systems: [legacy_crm]}
  sane_capital: {expr: "capital_cny >= 0.0"}
```""",
        "## What a rule asks",
        table(("key", "dimension", "passes"), questions),
        "## Beside it",
        table(("key", "meaning"), described("options", OPTIONS, options)),
        """
The score of a record is the weight of the rules it keeps over the weight of those that ask something of it; that of a
source is taken over all its records. Golden records are asked `present` and `expr`; the rest is about what a source
did.""",
    )
