"""The conformance suite against real servers."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from connectors.testkit import Check, checks, hold
from tests.conformance.peers.sql import SqlPeer
from tests.connectors.sql_bench import Mariadb, Postgres


@pytest.mark.parametrize("check", [pytest.param(check, id=name) for name, check in checks(SqlPeer)])
def test_it_holds(remote: Postgres | Mariadb, check: Check) -> None:
    url = sa.make_url(remote.url).set(
        drivername="postgresql+psycopg" if isinstance(remote, Postgres) else "mysql+pymysql"
    )

    class Peer(SqlPeer):
        def make(self) -> sa.Engine:
            return sa.create_engine(url)

        def close(self) -> None:
            self.engine.dispose()

    hold(Peer, check)
