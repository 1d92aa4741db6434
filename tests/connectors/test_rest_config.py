"""The vocabulary: what does not fit together is named at its place, with what to write instead."""

from __future__ import annotations

import re
from typing import Any

import pytest

from connectors.rest.auth_config import KEYS, AuthConfig
from connectors.rest.config import RestConfig
from goldbridge.errors import Misconfigured
from goldbridge.settings.validate import validate
from goldbridge.settings.yaml import read as read_yaml
from tests.connectors.rest_shape import AUTHS, BATCH, ENVELOPES, PAGINGS, WRITE, source

GOOD = """\
connector: rest
base_url: https://shop.example.com/api
auth: {kind: none}
streams:
  account:
    key: id
    cursor: updated_at
    read:
      path: /accounts
      params: {since: "{after}", since_id: "{after_tie}", until: "{until}", limit: "{limit}"}
      rows: items
      paging: keyset
"""
WRITING = """\
    write:
      external_id: ext
      create: {method: POST, path: /accounts, body: "{values}", key: id}
      read_back: {path: "/accounts/{external_id}"}
"""
PAGED = "paging: page\n      more: has_more"


def check(text: str) -> RestConfig:
    return validate(RestConfig, read_yaml(text, "config/sources.yaml"))


def test_the_shortest_entry_is_enough() -> None:
    found = check(GOOD)
    assert found.streams["account"].windowed
    assert found.page_size == 100
    assert check(GOOD + WRITING).streams["account"].write is not None


@pytest.mark.parametrize("paging", PAGINGS)
@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("envelope", ENVELOPES)
def test_every_habit_can_be_declared(paging: str, auth: str, envelope: str) -> None:
    for write in (WRITE, BATCH):
        entry = source(paging, auth=auth, envelope=envelope, stream={"write": write})
        RestConfig.model_validate({"connector": "rest", "base_url": "https://x.example", **entry})


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("rows: items", "row_path: items", "11:7", "unknown key 'row_path'"),
        ("rows: items", "rwos: items", "11:7", "unknown key 'rwos'; did you mean 'rows'?"),
        ("paging: keyset", "paging: keyste", "12:15", "did you mean 'keyset'?"),
        ('"{after}"', '"{afer}"', "8:7", "unknown placeholder '{afer}'; did you mean '{after}'?"),
        ("cursor: updated_at", "cursor: updated_at\n    cursor_format: iso8601", "6:5", "did you mean 'iso'?"),
        ("cursor: updated_at", "cursor: updated_at\n    cursor_format: '%d.%m.%Y'", "6:5", "put the year first"),
        ("cursor: updated_at", "volatile: [x]", "6:5", "needs the stream's `cursor`"),
        ('since_id: "{after_tie}", ', "", "9:7", "paging 'keyset' needs {after_tie}"),
        ('since: "{after}", ', "", "6:5", "needs {after} beside {after_tie}"),
        ("paging: keyset", "paging: next_token", "9:7", "paging 'next_token' needs {next}"),
        ("paging: keyset", "paging: page", "9:7", "paging 'page' needs {page}"),
        ("paging: keyset", "paging: none", "9:7", "that belongs to paging 'keyset'"),
        ("paging: keyset", "paging: keyset\n      next: token", "9:7", "has no `next`; next_token and next_url have"),
        ("paging: keyset", "paging: keyset\n      depth: 10", "9:7", "knows no `depth`"),
        ("path: /accounts", "path: accounts", "9:7", "must start with '/'"),
        ("{kind: none}", "{kind: basic, user: hub}", "3:7", "kind 'basic' needs `password`"),
        ("{kind: none}", "{kind: none, user: hub}", "3:7", "kind 'none' does not take `user`"),
        ("{kind: none}", "{kind: bearr}", "3:14", "did you mean 'bearer'?"),
        ("auth:", "envelope: {classes: {'7': retry}}\nauth:", "3:11", "needs `code`"),
        ("auth:", "envelope: {code: code, classes: {'7': rety}}\nauth:", "3:41", "did you mean 'retry'?"),
        ("auth:", "zone: Asia/Shangai\nauth:", "1:1", "there is no time zone 'Asia/Shangai'"),
    ],
)
def test_a_mistake_is_named_at_its_place(old: str, new: str, place: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(Misconfigured) as caught:
        check(GOOD.replace(old, new, 1))
    (problem,) = caught.value.problems
    assert said in problem.message
    assert str(problem.mark).startswith("config/sources.yaml:")
    line = int(place.split(":")[0])
    assert abs(problem.mark.line - line) <= 3, str(problem)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"{values}"', '"{vales}"', "unknown placeholder '{vales}'; did you mean '{values}'?"),
        ('"{values}"', '{items: "{rows}"}', "{rows} needs `batch`"),
        ("path: /accounts, body", 'path: "/accounts/{key}", body', "has no {key} yet"),
        ("external_id: ext", "", "needs `external_id`"),
        ('"/accounts/{external_id}"', "/accounts", "needs {external_id} (one per call) or {external_ids}"),
        ("create:", "upsert: {method: PUT, path: /a}\n      create:", "stands in place of `create` and `update`"),
        ("create:", "deactivate:", "needs `create`, `update` or `upsert`"),
    ],
)
def test_a_mistake_in_write_is_named(old: str, new: str, said: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        check(GOOD + WRITING.replace(old, new, 1))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("hmac", {"sign": "{methd}"}, "did you mean '{method}'?"),
        ("hmac", {"sign": "{key}"}, "unknown placeholder '{key}'"),
        ("hmac", {"headers": {"X": "{timestamp}"}}, "kind 'hmac' needs {signature}"),
        ("hmac", {"params": {"s": "{signature}"}, "sign": "{query}"}, "cannot stand in the query itself"),
        ("rsa", {"headers": {"X": "{timestamp}"}}, "kind 'rsa' needs {signature}"),
        ("hash", {"sign": "{joined_params}"}, "kind 'hash' needs {key} in `sign`"),
        ("session", {"params": {"user": "{user}"}}, "needs {password} in `params`"),
        ("session", {"params": {"user": "{usr}"}}, "did you mean '{user}'?"),
        ("session", {"client_id": "x"}, "kind 'session' does not take `client_id`"),
        ("jwt", {"sign": "x"}, "kind 'jwt' does not take `sign`"),
    ],
)
def test_a_signature_that_cannot_work_is_named(kind: str, change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        AuthConfig.model_validate({**AUTHS[kind], **change})


def test_a_login_by_basic_header_needs_no_params() -> None:
    entry = {name: value for name, value in AUTHS["session"].items() if name != "params"}
    assert AuthConfig.model_validate({**entry, "send": "basic"}).params == {}


def test_a_secret_in_the_file_is_refused() -> None:
    with pytest.raises(Misconfigured) as caught:
        check(GOOD.replace("{kind: none}", "{kind: bearer, key: abcdefgh}"))
    assert [problem.code for problem in caught.value.problems] == ["CFG008"]
    assert "abcdefgh" not in str(caught.value)


def test_every_kind_of_auth_has_its_keys_and_every_key_a_kind() -> None:
    named = {name for keys in KEYS.values() for name in (*keys.needs, *keys.takes)}
    assert named == set(AuthConfig.model_fields) - {"kind"}
    assert {entry["kind"] for entry in AUTHS.values()} == set(KEYS)
