"""A project is read as a whole: every file, every overlay, every problem."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from goldbridge.errors import Misconfigured
from goldbridge.settings.project import examine, find_root, load_project

FILES = {
    "config/sources.yaml": "sources:\n  crm: {connector: sql, url: {secret: CRM_URL}, zone: Asia/Shanghai}\n",
    "config/model.yaml": "entities:\n  party: {mastered: true, fields: {name: {type: text}}}\n",
    "flows.yaml": "flows:\n  crm_parties: {ingest: crm.account, every: 5 min}\n",
    "mappings/crm/account.yaml": "mapping: crm.account\ntarget: party\nkey: id\nfields: {}\n",
    "mappings/tables/kinds.yaml": "'1': customer\n",
}


def project(root: Path, **changes: str | None) -> Path:
    """A small project; a change names a file by its path with `__` for `/`, None leaves it out."""
    changed = {name.replace("__", "/").replace("_DOT_", "."): text for name, text in changes.items()}
    for path, text in {**FILES, **changed}.items():
        if text is not None:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
    return root


def write(root: Path, path: str, text: str) -> Path:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")
    return root


def refused(root: Path, env: str | None = None, **environ: str) -> list[str]:
    with pytest.raises(Misconfigured) as caught:
        load_project(root, env, environ=environ)
    return [str(problem) for problem in caught.value.problems]


def test_a_small_project_is_read(tmp_path: Path) -> None:
    loaded = load_project(project(tmp_path), environ={})
    assert loaded.sources["crm"].connector == "sql"
    assert loaded.sources["crm"].document.data["sources"]["crm"]["zone"] == "Asia/Shanghai"
    assert loaded.sources["crm"].path == ("sources", "crm")
    assert list(loaded.model.entities) == ["party"]
    assert list(loaded.mappings) == ["crm.account"]
    assert loaded.tables["kinds"].data == {"1": "customer"}
    assert loaded.flows.data["flows"]["crm_parties"]["every"] == "5 min"
    assert (loaded.matching.data, loaded.survivorship.data, loaded.cutover.data) == ({}, {}, {})
    assert str(loaded.documents["flows.yaml"].mark("flows", "crm_parties")) == "flows.yaml:2:16"
    assert loaded.settings.zone == "Asia/Shanghai"
    assert (loaded.zone_of("crm"), loaded.zone_of("nobody")) == ("Asia/Shanghai", "Asia/Shanghai")
    assert loaded.settings.state_url == f"sqlite:///{tmp_path}/.goldbridge/state.sqlite"


def test_reading_leaves_no_trace_and_the_state_folder_is_private(tmp_path: Path) -> None:
    loaded = load_project(project(tmp_path), environ={})
    assert not (tmp_path / ".goldbridge").exists()
    assert stat.S_IMODE(loaded.state_dir.stat().st_mode) == 0o700
    loaded.state_dir.chmod(0o755)
    assert stat.S_IMODE(loaded.state_dir.stat().st_mode) == 0o700


def test_the_shipped_project_is_in_order() -> None:
    root = Path(__file__).resolve().parents[2]
    _, problems = examine(root, environ={})
    assert [str(problem) for problem in problems] == []


def test_problems_of_all_files_come_at_once_in_file_order(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        flows_DOT_yaml="flows: [",
        config__model_DOT_yaml="entities:\n  party: {fields: {name: {type: txt}}}\n",
        config__settings_DOT_yaml="zone: Asia/Shanhai\nserv: {}\n",
        config__sources_DOT_yaml="sources:\n  CRM: {connector: sql}\n  erp: {conector: sql}\n  oa: x\n",
        mappings__crm__account_DOT_yaml="- a\n",
    )
    assert [problem.split("; ")[0] for problem in refused(root)] == [
        "config/model.yaml:2:33: MOD003 unknown type 'txt'",
        "config/settings.yaml:1:7: CFG012 zone: there is no time zone 'Asia/Shanhai'",
        "config/settings.yaml:2:1: CFG010 unknown key 'serv'",
        "config/sources.yaml:2:3: CFG012 'CRM' cannot name a system",
        (
            "config/sources.yaml:3:3: CFG011 system 'erp' does not say its `connector`, e.g. connector: sql "
            "('conector' is written instead)"
        ),
        "config/sources.yaml:4:7: CFG012 system 'oa' must be a mapping, e.g. {connector: sql, url: {secret: NAME}}",
        "flows.yaml:1:8: CFG001 the '[' opened here is not closed by ']'",
        "mappings/crm/account.yaml:1:1: CFG012 the file must hold keys (`key: value`), not a list",
    ]


def test_missing_files_and_slips_of_the_keyboard_in_their_names(tmp_path: Path) -> None:
    root = project(tmp_path, config__sources_DOT_yaml=None, flows_DOT_yaml=None)
    write(root, "config/source.yaml", "sources: {}")
    write(root, "flows.yml", "flows: {}")
    write(root, "config/survivorshp.yaml", "{}")
    write(root, "mappings/crm/contact.yml", "mapping: crm.contact")
    assert refused(root) == [
        "config/source.yaml: CFG015 this file is not read; rename it to sources.yaml",
        "config/survivorshp.yaml: CFG015 this file is not read; rename it to survivorship.yaml",
        "flows.yml: CFG015 this file is not read; rename it to flows.yaml",
        "mappings/crm/contact.yml: CFG015 this file is not read; rename it to end in .yaml",
    ]
    (root / "config/source.yaml").unlink()
    assert "config/sources.yaml: CFG003 the file is missing; `goldbridge init` writes one to start from" in refused(
        root
    )


def test_a_mapping_is_called_by_its_place(tmp_path: Path) -> None:
    root = project(tmp_path, mappings__crm__account_DOT_yaml="mapping: crm.acount\n")
    write(root, "mappings/crm/contact.yaml", "maping: crm.contact\n")
    write(root, "mappings/crm/deep/order.yaml", "mapping: crm.deep.order\n")
    write(root, "mappings/stray.yaml", "mapping: stray\n")
    write(root, "mappings/crm/.#contact.yaml", "half written")
    write(root, "mappings/new/account.out.yaml", "mapping: new.account.out\n")
    lies = "CFG015 a mapping lies in the folder of its system: mappings/<system>/<stream>.yaml"
    assert refused(root) == [
        (
            "mappings/crm/account.yaml:1:10: CFG015 by its place this is mapping 'crm.account', not 'crm.acount'; "
            "rename one of them"
        ),
        "mappings/crm/contact.yaml:1:1: CFG011 the file must say `mapping: crm.contact`; did you mean it by 'maping'?",
        f"mappings/crm/deep/order.yaml: {lies}",
        f"mappings/stray.yaml: {lies}",
    ]
    found, _ = examine(root, environ={})
    assert list(found.mappings) == ["new.account.out"]


def test_an_overlay_changes_what_it_names_and_keeps_the_places(tmp_path: Path) -> None:
    root = project(tmp_path)
    write(
        root,
        "config/env/prod.yaml",
        "sources:\n  crm: {url: {secret: PROD_URL}}\n  erp: {connector: odata}\n"
        "settings:\n  log: {format: json}\n"
        "flows: {flows: {crm_parties: {every: 1 min}}}\n"
        "model: {entities: {contact: {fields: {name: {type: text}}}}}\n"
        "matching:\n",
    )
    loaded = load_project(root, "prod", environ={})
    crm = loaded.sources["crm"]
    assert crm.document.data["sources"]["crm"] == {
        "connector": "sql",
        "url": {"secret": "PROD_URL"},
        "zone": "Asia/Shanghai",
    }
    assert str(crm.document.mark("sources", "crm", "url")) == "config/env/prod.yaml:2:14"
    assert str(crm.document.mark("sources", "crm", "zone")) == "config/sources.yaml:2:55"
    assert loaded.sources["erp"].connector == "odata"
    assert loaded.settings.log.format == "json"
    assert loaded.flows.data["flows"]["crm_parties"] == {"ingest": "crm.account", "every": "1 min"}
    assert list(loaded.model.entities) == ["party", "contact"]
    assert list(load_project(root, environ={}).sources) == ["crm"]


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_system_that_gets_another_connector_is_replaced_with_all_its_keys(tmp_path: Path, wrapped: bool) -> None:
    root = project(tmp_path)
    entry = "{crm: {connector: odata, base_url: https://crm.example.com}}"
    over = f"{{sources: {entry}}}" if wrapped else entry
    write(root, "config/env/other.yaml", f"sources: {over}\n")
    write(root, ".goldbridge/env/other.yaml", "sources: {crm: {base_url: http://127.0.0.1:9}}\n")
    loaded = load_project(root, "other", environ={}).sources["crm"]
    assert loaded.document.data["sources"]["crm"] == {"connector": "odata", "base_url": "http://127.0.0.1:9"}
    same = "sources: {crm: {connector: sql, zone: UTC}}\n"
    write(root, "config/env/same.yaml", same)
    kept = load_project(root, "same", environ={}).sources["crm"].document.data["sources"]["crm"]
    assert (kept["zone"], "url" in kept) == ("UTC", True)


def test_the_generated_overlay_lies_on_top_and_needs_the_environment(tmp_path: Path) -> None:
    root = project(tmp_path)
    write(root, "config/env/sandbox.yaml", "settings: {zone: UTC, serve: {port: 9000}}\n")
    write(root, ".goldbridge/env/sandbox.yaml", "settings: {serve: {port: 9001}}\n")
    loaded = load_project(root, "sandbox", environ={})
    assert (loaded.zone_of("crm"), loaded.zone_of("erp")) == ("Asia/Shanghai", "UTC")
    assert (loaded.settings.zone, loaded.settings.serve.port) == ("UTC", 9001)
    assert load_project(root, environ={}).settings.serve.port == 8470
    (root / "config/env/sandbox.yaml").unlink()
    assert load_project(root, "sandbox", environ={}).settings.serve.port == 9001


def test_an_overlay_that_does_not_fit(tmp_path: Path) -> None:
    root = project(tmp_path)
    write(root, "config/env/prod.yaml", "source: {}\nsettings: 1\n")
    assert refused(root, "prod") == [
        "config/env/prod.yaml:1:1: CFG016 no file is called 'source'; did you mean 'sources'?",
        "config/env/prod.yaml:2:11: CFG012 `settings` must hold the keys to change in config/settings.yaml",
    ]
    assert refused(root, "prd") == [
        "config/env/prd.yaml: CFG013 there is no environment 'prd'; did you mean 'prod'?",
    ]
    assert refused(root, "../../etc/x") == [
        "config/env/../../etc/x.yaml: CFG013 there is no environment '../../etc/x'; there is prod",
    ]


def test_problems_in_an_overlay_point_into_the_overlay(tmp_path: Path) -> None:
    root = write(project(tmp_path), "config/env/prod.yaml", "settings:\n  serve: {port: 99999}\n")
    assert refused(root, "prod") == [
        "config/env/prod.yaml:2:17: CFG012 serve.port must be 65535 or less, not the number 99999",
    ]


def test_secrets_of_sources_are_looked_up_later_but_can_be_asked_about(tmp_path: Path) -> None:
    loaded = load_project(project(tmp_path), environ={})
    assert [str(problem) for problem in loaded.missing_secrets()] == [
        (
            "config/sources.yaml:2:30: CFG007 secret CRM_URL is not set; export it or add it to the secrets file "
            "config/secrets.env"
        )
    ]
    path = tmp_path / "config/secrets.env"
    path.write_text("CRM_URL=sqlite:///x\n")
    path.chmod(0o600)
    loaded = load_project(tmp_path, environ={})
    assert loaded.missing_secrets() == []
    crm = loaded.sources["crm"]
    assert loaded.secrets.reveal(crm.document, *crm.path).data["sources"]["crm"]["url"] == "sqlite:///x"


def test_the_secrets_file_can_lie_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.env"
    path.write_text("CRM_URL=sqlite:///x\n")
    path.chmod(0o600)
    root = project(tmp_path / "p", config__settings_DOT_yaml=f"secrets_file: {path}\n")
    assert load_project(root, environ={}).secrets.find("CRM_URL") == "sqlite:///x"
    path.chmod(0o644)
    assert "CFG009 the secrets file is open to others" in refused(root)[0]
    path.unlink()
    assert refused(root) == [
        f"config/settings.yaml:1:15: CFG009 there is no secrets file {path}; make it (mode 0600) or remove this key"
    ]


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("sqlite:///state/x.sqlite", "sqlite:///{root}/state/x.sqlite"),
        ("sqlite:////var/x.sqlite", "sqlite:////var/x.sqlite"),
        ("postgresql://db/gold", "postgresql://db/gold"),
    ],
)
def test_a_state_url_means_the_same_wherever_the_command_starts(tmp_path: Path, written: str, url: str) -> None:
    root = project(tmp_path, config__settings_DOT_yaml=f"state: {{url: '{written}'}}\n")
    assert load_project(root, environ={}).settings.state_url == url.format(root=tmp_path)


def test_a_state_url_with_a_password_comes_from_a_secret(tmp_path: Path) -> None:
    root = project(tmp_path, config__settings_DOT_yaml="state: {url: 'postgresql://u:hunter2@db/gold'}\n")
    assert refused(root)[0].startswith(
        "config/settings.yaml:1:14: CFG008 state.url: a password does not belong in a file"
    )
    assert "hunter2" not in "".join(refused(root))
    write(root, "config/settings.yaml", "state: {url: {secret: STATE_URL}}\n")
    loaded = load_project(root, environ={"STATE_URL": "postgresql://u:hunter2@db/gold"})
    assert loaded.settings.state_url == "postgresql://u:hunter2@db/gold"
    assert "hunter2" not in repr(loaded)
    assert "CFG007 secret STATE_URL is not set" in refused(root)[0]


def test_listening_beyond_loopback_needs_tls(tmp_path: Path) -> None:
    root = project(tmp_path, config__settings_DOT_yaml="serve: {host: 0.0.0.0}\n")
    assert refused(root) == [
        (
            "config/settings.yaml:1:8: CFG012 serve: listening on 0.0.0.0 needs tls_certificate and tls_key; "
            "leave host at 127.0.0.1 behind a proxy"
        )
    ]
    write(root, "config/settings.yaml", "serve: {tls_key: k.pem}\n")
    assert "give tls_certificate and tls_key together" in refused(root)[0]


def test_the_root_is_found_from_below(tmp_path: Path) -> None:
    root = project(tmp_path / "p")
    assert find_root(root / "mappings/crm") == root.resolve()
    with pytest.raises(Misconfigured, match="CFG014 no project here or in a folder above"):
        find_root(tmp_path)
    with pytest.raises(Misconfigured, match="CFG014 there is no project in this folder"):
        load_project(tmp_path)
    with pytest.raises(Misconfigured, match="CFG014 there is no such folder"):
        load_project(tmp_path / "nope")


def test_a_broken_part_does_not_hide_the_others(tmp_path: Path) -> None:
    root = project(tmp_path, config__model_DOT_yaml="entities: [", config__settings_DOT_yaml="zone: 1")
    found, problems = examine(root, environ={})
    assert {problem.mark.file for problem in problems} == {"config/model.yaml", "config/settings.yaml"}
    assert list(found.sources) == ["crm"]
    assert list(found.mappings) == ["crm.account"]
    assert found.model.entities == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "config/sources.yaml: CFG011 the file needs `sources:` with the systems by name"),
        ("source: {}\nsources: {}", "config/sources.yaml:1:1: CFG010 unknown key 'source'; did you mean 'sources'?"),
        ("sources: [a]", "config/sources.yaml:1:10: CFG011 the file needs `sources:`"),
        ("sources: {tables: {connector: sql}}", "config/sources.yaml:1:11: CFG012 'tables' cannot name a system"),
        ("sources: {a: {connector: 5}}", "config/sources.yaml:1:11: CFG011 system 'a' does not say its `connector`"),
        (
            "sources: {a: {connector: sql, zone: Shanghai}}",
            "config/sources.yaml:1:37: CFG012 there is no time zone 'Shanghai'; did you mean 'Asia/Shanghai'?",
        ),
        (
            "sources: {a: {connector: sql, zone: +08:00}}",
            "config/sources.yaml:1:37: CFG012 there is no time zone '+08:00'; write one like Asia/Shanghai",
        ),
        ("sources:x", "config/sources.yaml:1:1: CFG012 the file must hold keys (`key: value`), not text; a ':' needs"),
    ],
)
def test_sources_that_are_not_systems(tmp_path: Path, text: str, problem: str) -> None:
    assert refused(project(tmp_path, config__sources_DOT_yaml=text))[0].startswith(problem)


def test_an_empty_model_says_so(tmp_path: Path) -> None:
    assert refused(project(tmp_path, config__model_DOT_yaml="# nothing yet\n")) == [
        "config/model.yaml: MOD001 the model is empty; it needs `entities:`"
    ]
