"""The door of the OA: registration, tokens, and who a call acts for."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from goldbridge.simulators.kit import Answer, Call, Refused, SimClock, json_answer

TOKEN_S = 1800.0


@cache
def server_key(number: int = 0) -> RSAPrivateKey:
    """The server's key pair; another number is another one, as after a new registration."""
    return generate_private_key(65537, 2048)


class Door:
    """Registers applications, hands out tokens, and opens what was encrypted with the public key."""

    def __init__(self, clock: SimClock, app_id: str, secret: str, *, misspelt: bool) -> None:
        self._clock, self._app_id, self._secret, self._misspelt = clock, app_id, secret, misspelt
        self.generation = 0
        self._tokens: dict[str, float] = {}
        self._issued = 0

    @property
    def spk(self) -> str:
        """The public key as it is handed out: base64 without PEM lines."""
        public = server_key(self.generation).public_key()
        return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()

    def expire(self) -> None:
        self._tokens.clear()

    def register(self, call: Call) -> Answer:
        if call.headers.get("appid") != self._app_id or not call.headers.get("cpk"):
            raise Refused("-1", "认证信息错误,appid不存在")
        secret = {"secrit": self._secret} if self._misspelt else {"secret": self._secret, "secrit": self._secret}
        return json_answer({"status": True, "code": 0, "msg": "ok", "spk": self.spk, **secret})

    def apply(self, call: Call) -> Answer:
        if call.headers.get("appid") != self._app_id:
            raise Refused("-1", "认证信息错误,appid不存在")
        secret = self._opened(call.headers.get("secret", ""))
        if secret is None:
            raise Refused("-1", "secret解密失败,请检查spk")
        if secret != self._secret:
            raise Refused("-1", "认证信息错误,secret不正确")
        lives_s = float(call.headers.get("time") or TOKEN_S)
        self._issued += 1
        token = blake2b(f"weaver {self._issued}".encode(), digest_size=16).hexdigest()
        self._tokens[token] = self._clock.now() + lives_s
        return json_answer({"status": True, "code": 0, "msg": "获取成功!", "token": token})

    def user(self, headers: Mapping[str, str], known: frozenset[str]) -> str:
        """Who a call acts for; raises `Refused` when it may not come in."""
        if headers.get("appid") != self._app_id or self._tokens.get(headers.get("token", ""), 0.0) <= self._clock.now():
            raise Refused("-1", "token不存在或者超时：" + headers.get("token", ""))
        user = self._opened(headers.get("userid", ""))
        if user is None or user not in known:
            raise Refused("-1", "该账号存在异常,请联系管理员")
        return user

    def _opened(self, text: str) -> str | None:
        key = server_key(self.generation)
        try:
            raw = base64.b64decode(text, validate=True)
            size = key.key_size // 8
            blocks = [raw[at : at + size] for at in range(0, len(raw), size)]
            return b"".join(key.decrypt(block, PKCS1v15()) for block in blocks).decode() if blocks else None
        except ValueError:
            return None
