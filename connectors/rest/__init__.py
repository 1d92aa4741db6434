"""rest: reads and writes any JSON API over HTTP that is declared in YAML, with no Python.

What an engineer declares is data: how calls are signed, what an error looks like, and per stream the requests as
templates, the place of the rows, and how one page leads to the next. Completeness is proven where the declared paging
allows it, and honestly not elsewhere.
"""

from connectors.rest.config import RestConfig
from connectors.rest.connector import Rest

__all__ = ["Rest", "RestConfig"]
