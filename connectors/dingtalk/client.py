"""The calls of the newer API that we use, and the class of every code either generation may answer with."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.base import Context, RawRow
from connectors.dingtalk.config import DingtalkConfig
from goldbridge.errors import Halt, Reject, Retry
from goldbridge.http import (
    CONFIG,
    RECORD,
    THROTTLE,
    Complaint,
    Envelope,
    Kind,
    Rule,
    Token,
    TokenAuth,
    TokenSource,
)
from goldbridge.ports import Json

LIST_MAX = 20
_LIST = "/v1.0/workflow/processes/instanceIds/query"
_DETAIL = "/v1.0/workflow/processInstances"

_REFRESH = Rule(Kind.REFRESH, "check app_key and app_secret")
_BANNED = Rule(Kind.THROTTLE, "too many calls from this address; it is let in again after five minutes", wait_s=300.0)
_RIGHTS = Rule(Kind.CONFIG, "grant the application this permission point in the developer console")

RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("InvalidAuthentication", "accesstoken.expired", "40014", "42001", "40001", "41001"), _REFRESH),
    "-1": Rule(Kind.RETRY, tries=3),
    **dict.fromkeys(("qps.exceed.limit", "request.overlimit"), THROTTLE),
    **dict.fromkeys(("Forbidden.AccessDenied.QpsLimit*", "Forbidden.AccessDenied.QpmLimit*"), THROTTLE),
    **dict.fromkeys([str(code) for code in range(90001, 90015)], THROTTLE),
    "punish:deny": _BANNED,
    **dict.fromkeys(("formConverterError", "processInstanceInvalidParameter", "invalidParameter"), RECORD),
    **dict.fromkeys(("33012", "60121", "400002"), RECORD),
    **dict.fromkeys(("invalidClientIdOrSecret", "40096", "40089"), Rule(Kind.CONFIG, "check app_key and app_secret")),
    "60011": _RIGHTS,
    "60020": Rule(Kind.CONFIG, "add this machine's address to the white list of the application"),
    **dict.fromkeys(("Forbidden.AccessDenied.AccessTokenPermissionDenied", "apiPermissionDenied"), _RIGHTS),
    "processCodeError": Rule(Kind.CONFIG, "check the process codes in `processes`"),
    "22": CONFIG,
}


def _find(status: int, body: Json) -> Complaint | None:
    """Both generations: `errcode` in HTTP 200 (88 hides the reason in `sub_code`), or `code` beside HTTP 4xx/5xx."""
    if not isinstance(body, dict):
        return Complaint("not an object")
    if body.get("punish") == "deny":
        return Complaint("punish:deny")
    errcode = str(body.get("errcode", "0"))
    if errcode != "0":
        code = str(body.get("sub_code") or errcode) if errcode == "88" else errcode
        return Complaint(code, str(body.get("errmsg") or ""), str(body.get("request_id") or ""))
    denied = body.get("success") in (False, "false")  # the vendor's own client expects it as text in some answers
    if status >= 400 or denied or ("code" in body and "result" not in body):
        return Complaint(str(body.get("code", "")), str(body.get("message") or ""), str(body.get("requestid") or ""))
    return None


ENVELOPE = Envelope(_find, RULES, page=_BANNED, names={Kind.CONFIG: "CON050", Kind.RECORD: "CON051"})


class DingtalkClient:
    """Lists approvals and reads them."""

    def __init__(self, config: DingtalkConfig, context: Context) -> None:
        self._config = config
        factory, system = context.http, context.system
        shared = context.budget(config.budget)
        self._login = factory.client(
            system=system,
            base_url=config.base_url,
            envelope=ENVELOPE,
            budget=shared,
            timeout_s=config.timeout_s,
        )
        key = ("dingtalk token", system, config.base_url, config.app_key, config.app_secret.get_secret_value())
        tokens = factory.share(key, lambda: TokenSource(self._fetch_token, context.clock))
        auth = TokenAuth(tokens, lambda token: {"x-acs-dingtalk-access-token": token.value})
        self.http = factory.client(
            system=system,
            base_url=config.base_url,
            auth=auth,
            envelope=ENVELOPE,
            budget=shared,
            timeout_s=config.timeout_s,
        )

    def _fetch_token(self, _: Token | None) -> Token:
        secrets = {"appKey": self._config.app_key, "appSecret": self._config.app_secret.get_secret_value()}
        reply = self._login.post("/v1.0/oauth2/accessToken", json=secrets, read=True, about="token", endpoint="token")
        return Token(str(reply.unwrap("accessToken")), float(reply.unwrap("expireIn")))

    def list_page(self, code: str, first: int, last: int, token: str = "") -> tuple[list[str], str]:
        """One page of ids started between two moments, and the token of the next page ("" at the end).

        The token is text in the answer and a number in the question.
        """
        question = {
            "processCode": code,
            "startTime": first,
            "endTime": last,
            "nextToken": int(token or "0") if (token or "0").isdecimal() else token,
            "maxResults": LIST_MAX,
        }
        try:
            reply = self.http.post(_LIST, json=question, read=True, about=code, endpoint=_LIST)
        except Reject as error:  # here the question is ours, so no approval can be blamed
            raise Halt(error.code, error.message) from None
        following = reply.unwrap("result").get("nextToken")
        return list(reply.unwrap("result.list")), "" if following is None else str(following)

    def detail(self, code: str, instance_id: str) -> RawRow | Reject | Retry:
        """One approval in full, or why it cannot be had."""
        try:
            question = {"processInstanceId": instance_id}
            reply = self.http.get(_DETAIL, params=question, about=f"{code} {instance_id}", endpoint=_DETAIL)
        except (Reject, Retry) as error:
            return error
        values = reply.unwrap("result.formComponentValues") or []
        form: dict[str, Json] = {}
        for value in values:
            if form.get(str(value.get("name"))) in (
                None,
                "",
            ):  # of controls with one label the first that says something
                form[str(value.get("name"))] = value.get("value")
        detail = reply.unwrap("result")
        return {
            "instance_id": instance_id,
            "title": detail.get("title"),
            "status": reply.unwrap("result.status"),
            "result": detail.get("result"),
            "business_id": detail.get("businessId"),
            "create_time": detail.get("createTime"),
            "finish_time": detail.get("finishTime"),
            "originator": detail.get("originatorUserId"),
            "form": form,
            "form_by_id": {str(value["id"]): value.get("value") for value in values if value.get("id")},
        }
