"""Four vendors that encrypt what they send: Feishu, and the family of DingTalk, WeCom and Yonyou.

The family shares one box: AES-256-CBC whose IV is the start of the key, padded to blocks of 32, holding 16 random
bytes, the length, the message, and whom it is meant for. They differ in what is signed, where it stands, and what they
want to be answered. Each can also `sign`: what a sender would send, to try a configuration out.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from connectors.webhook.call import Answer, Call, Opened, check_fresh, forged, garbled, same, stamped
from connectors.webhook.markup import Malformed, read_xml
from connectors.webhook.signature import SignatureConfig
from goldbridge.http.body import Truncated, Unreadable, parse
from goldbridge.ports import Json

_BLOCK = 32


class Box:
    """The family's envelope; `owner` is whom it is meant for."""

    def __init__(self, key: bytes, owner: str) -> None:
        self._key, self._owner = key, owner.encode()

    def open(self, text: str) -> bytes:
        """The message; raises `Refused` for what was not sealed with this key, for this owner."""
        plain = decrypt(self._key, self._key[:16], unpack(text))
        length = int.from_bytes(plain[16:20], "big")
        if len(plain) < 20 + length:
            raise garbled("the encrypted text does not hold the message it announces")
        message, owner = plain[20 : 20 + length], plain[20 + length :]
        if not hmac.compare_digest(owner, self._owner):
            raise forged("the message is meant for another application; check `owner`")
        return message

    def seal(self, message: bytes) -> str:
        plain = secrets.token_bytes(16) + len(message).to_bytes(4, "big") + message + self._owner
        return base64.b64encode(encrypt(self._key, self._key[:16], plain, _BLOCK)).decode()


def decrypt(key: bytes, iv: bytes, sealed: bytes) -> bytes:
    """AES-CBC without its padding, which may be longer than a block of AES."""
    if not sealed or len(sealed) % 16:
        raise garbled("the encrypted text is cut off")
    opener = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    plain = opener.update(sealed) + opener.finalize()
    pad = plain[-1]
    if not 1 <= pad <= _BLOCK or plain[-pad:] != bytes([pad]) * pad:
        raise garbled("the encrypted text cannot be opened with our key")
    return plain[:-pad]


def encrypt(key: bytes, iv: bytes, plain: bytes, block: int) -> bytes:
    pad = block - len(plain) % block
    sealer = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return sealer.update(plain + bytes([pad]) * pad) + sealer.finalize()


def unpack(text: str) -> bytes:
    """Base64; form decoding may have made blanks of its plus signs."""
    try:
        return base64.b64decode(text.replace(" ", "+"), validate=True)
    except (binascii.Error, ValueError):
        raise garbled("the encrypted text is not base64") from None


def document(raw: bytes) -> dict[str, Any]:
    """A JSON object; raises `Refused`."""
    try:
        found = parse(raw.decode())
    except (Truncated, Unreadable, UnicodeDecodeError):
        raise garbled("the body is not JSON") from None
    if not isinstance(found, dict):
        raise garbled("the body is not a JSON object")
    return found


def _text(found: Json) -> str:
    return found if isinstance(found, str) else "" if found is None or isinstance(found, dict | list) else str(found)


