"""A project at work: its open state, its connections, and its compiled mappings, rules and flows, each made once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

import orjson
from sqlalchemy import Connection

from flows.condition import Condition
from flows.config import Flow, SyncFlow, compile_flows, hint, outgoing
from flows.delivering import Target
from flows.glance import state_url
from flows.wiring import Connections
from goldbridge.clock import SYSTEM, Clock
from goldbridge.errors import Mark, Misconfigured
from goldbridge.mapping import Mapping, compile_mapping
from goldbridge.ports import Document
from goldbridge.settings.project import Project
from goldbridge.state.engine import Store, open_store
from goldbridge.state.inbox import Inbox
from goldbridge.state.vault import Vault, derive, load_key
from mdm.survivorship_rule import Rules, compile_survivorship

if TYPE_CHECKING:
    from flows.cutover.config import Cutover
    from goldbridge.http import HttpFactory


class Hub:
    """Use as a context manager; everything is opened and compiled when first needed. `http` replaces the network."""

    def __init__(self, project: Project, clock: Clock = SYSTEM, http: HttpFactory | None = None) -> None:
        self.project = project
        self.clock = clock
        self.flows = compile_flows(project)
        self.survivorship: Rules = compile_survivorship(
            project.survivorship, project.model, project.sources, ends=project.ends()
        )
        self.store: Store = open_store(state_url(project), clock, state_dir=project.state_dir)
        self.key = load_key(project.state_dir, os.environ)
        self.inbox = Inbox(self.store)
        vault = Vault(self.store, derive(self.key, "vault"))
        self.connections = Connections(project, vault, clock, http, inbox=self.inbox)
        self._mappings: dict[str, Mapping] = {}
        self._cutover: Cutover | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connections.close()
        self.store.close()

    def flow(self, name: str) -> Flow:
        """A flow by name; raises `Misconfigured` FLW011 when there is none."""
        if name not in self.flows:
            message = f"there is no flow '{name}'{hint(name, self.flows)}"
            raise Misconfigured.one("FLW011", message, Mark("flows.yaml"))
        return self.flows[name]

    def mark(self, flow: Flow, *path: str | int) -> Mark:
        return self.project.flows.mark("flows", flow.name, *path)

    def mapping(self, name: str, fields: frozenset[str] | None = None) -> Mapping:
        """A compiled mapping by name; `fields` are those of the stream it reads, where somebody knows them."""
        if name not in self._mappings:
            system = name.split(".", 1)[0]
            self._mappings[name] = compile_mapping(
                self.project.mappings[name],
                self.project.model,
                stream_fields=fields,
                tables=self.project.tables,
                zone=self.project.zone_of(system),
            )
        return self._mappings[name]

    def target(self, object: str, mapping: str, mark: Mark) -> Target:
        """The writer of `system.Object` with the mapping that makes its values."""
        writer, stream = self.connections.writer(object, mark)
        return Target(writer, stream, self.mapping(mapping))

    def backwards(self, place: str, out: Document) -> Mapping:
        """A way out that was made from a way in."""
        zone = self.project.zone_of(place.partition(".")[0])
        return compile_mapping(out, self.project.model, tables=self.project.tables, zone=zone)

    def out_mapping(self, flow: SyncFlow) -> str:
        """The outgoing mapping of a sync flow: the one it names, or the only one from its entity to its object."""
        return outgoing(self.project, flow)[0]

    def condition(self, flow: Flow, entity: str, source: str | None) -> Condition | None:
        """The flow's `when`, compiled."""
        if source is None:
            return None
        return Condition(source, self.project.model.entities[entity], self.mark(flow, "when"))

    @property
    def cutover(self) -> Cutover:
        """The compiled cutover; raises `Misconfigured` with everything wrong in it, CUT021 when there is none."""
        from flows.cutover.config import compile_cutover

        if self._cutover is None:
            self._cutover = compile_cutover(self.project, self.flows)
        return self._cutover

    def enlist(self, conn: Connection, found: Sequence[tuple[int, str]]) -> int:
        """Give golden records of a cutover, as (golden id, entity), their waves; returns how many have one now."""
        from flows.cutover.member import enlist

        return enlist(conn, self.cutover, found) if self.project.cutover.data else 0

    def fingerprint(self, flow: Flow) -> str:
        """What a run is pinned to: the flow as configured."""
        text = orjson.dumps(flow.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
        return hashlib.blake2b(text, digest_size=8).hexdigest()
