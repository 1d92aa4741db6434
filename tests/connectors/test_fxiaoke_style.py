"""Two generations of authentication: the same work, and never a part of one in a request of the other."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.base import Write
from connectors.fxiaoke import Fxiaoke
from goldbridge.clock import Clock
from goldbridge.errors import Misconfigured
from goldbridge.simulators.fxiaoke import Fxiaoke as Tenant
from goldbridge.simulators.fxiaoke.schema import open_user_id
from goldbridge.simulators.kit import Fault
from goldbridge.simulators.kit.loopback import Loopback
from tests.connectors.fxiaoke_case import SECRETS, Case
from tests.connectors.rig import connect, outcome, read

TOKEN, OLD_TOKEN, MOBILE = "/oauth2.0/token", "/cgi/corpAccessToken/get/V2", "/cgi/user/getByMobile"
BODY: dict[str, Any] = {"style": "body", "user_id": open_user_id("1000")}
BY_MOBILE: dict[str, Any] = {"style": "body", "user_mobile": "19900001000"}
KEYS = {"corpAccessToken", "corpId", "currentOpenUserId"}


def rows(count: int) -> dict[str, Any]:
    return {"AccountObj": [{"name": f"示例{number}", "owner": ["1001"]} for number in range(count)]}


@pytest.mark.parametrize("settings", [{}, BODY, BY_MOBILE], ids=["header", "body", "mobile"])
def test_either_style_reads_and_writes_and_renews_its_token(settings: dict[str, Any]) -> None:
    case = Case(rows(120))
    connector = case.connect(**settings)
    case.sim.faults.add(Fault("expire", path="*/data/query", skip=1), Fault("expire", path="*/data/create"))
    assert len(read(connector, "AccountObj")[0]) == 120
    assert case.write(connector, "AccountObj", Write("create", "g1", {"name": "新"}))[0].outcome == "written"
    assert case.sim.rows("AccountObj")[-1]["created_by"] == ["1000"]
    assert len(case.asked(OLD_TOKEN if settings else TOKEN)) == 3
    assert len(case.asked(MOBILE)) == ("user_mobile" in settings), "an employee keeps his id"


@pytest.mark.parametrize(("settings", "keys"), [({}, set[str]()), (BODY, KEYS)], ids=["header", "body"])
def test_a_request_carries_one_style_only(settings: dict[str, Any], keys: set[str]) -> None:
    case = Case(rows(3))
    connector = case.connect(**settings)
    read(connector, "AccountObj")
    case.write(connector, "AccountObj", Write("create", "g1", {"name": "新"}))
    signed = [call for call in case.calls if call.path not in (TOKEN, OLD_TOKEN)]
    assert len(signed) > 5
    for call in signed:
        assert (KEYS & call.json.keys(), "authorization" in call.headers) == (keys, not keys)
        assert "x-fs-userid" in call.headers or keys


def test_employees_have_the_ids_of_their_style_unless_told_otherwise() -> None:
    case = Case(rows(1))

    def owner(**settings: Any) -> str:
        return str(read(case.connect(**settings), "AccountObj")[0][0]["owner"][0])

    assert owner() == "1001"
    assert owner(**BODY) == open_user_id("1001")
    assert owner(**BODY, convert_user_id=False) == "1001"
    assert owner(convert_user_id=True, convert_media_id=False) == open_user_id("1001")
    assert case.calls[-1].json["convertMediaId"] is False


def test_many_threads_share_one_token_of_the_older_style() -> None:
    sim = Tenant(rows(5))
    with Loopback(sim.app) as url, ThreadPoolExecutor(8) as pool:
        connector = connect(Fxiaoke, None, Clock(), base_url=url, **SECRETS, **BY_MOBILE)
        list(pool.map(lambda _: connector.schema.objects(), range(16)))
    assert (sim.counters.by_endpoint[OLD_TOKEN], sim.counters.by_endpoint[MOBILE]) == (1, 1)


def test_a_number_that_nobody_has_and_a_wrong_secret_are_matters_of_settings() -> None:
    case = Case(rows(1))
    with pytest.raises(Misconfigured, match="no employee of the tenant has the number in user_mobile") as caught:
        case.connect(style="body", user_mobile="13800000000").probe()
    assert caught.value.code == "CON044"
    assert outcome(case.connect(**{**BODY, "app_secret": "wrong"}).probe) == (Misconfigured, "CON044")
    case.sim.faults.add(Fault("expire", path="*/object/list", count=None))
    assert outcome(case.connect(**BODY).probe) == (Misconfigured, "CON010"), "one renewal, then it gives up"


def test_no_secret_or_number_of_the_older_style_reaches_a_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    case = Case(rows(1))
    connector = case.connect(**BY_MOBILE)
    case.sim.faults.add(Fault("refuse", code="-1", message="corpAccessToken", path="*/data/query", count=2))
    read(connector, "AccountObj")
    tokens = {call.json["corpAccessToken"] for call in case.calls if "corpAccessToken" in call.json}
    assert len(tokens) == 1
    for secret in ("fx-sandbox-app-secret", "fx-sandbox-permanent-code", *tokens):
        assert secret not in caplog.text + repr(connector.config)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"style": "body"}, "style body needs the employee"),
        ({"user_id": "FSUID_1"}, "style header takes the employee as a short user_id"),
        ({"user_mobile": "1"}, "style header takes the employee as a short user_id"),
        ({"base_url": "https://www.fxiaoke.com"}, "base_url is the web site"),
        ({"style": "cookie"}, "'header' or 'body'"),
    ],
)
def test_settings_that_do_not_fit_together(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Case().connect(**settings)
