"""Opening, locking, copying, restoring: what keeps one state one state."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from goldbridge.clock import FrozenClock
from goldbridge.errors import AlreadyRunning, Halt, Misconfigured, Retry
from goldbridge.state import engine, instance
from goldbridge.state.engine import Store, open_store
from goldbridge.state.tables import meta


def put(store: Store, name: str, value: str = "") -> None:
    with store.begin() as conn:
        instance.write_meta(conn, {name: value})


def names(store: Store) -> set[str]:
    with store.read() as conn:
        return set(conn.execute(select(meta.c.name)).scalars())


def test_a_transaction_commits_or_leaves_nothing(store: Store) -> None:
    put(store, "kept")

    def fail(conn: Connection) -> None:
        instance.write_meta(conn, {"lost": ""})
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        store.transact(fail)
    assert {"kept"} <= names(store)
    assert "lost" not in names(store)


def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises((DBAPIError, Halt)), store.read() as conn:
        instance.write_meta(conn, {"lost": ""})
    put(store, "kept")
    assert "lost" not in names(store)


def test_a_reader_sees_one_moment(store: Store) -> None:
    with store.read() as conn:
        before = set(conn.execute(select(meta.c.name)).scalars())
        thread = threading.Thread(target=put, args=(store, "later"))
        thread.start()
        thread.join()
        assert set(conn.execute(select(meta.c.name)).scalars()) == before
    assert "later" in names(store)


def test_nested_write_transactions_are_refused(store: Store) -> None:
    with store.begin(), pytest.raises(Halt) as caught, store.begin():
        pass
    assert caught.value.code == "STA003"


def test_our_own_mistakes_keep_their_name(store: Store) -> None:
    with pytest.raises(IntegrityError), store.begin() as conn:
        conn.execute(text("INSERT INTO meta (name, value) VALUES ('twice', ''), ('twice', '')"))


def test_time_comes_from_the_stores_clock(store: Store, clock: FrozenClock) -> None:
    with store.begin() as conn:
        assert engine.now(conn) == "2026-03-01T08:00:00.000000Z"
        clock.advance(1.5)
        assert engine.now(conn) == "2026-03-01T08:00:01.500000Z"


def test_transact_repeats_what_the_database_asks_to_repeat(store: Store, clock: FrozenClock) -> None:
    tries = []

    def work(conn: object) -> str:
        tries.append(clock.monotonic())
        if len(tries) < 3:
            raise Retry("STA006", "locked")
        return "done"

    assert store.transact(work) == "done"
    assert tries[0] < tries[1] < tries[2]


def test_transact_gives_up_and_leaves_foreign_retries_alone(store: Store) -> None:
    def locked(conn: object) -> None:
        tries.append(1)
        raise Retry("STA006", "locked")

    def other(conn: object) -> None:
        tries.append(1)
        raise Retry("CON031", "429")

    tries: list[int] = []
    with pytest.raises(Retry):
        store.transact(locked, tries=3)
    assert len(tries) == 3
    with pytest.raises(Retry):
        store.transact(other)
    assert len(tries) == 4


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "nonsense", "postgresql+nodriver"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        open_store(url)
    assert caught.value.code == "STA001"


def test_state_files_are_private(tmp_path: Path) -> None:
    path = tmp_path / "project" / ".goldbridge" / "state.sqlite"
    store = open_store(f"sqlite:///{path}")
    put(store, "x")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    store.close()
    store.close()
    path.chmod(0o644)
    open_store(f"sqlite:///{path}").close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_sqlite_keeps_every_commit_through_a_power_cut(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    with store.begin() as conn:
        assert conn.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert conn.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    store.close()


def test_a_file_that_is_no_state_is_named(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(Halt, match=r"state\.sqlite") as caught:
        open_store(f"sqlite:///{path}")
    assert caught.value.code == "STA009"


def test_f62_a_full_disk_leaves_no_torn_page(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    with store.begin() as conn:
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
        conn.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(Halt, match="free space") as caught, store.begin() as conn:
        instance.write_meta(conn, {f"big{number}": "x" * 1000 for number in range(1000)})
    assert caught.value.code == "STA008"
    assert not any(name.startswith("big") for name in names(store))
    with store.begin() as conn:
        conn.exec_driver_sql("PRAGMA max_page_count=1000000")
        instance.write_meta(conn, {"big": "x"})
    assert "big" in names(store)
    store.close()


def test_f63_a_foreign_lock_is_named_after_the_timeout(sqlite_url: str) -> None:
    store = open_store(sqlite_url, busy_s=0.2)
    code = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE');"
        "c.execute(\"INSERT INTO meta VALUES ('theirs', '')\"); print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(store.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        names(store)  # readers go on
        with pytest.raises(Retry, match=f"process {other.pid} holds") as caught:
            put(store, "ours")
        other.communicate("")
    assert caught.value.code == "STA006"
    put(store, "ours")
    store.close()


def test_another_thread_that_keeps_the_writer_is_not_waited_for_forever(sqlite_url: str) -> None:
    store = open_store(sqlite_url, busy_s=0.05)
    caught: list[Retry] = []

    def other() -> None:
        try:
            put(store, "theirs")
        except Retry as error:
            caught.append(error)

    with store.begin():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert [error.code for error in caught] == ["STA006"]
    store.close()


def test_f64_a_second_serving_hub_is_refused_with_the_pid_of_the_first(sqlite_url: str) -> None:
    first, second = open_store(sqlite_url), open_store(sqlite_url)
    first.claim()
    first.claim()
    with pytest.raises(AlreadyRunning, match=f"process {os.getpid()} ") as caught:
        second.claim()
    assert caught.value.code == "STA005"
    names(second)
    put(second, "short work goes on beside it")
    first.close()
    second.claim()
    second.close()


def test_f64_a_copied_state_is_refused_while_the_original_exists(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url)
    put(store, "x")
    identity = store.identity()
    store.close()
    original = Path(sqlite_url.removeprefix("sqlite:///"))
    copy = tmp_path / "copy" / "state.sqlite"
    copy.parent.mkdir()
    shutil.copyfile(original, copy)
    with pytest.raises(Halt, match=str(original)) as caught:
        open_store(f"sqlite:///{copy}")
    assert caught.value.code == "STA002"
    adopted = open_store(f"sqlite:///{copy}", adopt=True)
    assert adopted.identity()[0] != identity[0]
    assert adopted.verify_required
    adopted.close()
    open_store(f"sqlite:///{copy}").close()
    again = open_store(sqlite_url)
    assert again.identity()[0] == identity[0]
    again.close()


def test_f64_a_state_from_another_machine_is_refused(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    with store.begin() as conn:
        place = instance.place_of(Path(sqlite_url.removeprefix("sqlite:///")))
        instance.write_meta(conn, {"place": json.dumps(place._replace(machine="elsewhere", inode=1))})
    store.close()
    if not place.machine:
        pytest.skip("this machine has no id to compare")
    with pytest.raises(Halt, match="another machine"):
        open_store(sqlite_url)


def test_a_moved_state_is_the_same_state(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url)
    put(store, "x")
    identity = store.identity()
    store.close()
    (tmp_path / "state").rename(tmp_path / "renamed")
    moved = open_store(f"sqlite:///{tmp_path / 'renamed' / 'state.sqlite'}")
    assert moved.identity() == identity
    assert not moved.verify_required
    moved.close()


def test_f66_a_restored_backup_is_noticed_by_its_epoch(store_url: str, tmp_path: Path) -> None:
    """The marker outside the database remembers more than the database does."""
    if store_url.startswith("postgresql"):
        old = open_store(store_url, state_dir=tmp_path)
        put(old, "x")
        with old.begin() as conn:
            instance.raise_epoch(conn)
        old.close()
        # What a restore does: the database forgets, the marker does not.
        past = open_store(store_url)
        with past.begin() as conn:
            instance.write_meta(conn, {"epoch": "1"})
        past.close()
    else:
        path = Path(store_url.removeprefix("sqlite:///"))
        old = open_store(store_url)
        put(old, "x")
        old.close()
        backup = path.read_bytes()
        newer = open_store(store_url)
        put(newer, "written after the backup")
        newer.close()
        path.write_bytes(backup)
    restored = open_store(store_url, state_dir=tmp_path if store_url.startswith("postgresql") else None)
    assert restored.verify_required
    restored.verified()
    assert not restored.verify_required
    restored.close()
    again = open_store(store_url, state_dir=tmp_path if store_url.startswith("postgresql") else None)
    assert not again.verify_required
    again.close()


def test_f66_a_backup_put_in_the_place_of_a_lost_state_is_noticed(sqlite_url: str, tmp_path: Path) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    store = open_store(sqlite_url)
    put(store, "x")
    store.close()
    other = tmp_path / "elsewhere" / "state.sqlite"
    other.parent.mkdir()
    shutil.copyfile(path, other)
    shutil.rmtree(path.parent)
    restored = open_store(f"sqlite:///{other}")
    assert restored.verify_required
    restored.close()


def test_the_epoch_rises_once_per_writing_process_and_the_marker_follows(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    before = store.identity()[1]
    put(store, "x")
    put(store, "y")
    assert store.identity()[1] == before + 1
    assert store.path is not None
    marker = store.path.with_name("state.sqlite.epoch")
    assert instance.read_marker(marker) == dict(zip(("instance", "epoch"), map(str, store.identity()), strict=True))
    marker.write_text("{torn")
    assert instance.read_marker(marker) == {}
    store.close()


@pytest.mark.postgres
def test_f65_a_lost_connection_is_tried_again(postgres_url: str) -> None:
    store = open_store(postgres_url, FrozenClock(engine.SYSTEM.now()))
    tries = 0

    def work(conn: object) -> None:
        nonlocal tries
        tries += 1
        instance.write_meta(conn, {f"try{tries}": ""})  # type: ignore[arg-type]
        if tries == 1:
            other = open_store(postgres_url)
            with other.read() as admin:
                admin.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )
            other.close()
            instance.write_meta(conn, {"after the cut": ""})  # type: ignore[arg-type]

    store.transact(work)
    assert tries == 2
    assert "try1" not in names(store)
    assert "try2" in names(store)
    store.close()


@pytest.mark.postgres
def test_a_server_that_does_not_answer_is_a_reason_to_try_later(postgres_url: str) -> None:
    with pytest.raises(Retry) as caught:
        open_store(postgres_url.replace("/state_", "/no_such_state_"))
    assert caught.value.code == "STA007"


def test_nothing_below_needs_a_driver_default() -> None:
    assert sqlite3.sqlite_version_info >= (3, 35), "RETURNING and upserts need SQLite 3.35"
