"""A database: SQLite by file. PostgreSQL and MariaDB are held to the suite in tests/connectors, by their servers."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa

from connectors.base import Connector, Context, Write
from connectors.sql import Sql
from connectors.testkit import Peer
from goldbridge.clock import FrozenClock
from goldbridge.http import HttpFactory
from goldbridge.ports import TokenStore
from tests.connectors.rig import NOON


class SqlPeer(Peer):
    kind = Sql
    stream = "account"
    free_probe = True
    secrets: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self.clock = FrozenClock(NOON)
        self.engine = self.make()
        self.table = sa.Table(
            "T_CUSTOMER",
            sa.MetaData(),
            sa.Column("CUST_ID", sa.String(40), primary_key=True),
            sa.Column("NAME", sa.String(200), nullable=False),
            sa.Column("PRICE", sa.Numeric(12, 2)),
            sa.Column("UPDATED_AT", sa.String(40)),
            sa.Column("HUB_ID", sa.String(40), unique=True),
        )
        self.table.metadata.create_all(self.engine)
        self.count = 0

    def make(self) -> sa.Engine:
        """The other side's own way to its database, which is empty."""
        self.folder = tempfile.TemporaryDirectory()
        return sa.create_engine(f"sqlite:///{Path(self.folder.name) / 'crm.sqlite'}")

    def connect(self, store: TokenStore, **settings: Any) -> Connector[Any]:
        walk = {"key": "CUST_ID", "cursor": "UPDATED_AT", "external_id": "HUB_ID"}
        streams = {self.stream: {"table": "T_CUSTOMER", **walk}}
        url = self.engine.url.render_as_string(hide_password=False)
        entry = {"connector": "sql", "url": url, "zone": "Asia/Shanghai", "streams": streams}
        config = Sql.config_model.model_validate({**entry, **settings})
        return Sql(config, Context("demo", HttpFactory(self.clock), store, self.clock))

    def keys(self) -> list[str]:
        with self.engine.connect() as conn:
            return list(conn.execute(sa.select(self.table.c.CUST_ID)).scalars())

    def add(self, count: int) -> None:
        for _ in range(count):
            self.count += 1
            self.clock.advance(1 if self.count % 3 else 0)  # some rows share their second
            with self.engine.begin() as conn:
                conn.execute(
                    self.table.insert().values(
                        CUST_ID=f"C{self.count:04}", NAME="甲", PRICE=12345678.91, UPDATED_AT=self._now()
                    )
                )

    def edit(self, key: str) -> None:
        with self.engine.begin() as conn:
            conn.execute(
                sa.update(self.table).where(self.table.c.CUST_ID.in_([key])).values(NAME="乙", UPDATED_AT=self._now())
            )

    def new(self, number: int, *, bad: bool = False) -> Write:
        values = {"CUST_ID": f"N{number}", "NAME": None if bad else "丙", "PRICE": "9.90"}
        return Write("create", f"g{number}", values)

    def rows_of(self, external_id: str) -> int:
        with self.engine.connect() as conn:
            query = sa.select(sa.func.count()).where(self.table.c.HUB_ID.in_([external_id]))
            return int(conn.execute(query).scalar_one())

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def _now(self) -> str:
        return self.clock.now().strftime("%Y-%m-%d %H:%M:%S")

    def close(self) -> None:
        self.engine.dispose()
        self.folder.cleanup()
