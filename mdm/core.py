"""Everything that decides about one entity's golden records, compiled once per run and never changed during it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dedupe.prepare import Prepared
from dedupe.rule import Rules
from dedupe.statistic import Statistics
from goldbridge.records.model import Entity
from goldbridge.state.landing import Record
from mdm.claim import Claimant
from mdm.qualification_rule import Process
from mdm.survivorship_rule import FieldRule


@dataclass(frozen=True, slots=True)
class Core:
    """The entity, its survivorship and matching rules, and the active ruleset revision with its frozen statistics.

    `qualification`: role -> the process that must approve it.
    `memo` holds what was prepared during the run: a record is cleaned once, not once per step.
    """

    entity: Entity
    survivorship: Mapping[str, FieldRule]
    matching: Rules | None = None
    statistics: Statistics | None = None
    rev: int = 0
    qualification: Mapping[str, Process] = field(default_factory=dict)
    memo: dict[int, tuple[Any, Prepared]] = field(default_factory=dict, repr=False, compare=False)


def claimant(record: Record) -> Claimant:
    """A stored record as the rules see it."""
    return Claimant(
        record=record.id,
        system=record.system,
        stream=record.stream,
        key=record.key,
        incarnation=record.incarnation,
        version=record.version,
        first_run=record.first_run,
        event_at=record.event_at or None,
        received_at=record.received_at,
        values=record.canonical or {},
        notes=record.notes,
        anchor=record.anchor,
    )


def speaks(record: Record) -> bool:
    """Whether a record belongs to a golden record now: it is there, and was mapped at least once."""
    return record.state == "live" and record.canonical is not None and record.fate != "filtered"
