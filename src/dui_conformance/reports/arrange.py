"""What several formats need of a run: findings by cause and by file, requirements by theme, steps, amounts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dui_conformance.runjson import Finding, FundingLine, Requirement, Rule, Run, Step, Subject

Severity = Literal["error", "tool", "blocked", "warning", "review", "info", "waived"]
SEVERITIES: tuple[Severity, ...] = ("error", "tool", "blocked", "warning", "review", "info", "waived")
_RANK = {severity: rank for rank, severity in enumerate(SEVERITIES)}

STATUSES = (
    "failed", "blocked", "missing", "review", "to_attest", "not_covered",
    "waived", "attested", "proved", "not_applicable",
)  # fmt: skip
"""Requirement statuses, what is to do first."""


def severity(finding: Finding) -> Severity:
    """One word for level, outcome and waiver: what a reader sorts by."""
    if finding["waived"] is not None:
        return "waived"
    if finding["outcome"] == "error":
        return "tool"
    if finding["outcome"] == "failed":
        return finding["level"]
    return finding["outcome"]


def rank(finding: Finding) -> int:
    """Worst first."""
    return _RANK[severity(finding)]


def places(findings: Iterable[Finding]) -> int:
    """How many places findings stand for: each counts once, and for those it leaves out."""
    return sum(1 + finding["more"] for finding in findings)


def tally(findings: Iterable[Finding]) -> dict[Severity, int]:
    """Places by severity, worst first, without zeros."""
    counts: Counter[Severity] = Counter()
    for finding in findings:
        counts[severity(finding)] += 1 + finding["more"]
    return {name: counts[name] for name in SEVERITIES if counts[name]}


# --- by cause -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spot:
    """A finding, and the same finding in other copies of the same bytes (a document in its archive, in a mail)."""

    finding: Finding
    copies: int


@dataclass(frozen=True, slots=True)
class Cause:
    """A rule that spoke, with every place where it did, for one severity."""

    rule: str
    severity: Severity
    known: Rule | None
    findings: Sequence[Finding]
    spots: Sequence[Spot]

    @property
    def places(self) -> int:
        return places(self.findings)

    @property
    def subjects(self) -> int:
        return len({finding["subject"] for finding in self.findings})


def causes(run: Run) -> list[Cause]:
    """Findings by rule and severity: worst first, then the most frequent."""
    rules = {rule["id"]: rule for rule in run["rules"]}
    digests = {subject["id"]: subject["sha256"] for subject in run["subjects"]}
    grouped: dict[tuple[str, Severity], list[Finding]] = defaultdict(list)
    for finding in run["findings"]:
        grouped[finding["rule"], severity(finding)].append(finding)
    found = [
        Cause(rule, level, rules.get(rule), findings, _spots(findings, digests))
        for (rule, level), findings in grouped.items()
    ]
    return sorted(found, key=lambda cause: (_RANK[cause.severity], -cause.places, cause.rule))


def _spots(findings: Sequence[Finding], digests: Mapping[str, str]) -> list[Spot]:
    """Findings at the same place of the same bytes stand together, under the least nested of them."""
    same: dict[tuple[object, ...], list[Finding]] = defaultdict(list)
    for finding in findings:
        where = finding["location"]
        bytes_of = digests.get(finding["subject"], finding["subject"])
        same[bytes_of, where["line"], where["column"], where["path"], finding["message"]["fr"]].append(finding)
    return [Spot(min(group, key=lambda one: one["subject"].count(STEP)), len(group) - 1) for group in same.values()]


def source_of(rule: Rule | None) -> str:
    """The text a rule rests on, with its clause."""
    if rule is None:
        return ""
    spec, clause = rule["source"].get("spec", ""), rule["source"].get("clause", "")
    return ", ".join(part for part in (spec, clause) if part)


# --- by file --------------------------------------------------------------------------------------------------

STEP = "!/"
"""Between a container and what it holds, in a subject's id."""


def file_of(subject: str) -> str:
    """The file of the file system in which a subject lies."""
    return subject.partition(STEP)[0]


def steps_of(subject: str) -> list[str]:
    """mail → archive → document."""
    return subject.split(STEP)


def place_of(finding: Finding) -> str:
    """`file:line:column`, as editors and terminals open it."""
    where = finding["location"]
    text = finding["subject"]
    if where["line"] is not None:
        text += f":{where['line']}"
        if where["column"] is not None:
            text += f":{where['column']}"
    return text


