"""The vocabulary of `read`: one request, where its rows stand, and how one page leads to the next."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from connectors.rest.part import STEPS, WINDOW, RequestConfig

Paging = Literal["keyset", "next_token", "next_url", "page", "offset", "none"]
_NEEDS = {"keyset": "after_tie", "next_token": "next", "page": "page", "offset": "offset"}


class ReadConfig(RequestConfig):
    """A request that reads a page of a stream."""

    method: Literal["GET", "POST"] = Field(
        "GET", description="POST where the API asks by it; it is repeated like a GET"
    )
    rows: str = Field(
        "", description="where the list stands in the answer, dotted; a ? behind it: may be missing or null"
    )
    row: str = Field("", description="where the record stands within an item of the list, e.g. node")
    paging: Paging = Field(description="how the next page is asked for")
    next: str = Field("", description="where the next token or URL stands; without it next_url follows the Link header")
    more: str = Field("", description="where a flag says that more follows; it is trusted, the length of a page is not")
    total: str = Field(
        "", description="where the number of all rows of the question stands; it is asked again at the end"
    )
    first_page: int = Field(1, ge=0, le=1, description="number of the first page")
    order: Literal["cursor", "none"] | None = Field(
        None, description="`cursor`: rows come in its order; with `stable` a killed run then resumes inside a window"
    )
    stable: bool = Field(False, description="the vendor promises that no row slips from one page to another meanwhile")
    depth: int | None = Field(None, ge=1, description="rows after which the API serves no more; windows are cut in two")

    @model_validator(mode="after")
    def _consistent(self) -> ReadConfig:
        self.check((*WINDOW, *STEPS), "read")
        names = self.names()
        needed = _NEEDS.get(self.paging)
        if needed and needed not in names:
            raise ValueError(f"paging '{self.paging}' needs {{{needed}}} in `params`, `body` or `path`")
        for name in ("page", "offset", "next", "after_tie"):
            if name in names and name != needed:
                raise ValueError(f"paging '{self.paging}' has no {{{name}}}; {_advice(name)}")
        if self.paging == "next_token" and not self.next:
            raise ValueError("paging 'next_token' needs `next`, the place of the next token in the answer")
        if self.next and self.paging not in ("next_token", "next_url"):
            raise ValueError(f"paging '{self.paging}' has no `next`; next_token and next_url have")
        if self.paging == "next_url" and self.method != "GET":
            raise ValueError("paging 'next_url' is for GET; a URL alone does not hold the body of a POST")
        if self.paging == "keyset" and self.order == "none":
            raise ValueError("paging 'keyset' walks in the order of cursor and key; leave `order` out")
        if self.depth is not None and self.paging in ("keyset", "none"):
            raise ValueError(f"paging '{self.paging}' knows no `depth`")
        return self

    @property
    def ordered(self) -> bool:
        return self.paging == "keyset" or self.order == "cursor"


def _advice(name: str) -> str:
    paging = {held: paging for paging, held in _NEEDS.items()}[name]
    return f"that belongs to paging '{paging}'"
