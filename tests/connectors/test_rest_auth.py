"""Every way to sign is let in, stays in, and a wrong credential is one clear error that shows no secret."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from connectors.base import Window
from connectors.rest import Rest
from goldbridge import log
from goldbridge.errors import GoldbridgeError, Misconfigured
from goldbridge.simulators.kit import Fault
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.plain import private_key
from tests.connectors.rest_shape import AUTHS, Case, source
from tests.connectors.rig import connect, outcome

KINDS = [name for name in AUTHS if name != "none"]
TOKENS = ("client_credentials", "refresh_token", "session", "cookie", "jwt")


def pem(key: Any) -> str:
    made: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.decode()


def wrong(kind: str) -> tuple[dict[str, Any], str]:
    """The entry with another credential than the server knows, and the code it ends in."""
    entry = AUTHS[kind]
    if "client_secret" in entry:
        return {**entry, "client_secret": "wrong-key"}, "CON111"
    if entry["kind"] == "session":
        return {**entry, "password": "wrong-key"}, "CON325"
    if kind == "jwt":
        return {**entry, "key": pem(rsa.generate_private_key(65_537, 2048))}, "CON111"
    if kind == "rsa":
        return {**entry, "key": pem(rsa.generate_private_key(65_537, 2048))}, "CON010"
    return {**entry, **({"key": "wrong-key"} if "key" in entry else {"password": "wrong-key"})}, "CON010"


def ids(connector: Rest) -> list[int]:
    """The keys of all rows."""
    stream = connector.streams["account"]
    pages = connector.read(stream, Window(None, connector.bound(stream)))
    return sorted(row["id"] for page in pages for row in page.rows)


def messages(work: Any) -> str:
    with pytest.raises(GoldbridgeError) as caught:
        work()
    return str(caught.value)


@pytest.mark.parametrize("kind", AUTHS)
def test_every_signature_is_let_in(kind: str) -> None:
    case = Case(3, auth=kind)
    assert ids(case.connect()) == case.ids()


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_credential_is_one_clear_error_without_the_secret(kind: str) -> None:
    case = Case(3, auth=kind)
    entry, code = wrong(kind)
    probe = connect(Rest, case.sim, case.clock, **(source(auth=kind) | {"auth": entry})).probe
    assert outcome(probe) == (Misconfigured, code)
    said = messages(probe)
    assert said.startswith(f"config/sources.yaml: {code} demo ")
    assert said.count("\n") == 0
    assert all(str(value) not in said for name, value in entry.items() if name in ("key", "password", "client_secret"))


@pytest.mark.parametrize("kind", TOKENS)
def test_f17_a_token_that_ended_is_fetched_anew_and_the_page_repeated(kind: str) -> None:
    case = Case(250, auth=kind)
    connector = case.connect()
    stream = connector.streams["account"]
    pages = connector.read(stream, Window(None, connector.bound(stream)))
    met = [row["id"] for row in next(pages).rows]
    case.sim.expire_tokens()
    met += [row["id"] for page in pages for row in page.rows]
    assert sorted(met) == case.ids()
    assert case.sim.gate.issued == 2


@pytest.mark.parametrize("kind", ["session", "jwt"])
def test_f17_many_threads_sign_in_once(kind: str) -> None:
    case = Case(3, auth=kind)
    connector = case.connect()
    threads = [threading.Thread(target=connector.probe) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert case.sim.gate.issued == 1


def test_a_session_ends_when_the_login_says() -> None:
    case = Case(3, auth="session")
    connector = case.connect()
    connector.probe()
    case.clock.advance(1800)
    connector.probe()
    assert case.sim.gate.issued == 2


@pytest.mark.parametrize("send", ["json", "form", "basic"])
def test_the_login_is_asked_as_it_wants(send: str) -> None:
    case = Case(3, auth="session")
    entry = {**AUTHS["session"], "send": send}
    if send == "basic":
        del entry["params"]
    connect(Rest, case.sim, case.clock, **(source() | {"auth": entry})).probe()
    assert case.sim.gate.issued == 1


def test_a_login_that_says_no_inside_a_success_says_why() -> None:
    case = Case(3, auth="session", envelope="code")
    entry = {**AUTHS["session"], "token_at": "data.session", "password": "wrong-key"}
    said = messages(connect(Rest, case.sim, case.clock, **(source(envelope="code") | {"auth": entry})).probe)
    assert "CON325 demo login: bad_login user or password is wrong" in said
    assert "check user, password" in said


@pytest.mark.parametrize(
    ("change", "what"), [({"token_at": "tokn"}, "has no 'tokn'"), ({"name": "Cookie"}, "sets no cookie")]
)
def test_a_login_without_a_session_is_named(change: dict[str, str], what: str) -> None:
    case = Case(3, auth="session")
    entry = {**AUTHS["session"], **change}
    probe = connect(Rest, case.sim, case.clock, **(source() | {"auth": entry})).probe
    assert f"CON325 demo login: the answer {what}" in messages(probe)


def test_a_login_that_is_out_for_a_moment_is_asked_again() -> None:
    case = Case(3, auth="session")
    case.sim.faults.add(Fault("unavailable", path="/login"))
    case.connect().probe()
    assert case.sim.gate.issued == 1


@pytest.mark.parametrize("kind", ["session", "cookie", "jwt", "own_jwt"])
def test_what_a_login_hands_out_reaches_no_log(kind: str) -> None:
    sent: list[httpx.Request] = []
    case = Case(3, auth=kind)
    inner = InProcess(case.sim.app)

    class Watching(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            sent.append(request)
            return inner.handle_request(request)

    connect(Rest, None, case.clock, transport=Watching(), **source(auth=kind)).probe()
    headers = sent[-1].headers
    shown = headers.get("x-session") or headers.get("authorization", "").removeprefix("Bearer ")
    token = shown or headers["cookie"].partition("sid=")[2].partition(";")[0]
    assert len(token) > 10
    assert token not in log.redact(f"looked at {token} here")


@pytest.mark.parametrize("kind", ["rsa", "jwt"])
@pytest.mark.parametrize(
    "key", ["no key at all", pem(ec.generate_private_key(ec.SECP256R1())), private_key().replace("MII", "MIJ")]
)
def test_a_private_key_that_is_none_is_named_before_anything_is_sent(kind: str, key: str) -> None:
    case = Case(3, auth=kind)
    entry = source() | {"auth": {**AUTHS[kind], "key": key}}
    said = messages(lambda: connect(Rest, case.sim, case.clock, **entry))
    assert "CON326 demo: the secret behind `auth.key` is not an RSA private key in PEM" in said
    assert key not in said
    assert case.sim.counters.calls == 0


def test_a_private_key_may_come_bare_as_consoles_show_it() -> None:
    bare = "".join(line for line in private_key().splitlines() if not line.startswith("-----"))
    case = Case(3, auth="rsa")
    connect(Rest, case.sim, case.clock, **(source() | {"auth": {**AUTHS["rsa"], "key": bare}})).probe()


def test_a_token_we_sign_is_made_anew_in_good_time() -> None:
    case = Case(3, auth="own_jwt")
    connector = case.connect()
    connector.probe()
    case.clock.advance(600)
    connector.probe()


def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    case = Case(3)
    entry = source() | {"certificate": {"file": str(tmp_path / "hub.pem")}}
    said = messages(lambda: connect(Rest, case.sim, case.clock, **entry))
    assert "CON326 demo: the certificate file" in said
    assert "cannot be read (no such file or directory)" in said


def test_a_hash_takes_capitals_and_an_escaped_query_alike() -> None:
    """The recipe signs values before they are escaped: a space or a Chinese word does not break it."""
    case = Case(3, auth="hash")
    read_more = {"params": {"since": "{after}", "since_id": "{after_tie}", "limit": "{limit}", "名 称": "杭州 & 上海"}}
    assert ids(connect(Rest, case.sim, case.clock, **source(auth="hash", read=read_more))) == case.ids()
