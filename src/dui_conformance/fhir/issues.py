"""What a validation gives back."""

from dataclasses import dataclass

from dui_conformance.text import Text

SEVERITIES = ("fatal", "error", "warning", "information")


@dataclass(frozen=True, slots=True)
class Location:
    """`path` is FHIRPath; line and column count from 1, and are None when there is no source text."""

    path: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Issue:
    """One statement about one place.

    `id` is stable for ever; `code` is that of OperationOutcome.issue.code. `profile` and `element` say who
    asked. Values of the resource stand in the texts as marked (see `dui_conformance.text`).
    """

    id: str
    severity: str
    code: str
    location: Location
    message: Text
    fix: Text
    profile: str = ""
    element: str = ""
    key: str = ""  # of the constraint that is not met

    @property
    def is_error(self) -> bool:
        return self.severity in ("fatal", "error")


@dataclass(frozen=True, slots=True)
class NotChecked:
    """Something that was asked and could not be decided here: never counted as passed.

    `kind` is one of: code, value-set, extension, profile, reference, expression, slice, questionnaire, issues.
    `subject` names it (a system, a canonical, a constraint key…); `count` is how often it came; `path` the
    first place.
    """

    kind: str
    subject: str
    count: int
    path: str
    reason: Text


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one validation. `unapplied`: profiles asked of their type, of which no resource was."""

    resource_type: str
    profiles: tuple[str, ...]
    issues: tuple[Issue, ...]
    not_checked: tuple[NotChecked, ...]
    unapplied: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        return not any(i.is_error for i in self.issues)

    @property
    def errors(self) -> tuple[Issue, ...]:
        return tuple(i for i in self.issues if i.is_error)
