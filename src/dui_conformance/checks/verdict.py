"""What a predicate answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Answer = Literal["passed", "failed", "review", "not_applicable", "blocked"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer, with the values that the rule's message names."""

    answer: Answer
    values: Mapping[str, str] = field(default_factory=dict)


PASSED = Verdict("passed")
NOT_APPLICABLE = Verdict("not_applicable")


def failed(**values: str) -> Verdict:
    """The statement is false; `values` fill the message."""
    return Verdict("failed", values)


def review(**values: str) -> Verdict:
    """A machine cannot know; a person must look."""
    return Verdict("review", values)


def blocked(**values: str) -> Verdict:
    """A prerequisite is missing, nothing can be concluded."""
    return Verdict("blocked", values)


def check(holds: bool, **values: str) -> Verdict:
    """Passed if `holds`, else failed with the values."""
    return PASSED if holds else Verdict("failed", values)
