"""The Sensors connector: what the rest of the house sees.

"200" from the import means "received", not "valid". What can be checked is checked before (`record`), and with
`dry_run` by the server itself. What was sent shows there minutes later, so no row is compared right after its write.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from functools import cached_property

from connectors.base import Context, RawRow, Stream, Write, Writer, WriteResult
from connectors.sensors.config import SensorsConfig
from connectors.sensors.record import Encoder, Record
from goldbridge.errors import Halt, Mark, Misconfigured, OutcomeUnknown, Reject
from goldbridge.http import RECORD, RETRY, THROTTLE, Client, Complaint, Draft, Envelope, Kind, QueryKey, Rule
from goldbridge.ports import Json

_SETTINGS = Mark("config/sources.yaml")
_ACCESS = Rule(Kind.CONFIG, "check token, API secret and the name of the project")

RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("401", "403", "404"), _ACCESS),
    **dict.fromkeys(("3*", "4*"), RECORD),
    **dict.fromkeys(("408", "5*"), RETRY),
    "429": THROTTLE,
}
QUERY_RULES: Mapping[str, Rule] = {
    **RULES,
    "400": Rule(Kind.CONFIG, "the statement is refused: check `id_column`"),
    **dict.fromkeys(("503", "504"), THROTTLE),
}


def _hear(status: int, text: str) -> Complaint | None:
    """Every status but the good ones, with its reason as text."""
    return Complaint(str(status), text.strip()) if status >= 300 else None


def _find(status: int, body: Json) -> Complaint | None:
    said = body.get("error") or body.get("message") if isinstance(body, dict) else ""
    return _hear(status, str(said or ""))


_NAMES = {Kind.CONFIG: "CON322", Kind.RECORD: "CON321"}
IMPORT = Envelope(_find, RULES, hear=_hear, names=_NAMES)
QUERY = Envelope(_find, QUERY_RULES, hear=_hear, names=_NAMES)
_PROBE = "goldbridge-probe"


class Sensors(Writer[SensorsConfig]):
    kind = "sensors"
    config_model = SensorsConfig

    def __init__(self, config: SensorsConfig, context: Context) -> None:
        super().__init__(config, context)
        self._import = self._client(config.base_url, config.token.get_secret_value(), IMPORT)
        self._api: Client | None = None
        if config.api_secret is not None:
            secret = config.api_secret.get_secret_value()
            self._api = self._client(config.api_url or config.base_url, secret, QUERY)

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        """A user can be looked up again, with the API secret; everything else promises delivery only."""
        keys = {"profile": "distinct_id", "item": "item_id", "event": "_track_id"}
        found: dict[str, Stream] = {}
        for name, sink in self.config.streams.items():
            seen = sink.to == "profile" and self._api is not None
            found[name] = Stream(
                name,
                key=keys[sink.to],
                writable=True,
                natural_key=keys[sink.to] if seen else None,
                write_batch=self.config.write_batch,
                one_by_one=self.config.dry_run,
                effect="once" if seen else "at_least_once",
            )
        return found

    def probe(self) -> str:
        """Has a record validated without storing it."""
        record = {"type": "profile_unset", "distinct_id": _PROBE, "properties": {}, "lib": {"$lib": "goldbridge"}}
        now_ms = int(self.context.clock.now().timestamp() * 1000)
        self._validate([{**record, "time": now_ms}], "probe")
        return f"{self.context.system}: the token is accepted for project {self.config.project}"

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        """Everything in one call; a batch that is refused is halved until what spoils it stands alone."""
        if self.config.writes != "enabled":
            message = f"{self.context.system}: writing is switched off; set `writes: enabled` to let flows write here"
            raise Misconfigured.one("CON323", message, _SETTINGS)
        encoder = self._encoder(stream.name)
        encoder.check_names({name for write in batch for name in write.values})
        results: dict[int, WriteResult] = {}
        ready: list[tuple[int, list[Record]]] = []
        for at, write in enumerate(batch):
            try:
                records = encoder.encode(write, self.context.clock.now())
                if self.config.dry_run and records:
                    self._validate(records, f"{stream.name} {write.external_id}")
            except Reject as error:
                results[at] = _result(write, error)
                continue
            ready.append((at, records))
        self._send(stream, batch, ready, results)
        return [results[at] for at in range(len(batch))]

    def read_back(self, stream: Stream, external_ids: Sequence[str]) -> Mapping[str, RawRow]:
        """Users by their login id, as they were some minutes ago; items, events and projects without secret: none."""
        sink, column = self.config.streams[stream.name], self.config.id_column
        ids = [each for each in external_ids if each and "'" not in each and "\\" not in each]
        if self._api is None or sink.to != "profile" or not ids:
            return {}
        wanted = ",".join(f"'{each}'" for each in ids)
        form = {"q": f"SELECT * FROM users WHERE {column} IN ({wanted})", "format": "json"}  # noqa: S608 - ids without quotes
        about = f"{stream.name} read back"
        text = self._api.send("POST", "/api/sql/query", form=form, about=about, as_text=True).data
        rows = [self._row(line, about) for line in str(text or "").splitlines() if line.strip()]
        return {str(row[column]): {**row, "distinct_id": str(row[column])} for row in rows if row.get(column)}

    def _row(self, line: str, about: str) -> RawRow:
        try:
            row = json.loads(line, parse_float=str)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise Halt("CON016", f"{self.context.system} {about}: a line of the answer is not JSON")
        return row

    def _send(
        self,
        stream: Stream,
        batch: Sequence[Write],
        ready: Sequence[tuple[int, list[Record]]],
        results: dict[int, WriteResult],
    ) -> None:
        """Profiles and items may be sent again at once when the answer was lost; events may not."""
        records = [record for _, each in ready for record in each]
        whose = batch[ready[0][0]].external_id if len(ready) == 1 else f"of {len(ready)}"
        about = f"{stream.name} {whose}"
        try:
            if records:
                once = self.config.streams[stream.name].to == "event"
                self._import.send("POST", "/sa", form=_packed(records), write=once, about=about, as_text=True)
        except OutcomeUnknown as error:
            for at, _ in ready:
                results[at] = WriteResult(batch[at].external_id, "unknown", code=error.code, message=error.message)
        except Reject as error:
            if len(ready) == 1:
                results[ready[0][0]] = _result(batch[ready[0][0]], error)
                return
            half = len(ready) // 2
            self._send(stream, batch, ready[:half], results)
            self._send(stream, batch, ready[half:], results)
        else:
            for at, _ in ready:
                results[at] = WriteResult(batch[at].external_id, "written", batch[at].external_id)

    def _validate(self, records: list[Record], about: str) -> None:
        """`Reject` with what the server says about these records; nothing is stored."""
        headers = {"dry-run": "true"}
        self._import.send("POST", "/debug", form=_packed(records), headers=headers, about=about, as_text=True)

    def _encoder(self, name: str) -> Encoder:
        zone = self.config.zone or "Asia/Shanghai"
        return Encoder(self.context.system, name, self.config.streams[name], zone, login_id=self.config.login_id)

    def _client(self, url: str, token: str, envelope: Envelope) -> Client:
        context = self.context
        return context.http.client(
            system=context.system,
            base_url=url,
            auth=_ProjectKey(self.config.project, token),
            envelope=envelope,
            budget=context.budget(self.config.budget),
            timeout_s=self.config.timeout_s,
        )


class _ProjectKey(QueryKey):
    """Token and project, both in the address."""

    def __init__(self, project: str, token: str) -> None:
        super().__init__("token", token)
        self._project = project

    def apply(self, draft: Draft) -> None:
        super().apply(draft)
        draft.params.insert(0, ("project", self._project))


def _packed(records: list[Record]) -> dict[str, str]:
    """JSON, packed and written in Base64; the same records give the same text."""
    text = json.dumps(records, ensure_ascii=False, separators=(",", ":"))
    return {"data_list": base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode(), "gzip": "1"}


def _result(write: Write, error: Reject) -> WriteResult:
    return WriteResult(write.external_id, "rejected", code=error.code, message=error.message, field=error.field)
