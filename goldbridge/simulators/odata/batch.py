"""`$batch`: multipart for both versions, JSON for V4. A change set is atomic and answers once when it fails."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from goldbridge.simulators.odata.ask import Said

Run = Callable[["Item"], Said]


class Item(NamedTuple):
    """One operation of a batch."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: Any
    id: str = ""


class Malformed(ValueError):
    """The batch cannot be taken apart."""


def multipart(text: str, content_type: str) -> list[list[Item] | Item]:
    """The operations of a multipart batch: change sets as lists, questions alone."""
    found: list[list[Item] | Item] = []
    for head, content in _parts(text, content_type):
        kind = head.get("content-type", "")
        if kind.startswith("multipart/mixed"):
            found.append([_item(inner_head, inner) for inner_head, inner in _parts(content, kind)])
        else:
            found.append(_item(head, content))
    return found


def _parts(text: str, content_type: str) -> list[tuple[dict[str, str], str]]:
    boundary = re.search(r'boundary="?([^";]+)', content_type)
    if boundary is None:
        raise Malformed("a multipart batch needs a boundary")
    pieces = text.split(f"--{boundary[1]}")
    if len(pieces) < 3 or not pieces[-1].startswith("--"):
        raise Malformed("the batch has no end")
    return [_halves(piece.removeprefix("\r\n")) for piece in pieces[1:-1]]


def _halves(text: str) -> tuple[dict[str, str], str]:
    head, blank, content = text.partition("\r\n\r\n")
    if not blank:
        raise Malformed("a part has no blank line behind its headers")
    pairs = (line.partition(":") for line in head.split("\r\n") if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}, content


def _item(head: Mapping[str, str], content: str) -> Item:
    if head.get("content-type") != "application/http":
        raise Malformed("a part is application/http")
    first, _, rest = content.partition("\r\n")
    words = first.split(" ")
    if len(words) != 3:
        raise Malformed(f"'{first}' is no request line")
    headers, body = _halves(rest)
    data = json.loads(body) if body.strip() else None
    return Item(words[0], words[1], headers, data, head.get("content-id", ""))


def multipart_answer(answers: list[list[tuple[Item, Said]] | tuple[Item, Said]]) -> tuple[str, str]:
    """Body and content type. A set that failed is one plain part, without a set around it."""
    lines: list[str] = []
    for answer in answers:
        lines.append("--batchresponse_1")
        if isinstance(answer, list):
            lines += ["Content-Type: multipart/mixed; boundary=changesetresponse_1", ""]
            for item, said in answer:
                lines += ["--changesetresponse_1", *_shown(item, said)]
            lines += ["--changesetresponse_1--", ""]
        else:
            lines += _shown(*answer)
    return "\r\n".join([*lines, "--batchresponse_1--", ""]), "multipart/mixed; boundary=batchresponse_1"


def _shown(item: Item, said: Said) -> list[str]:
    body = "" if said.data is None else json.dumps(said.data, ensure_ascii=False)
    headers = {**said.headers, "Content-Type": "application/json", "Content-Length": str(len(body.encode()))}
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    lines += [f"Content-ID: {item.id}"] if item.id else []
    lines += ["", f"HTTP/1.1 {said.status} Said", *(f"{name}: {value}" for name, value in headers.items()), "", body]
    return lines


def json_batch(data: Any) -> list[list[Item]]:
    """The operations of a JSON batch, those of one atomicity group together."""
    requests = data.get("requests") if isinstance(data, dict) else None
    if not isinstance(requests, list):
        raise Malformed("a JSON batch has requests")
    groups: dict[str, list[Item]] = {}
    for number, one in enumerate(requests):
        if not {"id", "method", "url"} <= set(one):
            raise Malformed("a request has id, method and url")
        headers = {str(name).lower(): str(value) for name, value in (one.get("headers") or {}).items()}
        item = Item(one["method"].upper(), one["url"], headers, one.get("body"), str(one["id"]))
        groups.setdefault(one.get("atomicityGroup") or f"alone {number}", []).append(item)
    return list(groups.values())


def json_answer(answers: list[tuple[Item, Said]]) -> dict[str, Any]:
    return {
        "responses": [
            {"id": item.id, "status": said.status, "headers": dict(said.headers)}
            | ({} if said.data is None else {"body": said.data})
            for item, said in answers
        ]
    }
