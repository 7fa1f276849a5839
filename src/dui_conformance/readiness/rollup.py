"""From findings to a status for each requirement, with the sentence that explains it."""

import datetime
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dui_conformance.engine.outcomes import Finding, Judged
from dui_conformance.readiness.manifest import Attestation, Manifest
from dui_conformance.readiness.requirements import Requirement, Tables
from dui_conformance.text import Text

Status = Literal[
    "proved",
    "attested",
    "waived",
    "failed",
    "missing",
    "to_attest",
    "review",
    "blocked",
    "not_applicable",
    "not_covered",
]
STATUSES: tuple[Status, ...] = (
    "proved",
    "attested",
    "waived",
    "failed",
    "missing",
    "to_attest",
    "review",
    "blocked",
    "not_applicable",
    "not_covered",
)
SETTLED: frozenset[Status] = frozenset(("proved", "attested", "waived"))
Applicable = Literal["yes", "no", "assumed"]


@dataclass(frozen=True, slots=True)
class AttestationProof:
    """An attestation that was found and read; `sha256` of its file."""

    attestation: Attestation
    sha256: str


@dataclass(frozen=True, slots=True)
class RolledUp:
    """The status of a requirement. `findings`: fingerprints, worst first; `evidence`: subjects by evidence id."""

    requirement: Requirement
    applicable: Applicable
    status: Status
    sentence: Text
    rules: Sequence[str]
    findings: Sequence[str]
    evidence: Mapping[str, Sequence[str]]
    attestations: Sequence[AttestationProof]
    undeclared: Sequence[str] = ()  # what the manifest would have to say for its applicability to be known

    @property
    def binding(self) -> bool:
        """Whether readiness depends on it: obligatory, applicable, and tied to the DUI by a source."""
        return (
            self.applicable != "no"
            and self.requirement.obligation in ("mandatory", "conditional")
            and self.requirement.dui_link != "not_proven"
        )


@dataclass(frozen=True, slots=True)
class BadAttestation:
    """A declared attestation that proves nothing, and why."""

    file: str
    why: Text


def attestations_read(
    manifest: Manifest, tables: Tables, today: datetime.date, unopened: Mapping[str, Text] | None = None
) -> tuple[list[AttestationProof], list[BadAttestation]]:
    """The attestations whose file is there, dated in the past, not expired, and that name known requirements.

    `unopened`: files that a reviewer cannot open, with the reason.
    """
    good, bad = [], []
    for declared in manifest.attestations:
        unknown = [name for name in declared.attests if tables.named(name) is None]
        path = manifest.folder / declared.file
        why = None
        if unknown:
            names = ", ".join(unknown)
            why = Text(f"exigence inconnue : {names}", f"unknown requirement: {names}")
        elif declared.date > today:
            why = Text(f"datée dans le futur ({declared.date})", f"dated in the future ({declared.date})")
        elif declared.expires is not None and declared.expires < today:
            why = Text(f"expirée le {declared.expires}", f"expired on {declared.expires}")
        elif unopened and declared.file in unopened:
            why = unopened[declared.file]
        else:
            try:
                data = path.read_bytes()
            except (OSError, ValueError):  # ValueError: a name no file can have
                why = Text("fichier introuvable ou illisible", "file not found or not readable")
            else:
                if data:
                    good.append(AttestationProof(declared, hashlib.sha256(data).hexdigest()))
                    continue
                why = Text("fichier vide", "empty file")
        bad.append(BadAttestation(declared.file, why))
    return good, bad


def applicable(requirement: Requirement, manifest: Manifest) -> tuple[Applicable, Text]:
    """Whether a requirement applies to what the manifest declares, with the reason."""
    if not requirement.applies:
        return "yes", Text("s'applique à tout DUI", "applies to every DUI")
    for name, wanted in requirement.applies.items():
        if name == "domains":
            if manifest.domains and not set(wanted) & set(manifest.domains):
                domains = ", ".join(wanted)
                return "no", Text(f"ne concerne que les domaines {domains}", f"concerns the domains {domains} only")
        elif name in manifest.options and manifest.options[name] != wanted:
            declared = _toml(manifest.options[name])
            return "no", Text(f"options.{name} = {declared} dans dui.toml", f"options.{name} = {declared} in dui.toml")
    if missing := undeclared(requirement, manifest):
        names = ", ".join(missing)
        is_not = (
            ("n'est pas déclaré", "is not declared")
            if len(missing) == 1
            else ("ne sont pas déclarés", "are not declared")
        )
        return "assumed", Text(
            f"supposée applicable : {names} {is_not[0]} dans dui.toml",
            f"assumed to apply: {names} {is_not[1]} in dui.toml",
        )
    return "yes", requirement.applies_why or Text("s'applique d'après dui.toml", "applies according to dui.toml")


