"""The base of all parts of the vocabulary, and what every kind of request consists of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from connectors.rest.template import placeholders, unknown

WINDOW = ("after", "after_tie", "until", "limit")
STEPS = ("page", "offset", "next")
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class Part(BaseModel):
    """A mapping in sources.yaml; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RequestConfig(Part):
    """One request as a template; a parameter or key whose placeholder has no value is left out."""

    path: str = Field(description="below `base_url`, e.g. /accounts/{key}", min_length=1)
    params: dict[str, str] = Field(default_factory=dict, description="query parameters by name, as templates")
    body: Any = Field(None, description="JSON body as a template; a text that is only a placeholder keeps its type")
    headers: dict[str, str] = Field(default_factory=dict, description="further headers of this request, as templates")

    def names(self) -> frozenset[str]:
        """All placeholders in it."""
        return frozenset(placeholders([self.path, self.params, self.body, self.headers]))

    def check(self, known: Iterable[str], where: str) -> None:
        """Raise ValueError for a placeholder that nobody fills here."""
        if wrong := unknown([self.path, self.params, self.body, self.headers], known):
            raise ValueError(f"{where}: {wrong}")
        if not self.path.startswith("/"):
            raise ValueError(f"{where}: path '{self.path}' must start with '/'; it is added to base_url")
