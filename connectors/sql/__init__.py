"""Databases: tables and views read by keyset, tables written by a unique column that carries our id."""

from connectors.sql.connector import Sql

__all__ = ["Sql"]