def undeclared(requirement: Requirement, manifest: Manifest) -> list[str]:
    """The keys of dui.toml that decide whether a requirement applies and are not there."""
    return [
        "scope.domains" if name == "domains" else f"options.{name}"
        for name in requirement.applies
        if (not manifest.domains if name == "domains" else name not in manifest.options)
    ]


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def roll_up(
    tables: Tables,
    judged: Judged,
    proving: Mapping[str, Sequence[str]],
    waived: frozenset[int],
    manifest: Manifest,
    attestations: Sequence[AttestationProof],
) -> list[RolledUp]:
    """The status of every requirement.

    `proving`: rule → requirements it proves; `waived`: positions of waived findings in `judged.findings`.
    """
    by_rule: dict[str, list[tuple[int, Finding]]] = {}
    for rank, finding in enumerate(judged.findings):
        by_rule.setdefault(finding.rule, []).append((rank, finding))
    rules_of: dict[str, list[str]] = {}
    for rule, names in proving.items():
        for name in names:
            row = tables.named(name)
            if row is not None:
                rules_of.setdefault(row.id, []).append(rule)
    found: dict[str, list[str]] = {}
    for subject in judged.subjects:
        for name in subject.evidence:
            found.setdefault(name, []).append(subject.id)
    out = []
    for row in tables.requirements.values():
        rules = rules_of.get(row.id, [])
        findings = [pair for rule in rules for pair in by_rule.get(rule, ())]
        attesting = [
            proof
            for proof in attestations
            if any(name == row.id or name in row.aliases for name in proof.attestation.attests)
        ]
        evidence = {name: found.get(name, []) for name in row.evidence}
        ran = [rule for rule in rules if rule in judged.tallies]
        out.append(_rolled(row, tables, manifest, judged, rules, ran, findings, waived, evidence, attesting))
    return out


def _rolled(
    row: Requirement,
    tables: Tables,
    manifest: Manifest,
    judged: Judged,
    rules: Sequence[str],
    ran: Sequence[str],
    findings: Sequence[tuple[int, Finding]],
    waived: frozenset[int],
    evidence: Mapping[str, Sequence[str]],
    attesting: Sequence[AttestationProof],
) -> RolledUp:
    applies, why = applicable(row, manifest)
    status: Status
    if applies == "no":
        status, sentence = "not_applicable", why
    elif row.coverage == "not_covered":
        status, sentence = _attested(row.why, attesting) if attesting else ("not_covered", row.why)
    elif row.coverage == "attested":
        status, sentence = _attested(row.why, attesting) if attesting else ("to_attest", _to_attest(row))
    else:
        status, sentence = _judged(row, tables, judged, ran, findings, waived, evidence, attesting)
    if applies == "assumed":
        sentence = Text(f"{sentence.fr} ({why.fr})", f"{sentence.en} ({why.en})")
    rank = {"error": 0, "warning": 1, "info": 2}
    ordered = sorted(findings, key=lambda pair: (rank[pair[1].level], pair[0]))
    prints = list(dict.fromkeys(finding.fingerprint for _, finding in ordered))
    missing = undeclared(row, manifest) if applies == "assumed" else ()
    return RolledUp(row, applies, status, sentence, rules, prints, evidence, attesting, missing)


