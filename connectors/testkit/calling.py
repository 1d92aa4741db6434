"""What must be true of every connector: what it says of itself, its answers, its tokens, its pace, its secrets."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from connectors.base import Lookup, Reader
from connectors.testkit.peer import READ_FAULTS, Nonconformance, Peer
from connectors.testkit.run import break_next, kept, must, read_once, reader_of
from goldbridge.errors import GoldbridgeError, Halt, Misconfigured, Retry


def says_what_it_is(peer: Peer) -> None:
    """`kind` is a module's name, every setting is described, a declared stream can be found and is consistent."""
    kind = peer.kind
    home = kind.__module__.split(".")
    must(kind.kind in home, f"kind is '{kind.kind}', but its class lives in {kind.__module__}")
    silent = [name for name, info in kind.config_model.model_fields.items() if not info.description]
    must(not silent, f"settings without a description: {', '.join(silent)}")
    if peer.stream:
        connector = peer.connect(kept(peer))
        must(peer.stream in connector.streams, f"there is no stream '{peer.stream}'")
        stream = connector.streams[peer.stream]
        must(stream.name == peer.stream, f"stream '{peer.stream}' calls itself '{stream.name}'")
        once = stream.external_id or stream.natural_key
        must(
            not stream.writable or bool(once) or stream.effect == "at_least_once",
            f"{stream.name} promises one effect, but has neither external_id nor natural_key to read back by",
        )
        connector.close()
        connector.close()  # safe to call twice


def answers(peer: Peer) -> None:
    connector = peer.connect(kept(peer))
    assert isinstance(connector, Lookup)
    question, good, none = peer.question
    must(question in connector.questions, f"'{question}' is not among its questions")
    found = connector.ask(question, good)
    must(found.found and bool(found.row) and bool(found.key), "a known question found nothing, or has no row or key")
    nothing = connector.ask(question, none)
    must(not nothing.found and bool(nothing.reason), "no answer needs found=False and a reason, so that it can be kept")
    json.dumps([found.row, nothing.row])


def shares_a_token(peer: Peer) -> None:
    """The first token, and the one after it has died: each is asked for once, however many wait for it."""
    connector = peer.connect(kept(peer))
    for what in ("", " when theirs had died"):
        before = peer.token_calls()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: connector.probe(), range(8)))
        after = peer.token_calls()
        if before is None or after is None:
            return
        must(after - before <= 1, f"8 threads asked for {after - before} tokens{what}")
        peer.expire_tokens()


ASK_FAULTS = frozenset(
    {"throttle_after", "throttle", "error_body", "html", "expire", "truncated", "unavailable", "reset"}
)
"""Faults that a question can meet: it has no pages."""


def asking_under(name: str) -> Callable[[Peer], None]:
    """A fault is never taken for "there is no such thing": that would be kept as an answer."""

    def check(peer: Peer) -> None:
        question, good, _ = peer.question
        break_next(peer, name, READ_FAULTS[name])
        for _ in range(3):
            connector = peer.connect(kept(peer))
            assert isinstance(connector, Lookup)
            try:
                answer = connector.ask(question, good)
            except (Retry, Halt, Misconfigured):
                peer.pass_time(3600)
                continue
            must(answer.found, f"the answer is 'no such thing': {answer.reason}")
            return
        raise Nonconformance("it did not answer again after the fault was over")

    return check


MOST_CALLS = 40
"""Calls that one run may make of a system that is down, the tries of each included."""


def gives_up_in_time(peer: Peer) -> None:
    """A system that is down is asked a few times, then left alone: no storm of tries, and no silence either."""
    for name in ("unavailable", "throttle"):
        if name not in peer.read_faults:
            continue
        if issubclass(peer.kind, Reader):
            peer.add(2 * peer.page_rows + 1)
        connector = peer.connect(kept(peer))
        break_next(peer, name, READ_FAULTS[name], count=None)
        before = peer.calls()
        error: GoldbridgeError | None = None
        try:
            if isinstance(connector, Reader):
                read_once(peer, connector)
            elif isinstance(connector, Lookup):
                connector.ask(peer.question[0], peer.question[1])
        except GoldbridgeError as caught:
            error = caught
        after = peer.calls()
        must(isinstance(error, (Retry, Halt)), f"under '{name}' that stays it ended in {type(error).__name__}: {error}")
        if before is not None and after is not None:
            must(after - before <= MOST_CALLS, f"{after - before} calls to a system under '{name}'")
        peer.pass_time(3600)


def stays_within_limits(peer: Peer) -> None:
    if issubclass(peer.kind, Reader):
        peer.add(40)
        read_once(peer, reader_of(peer))
        peer.pass_time(3600)  # what follows is another process, which cannot know what this one has used up
    connector = peer.connect(kept(peer))
    for _ in range(60 if peer.free_probe else 0):
        connector.probe()
    refused = peer.refused_calls()
    must(not refused, f"{refused} calls broke the vendor's limit")


def keeps_secrets(peer: Peer) -> None:
    said: list[str] = []
    for kind in ("html", "unavailable", "truncated", "error_body"):
        if kind not in peer.read_faults:
            continue
        break_next(peer, kind, READ_FAULTS[kind], count=None)
        try:
            said.append(str(peer.connect(kept(peer)).probe()))
        except GoldbridgeError as error:
            said += [str(error), repr(error)]
    shown = [secret for secret in peer.secrets if any(secret in text for text in said)]
    must(not shown, f"{len(shown)} of {len(peer.secrets)} secrets stand in messages")
