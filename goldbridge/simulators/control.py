"""How a landscape is steered: `/_control/health, truth, stats, faults, clock, edit`; loopback is all its protection.

Bodies and answers are JSON; a request that makes no sense gets 400 with `{"error": sentence}`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from goldbridge.simulators.kit import Fault, Simulator

if TYPE_CHECKING:
    from goldbridge.simulators.landscape import Landscape

MAX_EDITS = 100_000


class BadRequest(Exception):
    """A sentence on what is wrong with a request."""


def routes(landscape: Landscape) -> list[Route]:
    """The control endpoints of one landscape."""

    def get(path: str, answer: Callable[[], Any]) -> Route:
        async def serve(_: Request) -> Response:
            return _json(answer())

        return Route(path, serve, methods=["GET"])

    def post(path: str, answer: Callable[[dict[str, Any]], Any]) -> Route:
        return Route(path, _posted(answer), methods=["POST"])

    return [
        get("/health", landscape.health),
        get("/truth", landscape.world.truth),
        get("/stats", landscape.stats),
        get("/faults", lambda: _armed(landscape)),
        post("/faults", lambda body: _faults(landscape, body)),
        get("/clock", lambda: _clock_state(landscape)),
        post("/clock", lambda body: _clock(landscape, body)),
        post("/edit", lambda body: _edit(landscape, body)),
    ]


def _posted(answer: Callable[[dict[str, Any]], Any]) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        raw = await request.body()
        try:
            body = orjson.loads(raw) if raw else {}
            if not isinstance(body, dict):
                raise BadRequest("the body must be a JSON object")
            return _json(answer(body))
        except orjson.JSONDecodeError as error:
            return _json({"error": f"the body is not JSON: {error}"}, 400)
        except BadRequest as error:
            return _json({"error": str(error)}, 400)

    return serve


def _json(data: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(data), status, media_type="application/json")


def _only(body: dict[str, Any], *known: str) -> None:
    if unknown := sorted(set(body) - set(known)):
        raise BadRequest(f"no field {unknown[0]!r} here; there are {', '.join(known)}")


def _armed(landscape: Landscape) -> dict[str, Any]:
    return {name: simulator.faults.armed() for name, simulator in landscape.simulators.items()}


def _faults(landscape: Landscape, body: dict[str, Any]) -> dict[str, Any]:
    """`{"system": "new_crm" | ... | "*", "clear": bool, "faults": [{"kind": ...}, ...]}`; all of it or nothing."""
    _only(body, "system", "clear", "faults")
    system = body.get("system")
    chosen: list[Simulator] = list(landscape.simulators.values())
    if system != "*":
        if system not in landscape.simulators:
            raise BadRequest(f"no system {system!r}; there are {', '.join(landscape.simulators)}, or * for all")
        chosen = [landscape.simulators[system]]
    specs = body.get("faults", [])
    if not isinstance(specs, list) or not all(isinstance(spec, dict) for spec in specs):
        raise BadRequest("faults must be a list of objects, each with a kind")
    try:
        for spec in specs:
            Fault.parse(spec)
    except (TypeError, ValueError) as error:
        raise BadRequest(str(error)) from error
    for simulator in chosen:
        if body.get("clear"):
            simulator.faults.clear()
        simulator.faults.add(*(Fault.parse(spec) for spec in specs))
    return _armed(landscape)


def _clock_state(landscape: Landscape) -> dict[str, Any]:
    return {"now": landscape.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")}


def _clock(landscape: Landscape, body: dict[str, Any]) -> dict[str, Any]:
    """`{"run": true}`, `{"shift_s": seconds}` or `{"freeze": true | "2026-10-01T08:00:00Z"}`, in this order."""
    _only(body, "run", "shift_s", "freeze")
    shift, freeze = body.get("shift_s", 0), body.get("freeze")
    if isinstance(shift, bool) or not isinstance(shift, int | float):
        raise BadRequest("shift_s must be a number of seconds")
    at = _moment(freeze) if isinstance(freeze, str) else None
    if body.get("run"):
        landscape.clock.run()
    if shift:
        landscape.clock.shift(float(shift))
    if freeze:
        landscape.clock.freeze(at)
    return _clock_state(landscape)


def _moment(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadRequest(f"freeze must be true or a time like 2026-10-01T08:00:00Z, not {text!r}") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _edit(landscape: Landscape, body: dict[str, Any]) -> dict[str, Any]:
    """`{"n": 20, "seed": 5}`: so many edits in the two databases, dated now; answers what was done."""
    _only(body, "n", "seed")
    edits, seed = body.get("n", 1), body.get("seed")
    if isinstance(edits, bool) or not isinstance(edits, int) or not 0 <= edits <= MAX_EDITS:
        raise BadRequest(f"n must be a whole number from 0 to {MAX_EDITS}")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise BadRequest("seed must be a whole number")
    done = landscape.editors.edit(edits, landscape.now(), seed)
    return {"edits": done, "now": _clock_state(landscape)["now"]}