def _judged(
    row: Requirement,
    tables: Tables,
    judged: Judged,
    ran: Sequence[str],
    findings: Sequence[tuple[int, Finding]],
    waived: frozenset[int],
    evidence: Mapping[str, Sequence[str]],
    attesting: Sequence[AttestationProof],
) -> tuple[Status, Text]:
    """The status of a row that rules on files decide, wholly or in part."""
    failures = [(rank, f) for rank, f in findings if f.level == "error" and f.outcome == "failed"]
    open_failures = [f for rank, f in failures if rank not in waived]
    if open_failures:
        subjects = len({f.subject for f in open_failures})
        count = len(open_failures) + sum(f.more for f in open_failures)
        return "failed", Text(
            f"{_plural(count, 'erreur', 'erreurs')} dans {_plural(subjects, 'élément exporté', 'éléments exportés')}",
            f"{_plural(count, 'error', 'errors')} in {_plural(subjects, 'exported item', 'exported items')}",
        )
    missing = [tables.evidence[name] for name, subjects in evidence.items() if not subjects]
    if missing:
        return "missing", Text(
            "à fournir : " + " ; ".join(kind.title.fr for kind in missing),
            "to be provided: " + "; ".join(kind.title.en for kind in missing),
        )
    unsettled = [f for rank, f in findings if f.outcome in ("blocked", "error") and rank not in waived]
    held = sum(judged.tallies[rule][outcome] for rule in ran for outcome in ("blocked", "error"))
    if unsettled or held:
        return "blocked", Text(
            "des contrôles n'ont pas pu conclure : voir les fichiers illisibles",
            "some checks could not conclude: see the unreadable files",
        )
    if attesting:
        return _attested(row.why, attesting)
    passed = sum(judged.tallies[rule]["passed"] for rule in ran)
    looks = [f for rank, f in findings if f.outcome == "review" and rank not in waived]
    if looks:
        return "review", Text(
            f"{_plural(len(looks), 'point', 'points')} à vérifier par une personne",
            f"{_plural(len(looks), 'point', 'points')} for a person to verify",
        )
    if row.remains is not None:
        return "to_attest", _to_attest(row)
    if failures:
        return "waived", Text("erreurs acceptées par dérogation", "errors accepted by waiver")
    if not passed:
        return "missing", Text("aucun export ne permet de juger", "no export allows a judgement")
    return "proved", Text(
        f"{_plural(passed, 'contrôle réussi', 'contrôles réussis')}",
        f"{_plural(passed, 'check passed', 'checks passed')}",
    )


def _attested(why: Text, attesting: Sequence[AttestationProof]) -> tuple[Status, Text]:
    names = ", ".join(f"{p.attestation.title or p.attestation.file} ({p.attestation.date})" for p in attesting)
    return "attested", Text(f"attesté par {names}", f"attested by {names}")


def _to_attest(row: Requirement) -> Text:
    wanted = row.remains or row.expected_proof or row.why
    return Text(f"à attester : {wanted.fr}", f"to be attested: {wanted.en}")


def _plural(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def waived_findings(
    findings: Sequence[Finding], manifest: Manifest, today: datetime.date, plain_id: "Mapping[str, str]"
) -> tuple[dict[int, int], list[Literal["used", "unused", "expired"]]]:
    """Which findings a waiver accepts (finding position → waiver position), and the state of each waiver.

    `plain_id`: the subject id of the report → the id a waiver's glob is compared with, whole or from any folder on,
    so that a waiver holds wherever the check is run from.
    """
    from fnmatch import fnmatchcase

    accepted: dict[int, int] = {}
    states: list[Literal["used", "unused", "expired"]] = []
    for position, waiver in enumerate(manifest.waivers):
        if waiver.expires < today:
            states.append("expired")
            continue
        used = False
        for rank, finding in enumerate(findings):
            if (
                finding.rule == waiver.rule
                and (not waiver.fingerprint or waiver.fingerprint == finding.fingerprint)
                and any(
                    fnmatchcase(plain_id.get(finding.subject, finding.subject), glob)
                    for glob in (waiver.subject, f"*/{waiver.subject}")
                )
            ):
                accepted.setdefault(rank, position)
                used = True
        states.append("used" if used else "unused")
    return accepted, states


def counted(rows: Iterable[RolledUp]) -> dict[Status, int]:
    """How many rows have each status."""
    counts = dict.fromkeys(STATUSES, 0)
    for row in rows:
        counts[row.status] += 1
    return counts
