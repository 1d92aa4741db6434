"""A pretend S/4HANA: business partners and sales orders as two OData V2 services behind one logon.

Changes want a CSRF token and all cookies of the session it came with; links and addresses carry the host the server
believes in; a row never changed has no LastChange…; a partner cannot be deleted; a row open in the GUI is locked.

Cooperative faults: those of the OData service, by set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from goldbridge.simulators.kit import Answer, Call, Endpoint, Refused, SimClock, Simulator, json_answer
from goldbridge.simulators.odata import EntitySet, Odata, Table
from goldbridge.simulators.odata.ask import Ask
from goldbridge.simulators.sap.schema import SERVICES

ROOT = "/sap/opu/odata/sap"
SESSION_S = 1800.0
_COOKIES = ("SAP_SESSIONID_DMO_100", "sap-usercontext")


class Session:
    """CSRF tokens and the cookies each of them is bound to."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._tokens: dict[str, tuple[str, float]] = {}
        self.issued = 0

    def open(self) -> dict[str, str]:
        self.issued += 1
        token, session = f"dEm0-{self.issued:04d}==", f"abc{self.issued:04d}%3d"
        self._tokens[token] = (session, self._now() + SESSION_S)
        cookies = f"{_COOKIES[0]}={session}; path=/; HttpOnly; expires=Fri, 01-Jan-2038 00:00:00 GMT"
        return {"X-CSRF-Token": token, "Set-Cookie": f"{cookies}\n{_COOKIES[1]}=sap-client=100; path=/"}

    def holds(self, token: str, cookies: str) -> bool:
        session, until = self._tokens.get(token, ("", 0.0))
        sent = {pair.partition("=")[0].strip(): pair.partition("=")[2] for pair in cookies.split(";")}
        good = sent.get(_COOKIES[0]) == session and sent.get(_COOKIES[1]) == "sap-client=100"
        if not session or not good or self._now() >= until:
            return False
        self._tokens[token] = (session, self._now() + SESSION_S)
        return True

    def expire(self) -> None:
        self._tokens.clear()


class Service(Odata):
    """One of the services."""

    name = "sap"
    user = "sap-sandbox"
    password = "sap-sandbox-password"  # noqa: S105 - a fixed, obviously fake word
    codes: ClassVar[Mapping[str, tuple[str, int]]] = {
        "not_found": ("/IWBEP/CM_MGW_RT/020", 404),
        "bad_query": ("/IWFND/CM_BEC/026", 400),
        "bad_value": ("R11/104", 400),
        "duplicate": ("R1/124", 400),
        "forbidden": ("/IWFND/CM_MGW/006", 403),
        "unauthorized": ("", 401),
        "locked": ("R1/513", 400),
        "internal": ("SY/530", 500),
        "no_delete": ("/IWFND/CM_MGW/099", 405),
    }

    def __init__(self, name: str, sets: tuple[EntitySet, ...], session: Session, **options: Any) -> None:
        super().__init__(sets, version=2, root=f"{ROOT}/{name}", namespace=name, offset=True, **options)
        self._session = session
        self.locked: set[str] = set()

    def guard(self, call: Call) -> dict[str, str]:
        if call.query.get("sap-client", "100") != "100":
            raise Refused("unauthorized", "Client does not exist")
        token = call.headers.get("x-csrf-token", "")
        if call.method == "GET":
            return self._session.open() if token.lower() == "fetch" else {}
        if not self._session.holds(token, call.headers.get("cookie", "")):
            raise Refused("csrf", "CSRF token validation failed")
        return {}

    def before(self, ask: Ask, table: Table) -> None:
        if ask.method != "GET" and any(f"'{key}'" in ask.path for key in self.locked):
            raise Refused("locked", "Business partner is currently locked by user MUELLER")

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        if code == "csrf":
            answer = Answer(403, (message or "CSRF token validation failed").encode(), b"text/plain;charset=utf-8")
            return answer._replace(headers=((b"x-csrf-token", b"Required"),))
        if code == "unauthorized" and not message.startswith("Client"):
            page = "<html><body><h1>Anmeldung fehlgeschlagen</h1></body></html>"
            return Answer(401, page.encode(), b"text/html;charset=utf-8", ((b"www-authenticate", b"Basic"),))
        return super().refuse(code, message, status)


class Sap(Simulator):
    """`rows` by set, over both services. `host` is what the server takes itself for; `""`: as it was asked."""

    name = "sap"
    user, password = Service.user, Service.password

    def __init__(
        self,
        rows: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
        *,
        host: str = "https://vhcals4hci.dummy.nodomain:44300",
        page_cap: int = 100,
        clock: SimClock | None = None,
        limits: str = "roomy",
        seed: int = 0,
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        self.session = Session(self.clock.now)
        self.services: dict[str, Service] = {}
        for name, sets in SERVICES.items():
            known = {of.name: (rows or {}).get(of.name, ()) for of in sets}
            service = Service(name, sets, self.session, rows=known, host=host, page_cap=page_cap, clock=self.clock)
            service.counters = self.counters
            self.services[name] = service

    # For the control surface

    def of(self, name: str) -> Service:
        """The service that has this set."""
        return next(service for service in self.services.values() if name in service.tables)

    def rows(self, name: str) -> list[dict[str, Any]]:
        return self.of(name).rows(name)

    def edit(self, name: str, key: str, values: Mapping[str, Any]) -> None:
        self.of(name).edit(name, key, values)

    def remove(self, name: str, key: str) -> None:
        self.of(name).remove(name, key)

    def lock(self, name: str, key: str, *, on: bool = True) -> None:
        """Somebody opens a row in the GUI, or closes it."""
        (self.of(name).locked.add if on else self.of(name).locked.discard)(key)

    def expire_tokens(self) -> None:
        self.session.expire()

    def edit_rows(self, call: Call, rows: int) -> None:
        for service in self.services.values():
            if call.path.startswith(service.root):
                service.edit_rows(call, rows)

    def tie_rows(self, call: Call, rows: int) -> None:
        for service in self.services.values():
            if call.path.startswith(service.root):
                service.tie_rows(call, rows)

    # Simulator

    def endpoints(self) -> Iterable[Endpoint]:
        for service in self.services.values():
            yield from service.endpoints()

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        return next(iter(self.services.values())).refuse(code, message, status)

    def unknown_path(self, call: Call) -> Answer:
        message = {"lang": "en", "value": "No service found for namespace '', name '', version '0001'"}
        return json_answer({"error": {"code": "/IWFND/MED/170", "message": message}}, 404)
