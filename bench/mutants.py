"""A mutant: one small change of a good export, and what it is compared by."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.sites import Site


def another_digit(value: str, index: int, rng: random.Random) -> str:
    """The value with another digit at an index."""
    return value[:index] + rng.choice([d for d in "0123456789" if d != value[index]]) + value[index + 1 :]


@dataclass(frozen=True, slots=True)
class Draft:
    """A change at a place, before it is applied.

    `change` is in the form of a rule's break (`dui_conformance.rules.mutations`), without `in`; `said` tells it
    in a line when the change itself would be too long to read (whole new bytes).
    """

    place: str
    change: Mapping[str, Any]
    before: str = ""
    after: str = ""
    said: str = ""
    site: Site | None = None
    other: Site | None = None  # the second site of an exchange


@dataclass(frozen=True, slots=True)
class Mutant:
    """A draft made for a subject of a kind by an operator; `where` is the id of the subject, `top` its file."""

    kind: str
    operator: str
    where: str
    draft: Draft

    @property
    def top(self) -> str:
        return self.where.split("!/")[0]

    @property
    def change(self) -> dict[str, Any]:
        return {"in": self.where, **self.draft.change}

    @property
    def said(self) -> str:
        """What was changed, in a line that can be pasted into a rule file when the change is short."""
        if self.draft.said:
            return f"{self.where}: {self.draft.said}"
        return str(self.change)
