"""What evaluation gives: findings, and tallies of every other outcome."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from dui_conformance.rules.model import Level
from dui_conformance.subjects.model import Location
from dui_conformance.text import Text

Setting = str | tuple[str, ...]  # a value of the manifest that rules may ask for
Outcome = Literal["passed", "failed", "review", "not_applicable", "blocked", "error"]
OUTCOMES: tuple[Outcome, ...] = ("passed", "failed", "review", "not_applicable", "blocked", "error")


@dataclass(frozen=True, slots=True)
class Echo:
    """What an official artefact says of the place of a finding of ours, to the same effect.

    `artefact` is its SHA-256; `digest` names its assert.
    """

    artefact: str
    schema: str
    digest: str
    message: str


@dataclass(frozen=True, slots=True)
class OfficialRule:
    """An assert of an official artefact that spoke: in its own words, read while running."""

    artefact: str
    schema: str
    level: Level
    context: str
    test: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that spoke (failed, review, blocked or error), at a location. Personal values are marked, not masked."""

    rule: str
    level: Level
    outcome: Outcome
    subject: str
    location: Location
    message: Text
    excerpt: str
    fingerprint: str
    more: int = 0  # further places in the same subject where the same rule spoke, beyond those listed
    also_official: tuple[Echo, ...] = ()


@dataclass(frozen=True, slots=True)
class SubjectRecord:
    """What a run keeps of a subject. `evidence` names the kinds of evidence it is; `facts` serve run-wide rules."""

    id: str
    kind: str
    sha256: str
    size: int
    parent: str
    label: str
    judged: bool
    evidence: tuple[str, ...] = ()
    facts: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    model: tuple[str, str] | None = None  # of a CDA: the model it follows and its version


@dataclass(slots=True)
class UnitResult:
    """The outcome of one unit. `tallies` counts by rule and outcome, one per subject."""

    subjects: list[SubjectRecord] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    tallies: Counter[tuple[str, Outcome]] = field(default_factory=Counter)
    not_checked: Counter[tuple[str, str]] = field(default_factory=Counter)  # (what, name) → how often
    official: Counter[tuple[str, str]] = field(default_factory=Counter)  # (artefact, judged/accepted/refused/failed)
    official_rules: dict[str, OfficialRule] = field(default_factory=dict)
    secret: bytes = b""  # of the unit's bytes; keys the tokens that stand for personal values
    people: set[str] = field(default_factory=set)  # what names its patients, as `privacy.Crowd` takes it

    def count(self, rule: str, outcome: Outcome) -> None:
        self.tallies[rule, outcome] += 1


@dataclass(slots=True)
class Judged:
    """Everything a run found. `skipped`: hidden entries that were not looked at."""

    subjects: list[SubjectRecord] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    tallies: dict[str, Counter[Outcome]] = field(default_factory=dict)
    not_checked: Counter[tuple[str, str]] = field(default_factory=Counter)
    official: Counter[tuple[str, str]] = field(default_factory=Counter)
    official_rules: dict[str, OfficialRule] = field(default_factory=dict)
    secrets: list[bytes] = field(default_factory=list)
    people: set[str] = field(default_factory=set)
    units: int = 0

    def take(self, result: UnitResult) -> None:
        self.subjects += result.subjects
        self.findings += result.findings
        self.not_checked += result.not_checked
        self.official += result.official
        self.official_rules |= result.official_rules
        self.secrets.append(result.secret)
        self.people |= result.people
        self.units += 1
        for (rule, outcome), count in result.tallies.items():
            self.tallies.setdefault(rule, Counter())[outcome] += count