@dataclass(slots=True)
class Node:
    """A subject and what it holds. `subject` is None for a container that the run does not list."""

    id: str
    name: str
    subject: Subject | None
    findings: list[Finding] = field(default_factory=list)
    children: "list[Node]" = field(default_factory=list)
    below: Counter[Severity] = field(default_factory=Counter)  # places by severity, in it and inside it

    @property
    def kind(self) -> str:
        return self.subject["kind"] if self.subject else "unknown"


def files(run: Run) -> list[Node]:
    """Every file with what it holds, as trees; the worst first, then in the order of the run."""
    nodes: dict[str, Node] = {}
    roots: list[Node] = []
    known = {subject["id"]: subject for subject in run["subjects"]}
    for name in [*known, *(finding["subject"] for finding in run["findings"] if finding["subject"] not in known)]:
        _grow(name, known, nodes, roots)
    for finding in run["findings"]:
        nodes[finding["subject"]].findings.append(finding)
        level = severity(finding)
        at, steps = "", steps_of(finding["subject"])
        for step in steps:
            at = f"{at}{STEP}{step}" if at else step
            nodes[at].below[level] += 1 + finding["more"]
    for node in nodes.values():
        node.findings.sort(key=rank)
    return sorted(roots, key=lambda node: [-node.below[level] for level in SEVERITIES])


def _grow(name: str, known: Mapping[str, Subject], nodes: dict[str, Node], roots: list[Node]) -> None:
    """Puts a subject in the trees, with the containers above it."""
    at, parent = "", None
    for step in steps_of(name):
        at = f"{at}{STEP}{step}" if at else step
        node = nodes.get(at)
        if node is None:
            node = nodes[at] = Node(at, step, known.get(at))
            (roots if parent is None else parent.children).append(node)
        parent = node


# --- requirements ---------------------------------------------------------------------------------------------


def by_theme(run: Run, rows: Iterable[Requirement]) -> list[tuple[str, list[Requirement]]]:
    """Rows under the themes of the run, in their order; a theme the run does not name comes last."""
    grouped: dict[str, list[Requirement]] = {theme["id"]: [] for theme in run["themes"]}
    for row in rows:
        grouped.setdefault(row["theme"], []).append(row)
    return [(theme, listed) for theme, listed in grouped.items() if listed]


def rows_of_wave(run: Run) -> list[Requirement]:
    """The rows that readiness counts, and those of the same table that do not bind."""
    return [row for row in run["requirements"] if row["table"] == run["readiness"]["table"]]


def other_tables(run: Run) -> list[tuple[str, list[Requirement]]]:
    """The other tables: those proven to concern the DUI first, then the common base, that of the wave first."""
    grouped: dict[str, list[Requirement]] = defaultdict(list)
    for row in run["requirements"]:
        if row["table"] != run["readiness"]["table"]:
            grouped[row["table"]].append(row)

    def order(table: str) -> tuple[bool, bool, str]:
        first = grouped[table][0]
        return first["dui_link"] == "not_proven", first["wave"] != run["readiness"]["wave"], table

    return [(table, grouped[table]) for table in sorted(grouped, key=order)]


def status_counts(rows: Iterable[Requirement]) -> dict[str, int]:
    """Rows by status, what is to do first, without zeros."""
    return ordered_statuses(Counter(row["status"] for row in rows))


def ordered_statuses(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts in the order of STATUSES, without zeros; a status this version does not know comes last."""
    names = [*STATUSES, *sorted(set(counts) - set(STATUSES))]
    return {name: counts[name] for name in names if counts.get(name)}


def next_steps(run: Run) -> tuple[list[Step], list[Step]]:
    """What to do next, and apart from it the attestations, of which there is one for each requirement."""
    steps = run["readiness"]["next"]
    return [s for s in steps if s["kind"] != "attest"], [s for s in steps if s["kind"] == "attest"]


# --- funding --------------------------------------------------------------------------------------------------


def at_stake(run: Run) -> list[FundingLine]:
    """The lines that depend on referencing and concern at least one ESSMS."""
    funding = run["funding"]
    return [] if funding is None else [x for x in funding["lines"] if x["state"] == "at_stake" and x["essms"]]