def _dump(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class Feishu:
    """SHA-256 of time, nonce, Encrypt Key and body in a header; the body is encrypted with a digest of the same key."""

    def __init__(self, config: SignatureConfig) -> None:
        assert config.secret is not None
        self._secret = config.secret.get_secret_value()
        self._key = hashlib.sha256(self._secret.encode()).digest()
        self._token = config.token.get_secret_value() if config.token else ""
        self._window_s = config.window_s

    def open(self, call: Call, now: datetime) -> Opened:
        names = ("request-timestamp", "request-nonce", "signature")
        at, nonce, given = (call.headers.get(f"x-lark-{name}", "") for name in names)
        if given and not same(given, self._digest(at, nonce, call.body)):
            raise forged("the signature is not that of our Encrypt Key")
        if given:
            check_fresh(at, self._window_s, now)
        sealed = unpack(_text(document(call.body).get("encrypt")))
        if len(sealed) < 32:
            raise garbled("`encrypt` is missing; is an Encrypt Key set in the vendor's console?")
        content = decrypt(self._key, sealed[:16], sealed[16:])
        found = document(content)
        header = found.get("header")
        token = _text(found.get("token")) or _text(header.get("token") if isinstance(header, dict) else None)
        if self._token and not same(token, self._token):
            raise forged("the Verification Token is not ours")
        if found.get("type") == "url_verification":
            # The check of the address comes unsigned; that it could be opened at all proves the key.
            return Opened(b"", answer=Answer(200, _dump({"challenge": _text(found.get("challenge"))})))
        if not given:
            raise forged("there is no signature in header X-Lark-Signature")
        return Opened(content, stamp=f"{at}\n{nonce}")

    def answer(self, now: datetime) -> Answer:
        return Answer(200, b"{}")

    def sign(self, content: bytes, now: datetime) -> Call:
        iv = secrets.token_bytes(16)
        body = _dump({"encrypt": base64.b64encode(iv + encrypt(self._key, iv, content, 16)).decode()})
        at, nonce = stamped(now), secrets.token_hex(8)
        headers = {"x-lark-request-timestamp": at, "x-lark-request-nonce": nonce}
        headers |= {"x-lark-signature": self._digest(at, nonce, body), "content-type": "application/json"}
        return Call("POST", headers, {}, body)

    def _digest(self, at: str, nonce: str, body: bytes) -> str:
        return hashlib.sha256(f"{at}{nonce}{self._secret}".encode("utf-8", "surrogateescape") + body).hexdigest()


class _Family:
    """SHA-1 over the sorted token, time, nonce and encrypted text, in the query."""

    def __init__(self, config: SignatureConfig) -> None:
        assert config.token is not None
        assert config.aes_key is not None
        self._token = config.token.get_secret_value()
        self._box = Box(base64.b64decode(config.aes_key.get_secret_value() + "="), config.owner)
        self._window_s = config.window_s

    def _genuine(self, call: Call, sealed: str, now: datetime) -> str:
        """The stamp of a call whose signature is right; raises `Refused`."""
        query = call.query
        at = query.get("timestamp") or query.get("timeStamp") or ""
        nonce = query.get("nonce", "")
        given = query.get("msg_signature") or query.get("signature") or ""
        if not given or not same(given, self._digest(at, nonce, sealed)):
            raise forged("the signature is not that of our token" if given else "there is no signature in the address")
        check_fresh(at, self._window_s, now)
        return f"{at}\n{nonce}"

    def _digest(self, at: str, nonce: str, sealed: str) -> str:
        text = "".join(sorted((self._token, at, nonce, sealed)))
        return hashlib.sha1(text.encode("utf-8", "surrogateescape")).hexdigest()  # noqa: S324  the vendor's choice


class Dingtalk(_Family):
    """JSON; every answer is the encrypted word success."""

    def open(self, call: Call, now: datetime) -> Opened:
        sealed = _text(document(call.body).get("encrypt"))
        stamp = self._genuine(call, sealed, now)
        content = self._box.open(sealed)
        if _text(document(content).get("EventType")) == "check_url":
            return Opened(b"", answer=self.answer(now))
        return Opened(content, stamp=stamp)

    def answer(self, now: datetime) -> Answer:
        sealed, at, nonce = self._box.seal(b"success"), stamped(now, milliseconds=True), secrets.token_hex(8)
        signature = self._digest(at, nonce, sealed)
        return Answer(200, _dump({"msg_signature": signature, "timeStamp": at, "nonce": nonce, "encrypt": sealed}))

    def sign(self, content: bytes, now: datetime) -> Call:
        sealed, at, nonce = self._box.seal(content), stamped(now, milliseconds=True), secrets.token_hex(8)
        query = {"msg_signature": self._digest(at, nonce, sealed), "timestamp": at, "nonce": nonce}
        return Call("POST", {"content-type": "application/json"}, query, _dump({"encrypt": sealed}))


class Wecom(_Family):
    """XML; the address is checked with a GET whose encrypted text is sent back open."""

    def open(self, call: Call, now: datetime) -> Opened:
        if call.method == "GET":
            sealed = call.query.get("echostr", "").replace(" ", "+")
            self._genuine(call, sealed, now)
            return Opened(b"", answer=Answer(200, self._box.open(sealed), "text/plain"))
        try:
            sealed = _text(read_xml(call.body).get("Encrypt"))
        except Malformed as error:
            raise garbled(f"the body is not XML: {error}") from None
        stamp = self._genuine(call, sealed, now)
        return Opened(self._box.open(sealed), "xml", stamp)

    def answer(self, now: datetime) -> Answer:
        return Answer(200, b"", "text/plain")

    def sign(self, content: bytes, now: datetime) -> Call:
        sealed, at, nonce = self._box.seal(content), stamped(now), secrets.token_hex(8)
        query = {"msg_signature": self._digest(at, nonce, sealed), "timestamp": at, "nonce": nonce}
        body = f"<xml><ToUserName><![CDATA[sandbox]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        return Call("POST", {"content-type": "text/xml"}, query, body.encode())


class Yonyou:
    """JSON that carries its own signature: HMAC-SHA256 over the sorted time, nonce and encrypted text."""

    def __init__(self, config: SignatureConfig) -> None:
        assert config.secret is not None
        self._secret = config.secret.get_secret_value()
        letters = self._secret.replace("-", "")[:43].ljust(43, "0")
        try:
            self._box = Box(base64.b64decode(letters + "=", validate=True), config.owner)
        except binascii.Error:
            raise ValueError("secret: an AppSecret has letters and digits only; copy it again") from None
        self._window_s = config.window_s

    def open(self, call: Call, now: datetime) -> Opened:
        body = document(call.body)
        at, nonce, sealed, given = (_text(body.get(name)) for name in ("timestamp", "nonce", "encrypt", "signature"))
        if not given or not same(given, self._digest(at, nonce, sealed)):
            raise forged("the signature is not that of our AppSecret" if given else "there is no signature in the body")
        check_fresh(at, self._window_s, now)
        content = self._box.open(sealed)
        if _text(document(content).get("type")) == "CHECK_URL":
            return Opened(b"", answer=self.answer(now))
        return Opened(content, stamp=f"{at}\n{nonce}")

    def answer(self, now: datetime) -> Answer:
        return Answer(200, b"success", "text/plain")

    def sign(self, content: bytes, now: datetime) -> Call:
        sealed, at, nonce = self._box.seal(content), stamped(now, milliseconds=True), secrets.token_hex(8)
        body = {"signature": self._digest(at, nonce, sealed), "timestamp": at, "nonce": nonce, "encrypt": sealed}
        return Call("POST", {"content-type": "application/json"}, {}, _dump(body))

    def _digest(self, at: str, nonce: str, sealed: str) -> str:
        text = "".join(sorted((at, nonce, sealed)))
        digest = hmac.new(self._secret.encode(), text.encode("utf-8", "surrogateescape"), hashlib.sha256).digest()
        return base64.b64encode(digest).decode()
