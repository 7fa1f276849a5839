"""A rule, as the catalogue gives it to the engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dui_conformance.rules.xpath import Expression
from dui_conformance.text import Text

Level = Literal["error", "warning", "info"]
LEVELS: tuple[Level, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class ValueSet:
    """A published list of codes. `codes` maps a code to {system: label}; `complete` is False for an extract.

    `system_judged` is False where the attribute carries the code alone, or where official examples disagree on
    the system. `other_labels`: labels of other official copies, admitted too, by (system, code). `ended`: codes of
    older issues of the list, by (code, system), with the first day on which they were no longer valid.
    """

    id: str
    name: str
    oid: str
    version: str
    date: str
    complete: bool
    source: str
    codes: Mapping[str, Mapping[str, str]]
    system_judged: bool = True
    other_labels: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    ended: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def end_of(self, code: str, system: str) -> str:
        """The first day on which a code was no longer valid, empty for one that never was of this list."""
        if not self.ended:
            return ""
        if self.system_judged or (code, system) in self.ended:
            return self.ended.get((code, system), "")
        return max((day for (known, _), day in self.ended.items() if known == code), default="")


@dataclass(frozen=True, slots=True)
class Assertion:
    """`assert`: holds in each context."""

    holds: Expression


@dataclass(frozen=True, slots=True)
class Argument:
    """What a predicate receives under a name: the first value (`name`), which may be missing (`name?`: an empty
    text then; without the mark the rule does not apply), or a tuple of every value (`name*`)."""

    name: str
    value: Expression
    many: bool
    optional: bool


@dataclass(frozen=True, slots=True)
class Given:
    """Arguments taken from the relatives of a kind."""

    kind: str
    every: bool
    arguments: Sequence[Argument]


@dataclass(frozen=True, slots=True)
class Predicate:
    """`python`: a pure function of `dui_conformance.checks`, with what it is given.

    `given` evaluates in relatives of a kind (`every`: in all of them, else in the first); `settings` are values
    of the manifest (a name that ends with `?` may be undeclared: an empty text then); `tables` are value sets.
    """

    name: str
    arguments: Sequence[Argument]
    given: Sequence[Given]
    settings: Mapping[str, str]
    tables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Membership:
    """`in_value_set` / `label_of`: a code with its system, or its label, against a published list."""

    value_set: str
    code: Expression
    system: Expression
    label: Expression | None  # given for label_of only


@dataclass(frozen=True, slots=True)
class DefectNamed:
    """`defect`: what the door recorded on the bytes."""

    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Structural:
    """`schema`: the faults of one cause against a structure (see `rules.structure`)."""

    schema: str
    cause: str


@dataclass(frozen=True, slots=True)
class Validated:
    """`fhir`: issues of the profile validator (ids of `fhir/messages.yaml`, or patterns), at the rule's level."""

    issues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Collected:
    """`collect`: facts of every subject of some kinds, judged together by a predicate over the whole run."""

    name: str
    facts: Mapping[str, Sequence[Argument]]  # by kind of subject
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Inventory:
    """Things of a subject that are listed as not judged unless a list of the constants knows them."""

    what: str
    subject: str
    contexts: Expression
    value: Expression
    known: frozenset[str]


@dataclass(frozen=True, slots=True)
class Modelled:
    """A row of a table of `profiles/models`, on the elements that follow a template. `reads`: its expressions."""

    root: str
    extension: str
    reads: tuple[str, ...]


Check = Assertion | Predicate | Membership | DefectNamed | Structural | Validated | Collected | Modelled


@dataclass(frozen=True, slots=True)
class Rule:
    """One testable statement. `contexts` selects what it is about, from the subject's view.

    A `secondary` rule leaves the word to another that says the same of the same place (see `engine.secondary`), and
    to those it `yields_to` wherever they stand.
    """

    id: str
    family: str
    subject: str
    title: Text
    level: Level
    contexts: Expression
    when: Expression | None
    check: Check
    at: Expression | None
    at_attribute: str
    shown: Mapping[str, Expression]
    negative: Literal["failed", "review"]
    message: Text
    remedy: Text
    proves: Sequence[str]
    not_required: str
    source: Mapping[str, str]
    valid_from: str
    valid_to: str
    personal: frozenset[str]
    value_sets: frozenset[str]
    experimental: bool = False
    secondary: bool = False
    yields_to: frozenset[str] = frozenset()
