"""The model of `run.json`, the one primary output. `profiles/schemas/run.schema.json` is its published schema.

Canonical: keys sorted, no clock, lists in an order that does not depend on the number of workers.
"""

import json
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

from dui_conformance.data import profiles_root

FORMAT = "dui-conformance/run/1"


class Bilingual(TypedDict):
    fr: str
    en: str


class ValueSetUsed(TypedDict):
    id: str
    name: str
    oid: str
    version: str
    date: str
    complete: bool
    artefact: NotRequired[str]  # the artefact that brought this issue, when it is not the shipped one


class Tool(TypedDict):
    name: str
    version: str
    catalogue: str
    rules: int
    value_sets: list[ValueSetUsed]


class ArtefactUsed(TypedDict):
    """An official artefact that the user added and that this run judged with.

    `date` is its own, `added` the day it was added; `judged`: how many documents it judged, `accepted` and `refused` of
    them, `failed` those it could not judge. `repairs`: what was put right in the copy that is run.
    """

    kind: Literal["kit", "schematron", "value_sets"]
    name: str
    version: str
    date: str
    sha256: str
    added: str
    judged: int
    accepted: int
    refused: int
    failed: int
    repairs: list[dict[str, str]]


class AlsoOfficial(TypedDict):
    """What an official artefact says too: its SHA-256, its schema, the digest of its assert, its own words."""

    artefact: str
    schema: str
    digest: str
    message: str


class Place(TypedDict):
    line: int | None
    column: int | None
    path: str


class Waived(TypedDict):
    owner: str
    reason: str
    expires: str


class Finding(TypedDict):
    rule: str
    level: Literal["error", "warning", "info"]
    outcome: Literal["failed", "review", "blocked", "error"]
    subject: str
    location: Place
    message: Bilingual
    remedy: Bilingual
    excerpt: str
    fingerprint: str
    more: int
    waived: Waived | None
    also_official: NotRequired[list[AlsoOfficial]]


class Model(TypedDict):
    """The document model that a CDA says it follows, with the version; level 1 is `N1`, without version."""

    id: str
    version: str


class Subject(TypedDict):
    id: str
    kind: str
    sha256: str
    size: int
    parent: str
    label: str
    judged: bool
    evidence: list[str]
    model: NotRequired[Model]


class Rule(TypedDict):
    """A rule that ran: `outcomes` counts subjects by outcome."""

    id: str
    family: str
    level: str
    title: Bilingual
    remedy: Bilingual
    source: dict[str, str]
    proves: list[str]
    outcomes: dict[str, int]


class Proof(TypedDict):
    """`evidence`: subjects that are there (or none, and `produce` says what to do); `attestation`: a dated file."""

    kind: Literal["evidence", "attestation"]
    id: str
    title: Bilingual
    produce: NotRequired[Bilingual]
    subjects: NotRequired[list[str]]
    date: NotRequired[str]
    sha256: NotRequired[str]


class Requirement(TypedDict):
    id: str
    aliases: list[str]
    table: str
    wave: int
    dui_link: str
    theme: str
    profile: str
    statement: Bilingual
    obligation: str
    applicable: Literal["yes", "no", "assumed"]
    coverage: str
    why: Bilingual
    status: str
    sentence: Bilingual
    binding: bool
    remains: Bilingual | None
    expected_proof: Bilingual | None
    pitfalls: Bilingual | None
    rules: list[str]
    findings: list[str]
    proofs: list[Proof]


class Theme(TypedDict):
    id: str
    title: Bilingual


class Step(TypedDict):
    """What to do next, and the requirements it moves."""

    kind: Literal["fix", "produce", "attest", "declare", "review"]
    what: Bilingual
    requirements: list[str]


class Readiness(TypedDict):
    """`ready` is None when it cannot be said (wave 2 is known in part). `counts`: binding rows by status."""

    wave: int
    table: str
    ready: bool | None
    sentence: Bilingual
    binding: int
    settled: int
    counts: dict[str, int]
    blocking: list[str]
    next: list[Step]


class FundingLine(TypedDict):
    id: str
    title: Bilingual
    beneficiary: str
    essms: int
    per_essms: float | None
    amount: float | None
    ceiling: bool
    requires: str
    state: Literal["granted", "at_stake", "excluded"]
    payment: list[dict[str, Any]]
    source: dict[str, Any]
    unknown: Bilingual | None


class Funding(TypedDict):
    """The scheme applied to the project. `at_stake`: euros that referencing adds, as far as amounts are known."""

    scheme: str
    title: Bilingual
    window: dict[str, Any]
    essms: int
    already_equipped: bool
    eligible: bool
    referenced: bool
    notes: list[Bilingual]
    lines: list[FundingLine]
    at_stake: float
    unknown_at_stake: bool
    blocking: list[str]


class NotChecked(TypedDict):
    """What was not judged: `what` is hidden, kind, template, code, rule …; `count` how often it was met."""

    what: str
    name: str
    count: int
    why: Bilingual


class WaiverState(TypedDict):
    rule: str
    subject: str
    owner: str
    reason: str
    expires: str
    state: Literal["used", "unused", "expired"]
    findings: int


class Product(TypedDict):
    editor: str
    nie: str
    product: str
    version: str
    nil: str
    wave: int
    referenced: bool
    domains: list[str]
    options: dict[str, bool | str]
    declared: bool


class Run(TypedDict):
    format: str
    tool: Tool
    product: Product
    options: dict[str, Any]
    inputs: list[str]
    subjects: list[Subject]
    findings: list[Finding]
    rules: list[Rule]
    requirements: list[Requirement]
    themes: list[Theme]
    tables: list[Theme]
    readiness: Readiness
    funding: Funding | None
    waivers: list[WaiverState]
    attestations_refused: list[dict[str, Any]]
    not_checked: list[NotChecked]
    artefacts: NotRequired[list[ArtefactUsed]]


class RunFileError(ValueError):
    """A file that is not a run.json of this format; the message says why."""


def dumps(run: Run) -> str:
    """The canonical text, with a final line feed."""
    return json.dumps(run, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def load(path: Path) -> Run:
    """The run of a file, checked against the published schema. Raises RunFileError."""
    from jsonschema import Draft202012Validator

    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise RunFileError(f"{path.name}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise RunFileError(f"{path.name}: not JSON ({type(error).__name__})") from error
    problem = next(iter(Draft202012Validator(schema()).iter_errors(data)), None)
    if problem is not None:
        raise RunFileError(f"{path.name}: {problem.json_path}: {problem.message[:200]}")
    run: Run = data
    return run


def schema() -> dict[str, Any]:
    """The published JSON Schema of run.json."""
    loaded: dict[str, Any] = json.loads((profiles_root() / "schemas" / "run.schema.json").read_bytes())
    return loaded
