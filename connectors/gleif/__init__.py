"""GLEIF: who an LEI belongs to, whose LEI a company has, and who its parents are.

The register is free, needs no key, and knows companies abroad. It is asked like any look-up; records of a declared
selection can also be read as a stream. `client` speaks JSON:API, `walk` reads pages between two publications.
"""

from connectors.gleif.config import GleifConfig
from connectors.gleif.connector import Gleif

__all__ = ["Gleif", "GleifConfig"]
