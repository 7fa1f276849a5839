"""The pieces that the HTML templates lay out: links and anchors, statuses, requirements, files, the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from dui_conformance.reports.arrange import Cause, Severity
from dui_conformance.reports.typography import clean
from dui_conformance.runjson import Finding, FundingLine, Proof, Requirement, Rule, Step

TONES: Mapping[str, str] = {
    "proved": "good", "attested": "good", "waived": "good",
    "failed": "bad", "blocked": "bad",
    "missing": "todo", "to_attest": "todo",
    "review": "look",
}  # fmt: skip
"""Requirement status → colour; the word always stands beside it. Anything else is `none`."""
LEVEL_TONES: Mapping[str, str] = {"error": "bad", "tool": "bad", "blocked": "bad", "warning": "todo", "review": "look"}


class Anchors:
    """Ids of elements: readable, the same from run to run, unique in the page whatever the names are."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, str], str] = {}
        self._taken: set[str] = set()

    def of(self, kind: str, name: str) -> str:
        """The id for a thing; asked twice, the same."""
        anchor = self._of.get((kind, name))
        if anchor is None:
            anchor = self._of[kind, name] = self.fresh(kind, name)
        return anchor

    def fresh(self, kind: str, name: str) -> str:
        """A new id, even for a name already met."""
        base = f"{kind}-" + "".join(c if c.isascii() and (c.isalnum() or c in "._/-") else "_" for c in name[:80])
        anchor, number = base, 1
        while anchor in self._taken:
            number += 1
            anchor = f"{base}~{number}"
        self._taken.add(anchor)
        return anchor

    def known(self, kind: str, name: str) -> str | None:
        return self._of.get((kind, name))


def href(anchor: str) -> str:
    """The link to an id of the page."""
    return "#" + quote(anchor, safe="/~")


@dataclass(frozen=True, slots=True)
class Link:
    """A text, and the anchor it leads to when the page has it."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """Rows of one status. `x` and `width`: its part of a bar of 1 000 units."""

    id: str
    word: str
    tone: str
    n: int
    x: float = 0
    width: float = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    proof: Proof
    subjects: Sequence[str]
    total: int


@dataclass(frozen=True, slots=True)
class RuleFindings:
    """The findings of a requirement under one rule: the first ones that the page shows, and how many in all."""

    rule: Link
    tone: str
    count: str
    links: Sequence[Link]
    more: int


@dataclass(frozen=True, slots=True)
class Row:
    """A requirement."""

    row: Requirement
    anchor: str
    tone: str
    evidence: Sequence[Evidence]
    attestations: Sequence[Proof]
    rules: Sequence[Link]
    findings: Sequence[RuleFindings]
    more_causes: int


@dataclass(frozen=True, slots=True)
class ThemeRows:
    title: str
    anchor: str
    counts: Sequence[Status]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of requirements outside the verdict."""

    title: str
    anchor: str
    proven: bool
    total: int
    themes: Sequence[ThemeRows]


@dataclass(frozen=True, slots=True)
class SpotView:
    """One place of a finding. `excerpt` is empty where it would repeat the one above."""

    anchor: str
    places: Sequence[str]
    path: str
    excerpt: str
    more: int


@dataclass(frozen=True, slots=True)
class FindingView:
    """What a rule says of a subject, once, with every place where it says exactly that."""

    finding: Finding
    severity: Severity
    tone: str
    rule: Link
    title: str
    source: str
    spots: Sequence[SpotView]
    requirements: Sequence[Link]


@dataclass(frozen=True, slots=True)
class SubjectView:
    """A subject with findings; `steps` say where it lies: mail → archive → document. `left`: findings left out."""

    steps: Sequence[tuple[str, str]]
    label: str
    model: str  # that the document follows, empty if it follows none
    sha256: str
    size: int | None
    findings: Sequence[FindingView]
    shown: int
    left: int


@dataclass(frozen=True, slots=True)
class FileView:
    name: str
    anchor: str
    kind: str
    counts: Sequence[tuple[str, str]]  # (tone, words), worst first
    subjects: Sequence[SubjectView]
    opened: bool


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Things not judged for one reason. `names`: the first ones, with how often each was met."""

    what: str
    why: str
    total: int
    names: Sequence[tuple[str, int]]
    opened: bool


@dataclass(slots=True)
class Page:
    """The whole page. A number `more_…` counts what a limit left out."""

    statuses: list[Status] = field(default_factory=list)
    theme_matrix: list[tuple[Link, list[int], int]] = field(default_factory=list)
    blocking: list[Row] = field(default_factory=list)
    themes: list[ThemeRows] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    filter_statuses: list[Status] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    attestations: list[Step] = field(default_factory=list)
    headline: str = ""
    window: str = ""
    at_stake: list[tuple[FundingLine, str]] = field(default_factory=list)
    funding_lines: list[tuple[FundingLine, str, int]] = field(default_factory=list)  # line, payment, source number
    funding_sources: list[str] = field(default_factory=list)
    severities: list[tuple[Severity, str, int]] = field(default_factory=list)
    causes: list[tuple[Cause, Link, str, Link]] = field(default_factory=list)  # cause, rule, tone, first place
    more_causes: int = 0
    files: list[FileView] = field(default_factory=list)
    more_files: int = 0
    more_findings: int = 0
    quiet: list[tuple[str, str, int, bool]] = field(default_factory=list)  # name, kind, subjects inside, judged
    more_quiet: int = 0
    rules: list[tuple[Rule, str, str, list[Link]]] = field(default_factory=list)  # rule, anchor, source, requirements
    outcomes: list[str] = field(default_factory=list)
    kinds: list[tuple[str, int]] = field(default_factory=list)
    models: list[tuple[str, int]] = field(default_factory=list)  # model of documents, number of documents
    unchecked: list[Unchecked] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    links: dict[str, Link] = field(default_factory=dict)  # by requirement id and alias
    rows_limit: int = 0
    open_blocking: int = 0

    def link(self, requirement: str) -> Link:
        """A requirement's link; without an address if the page does not show it."""
        return self.links.get(requirement) or Link(clean(requirement))
