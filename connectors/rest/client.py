"""Sends what templates say, one client per kind of address: below base_url, a record's own, and a next URL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connectors.base import Context
from connectors.rest.answer import NOTHING, make_envelope
from connectors.rest.config import RestConfig
from connectors.rest.login import make_auth
from connectors.rest.part import RequestConfig
from connectors.rest.template import Template, Values, path
from goldbridge.errors import Halt, Reject
from goldbridge.http import Client, Envelope, Reply
from goldbridge.http.request import origin


class Request:
    """A declared request, its templates compiled once."""

    def __init__(self, config: RequestConfig, method: str) -> None:
        self.method = method
        self.names = config.names()
        self._path = path(config.path)
        self._params = [(name, Template(text)) for name, text in config.params.items()]
        self._body = None if config.body is None else Template(config.body)
        self._headers = [(name.lower(), Template(text)) for name, text in config.headers.items()]

    def parts(self, values: Values) -> dict[str, Any]:
        """The arguments of a call; what has no value is left out."""
        return {
            "path": self._path.text(values),
            "params": [(name, text.fill(values)) for name, text in self._params],
            "json": None if self._body is None else self._body.fill(values),
            "headers": {name: text.text(values) for name, text in self._headers},
        }


class RestClient:
    """The calls of one system."""

    def __init__(self, config: RestConfig, context: Context) -> None:
        self.config, self.system = config, context.system
        self._headers = {name.lower(): text for name, text in config.headers.items()}
        certificate = config.certificate.made() if config.certificate else None
        self._auth = make_auth(config, context, certificate)
        self._shared: dict[str, Any] = {
            "system": context.system,
            "auth": self._auth,
            "timeout_s": config.timeout_s,
            "budget": context.budget(config.budget),
            "certificate": certificate,
        }
        envelope, self._factory = make_envelope(config.envelope), context.http
        self.http = self._client(envelope)
        self._records = self._client(make_envelope(config.envelope, of_record=True))
        self._finders: dict[tuple[str, ...], Client] = {}
        parts = urlsplit(config.base_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._root: Client = context.http.client(base_url=self._origin, envelope=envelope, **self._shared)

    def _client(self, envelope: Envelope) -> Client:
        return self._factory.client(base_url=self.config.base_url, envelope=envelope, **self._shared)

    def ask(self, request: Request, values: Values, *, about: str) -> Reply:
        """A call that changes nothing, whatever its method."""
        return self._send(self.http, request, values, about=about, write=False)

    def find(self, request: Request, values: Values, *, absent: Sequence[str], about: str) -> Reply | None:
        """A search by our external id; None when the API says that there is nothing. Other refusals stop the run."""
        codes = tuple(absent)
        if codes not in self._finders:
            self._finders[codes] = self._client(make_envelope(self.config.envelope, absent=codes))
        try:
            return self._send(self._finders[codes], request, values, about=about, write=False)
        except Halt as error:
            if error.code == NOTHING:
                return None
            raise
        except Reject as error:  # the question is ours, so no record can be blamed
            raise Halt(error.code, error.message) from None

    def change(self, request: Request, values: Values, *, about: str) -> Reply:
        """A write."""
        one = bool(request.names & {"key", "external_id"})
        return self._send(self._records if one else self.http, request, values, about=about, write=True)

    def get(self, where: str, *, about: str) -> Reply:
        """A plain read of a path below base_url."""
        return self.http.send("GET", where, headers=self._headers, about=about)

    def address(self, request: Request, values: Values) -> str:
        """Where a request goes, without its parameters: what a relative link in the answer starts from."""
        return self.http.base_url + str(request.parts(values)["path"])

    def follow(self, url: str, *, about: str) -> Reply:
        """A whole URL that an answer gave for the next page: only where we were sent to in the first place."""
        parts = urlsplit(url)
        if origin(url) != origin(self.http.base_url):
            message = (
                f"{self.system} {about}: the next page is at {parts.scheme}://{parts.netloc}, not at {self._origin}; "
                "credentials do not go there. Put the address that the API itself names into base_url"
            )
            raise Halt("CON102", message)
        params = parse_qsl(parts.query, keep_blank_values=True)
        if self.config.auth.kind == "query":  # it is added anew
            params = [pair for pair in params if pair[0] != self.config.auth.name]
        return self._root.send("GET", parts.path, params=params, headers=self._headers, about=about)

    def _send(self, client: Client, request: Request, values: Values, *, about: str, write: bool) -> Reply:
        parts = request.parts(values)
        headers: Mapping[str, str] = {**self._headers, **parts.pop("headers")}
        return client.send(request.method, parts.pop("path"), write=write, about=about, headers=headers, **parts)
