"""Puts findings, requirements and funding together into a run, and masks what is personal."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dui_conformance import __version__, runjson
from dui_conformance.engine.judge import Order, plan_of
from dui_conformance.engine.outcomes import OUTCOMES, Finding, Judged, SubjectRecord
from dui_conformance.engine.plan import Plan
from dui_conformance.engine.privacy import Crowd, Tokens
from dui_conformance.engine.resources import UNAPPLIED
from dui_conformance.readiness import funding as money
from dui_conformance.readiness.manifest import Manifest
from dui_conformance.readiness.requirements import Tables
from dui_conformance.readiness.rollup import (
    RolledUp,
    attestations_read,
    roll_up,
    waived_findings,
)
from dui_conformance.rules import catalogue
from dui_conformance.rules.catalogue import Catalogue
from dui_conformance.rules.model import ValueSet
from dui_conformance.run import second_opinion
from dui_conformance.run.next_steps import readiness_of
from dui_conformance.run.proofs import unopened
from dui_conformance.run.words import NOT_CHECKED, OFFICIAL_REMEDY
from dui_conformance.text import Text, unmark

if TYPE_CHECKING:
    from dui_conformance.run.execute import Job

Mask = Callable[[str], str]


def assemble(job: Job, order: Order, tables: Tables, judged: Judged) -> runjson.Run:
    """The run of a job whose inputs have been judged."""
    loaded = catalogue.load(newer=order.newer)
    plan = plan_of(order)
    tokens = Tokens(judged.secrets)
    mask: Mask = (lambda text: unmark(text, str)) if job.with_values else lambda text: unmark(text, tokens.mask)
    crowd = Crowd(judged.people)

    def mask_place(text: str) -> str:
        """Where something lies may be named after somebody whom another subject knows."""
        return mask(crowd(text))

    plain_ids = {subject.id: unmark(subject.id, str) for subject in judged.subjects}
    waived, states = waived_findings(judged.findings, job.manifest, job.today, plain_ids)
    proofs, refused = attestations_read(job.manifest, tables, job.today, unopened(judged))
    proving = loaded.proving()
    rows = roll_up(tables, judged, proving, frozenset(waived), job.manifest, proofs)
    readiness = readiness_of(rows, tables, job.wave)
    run = runjson.Run(
        format=runjson.FORMAT,
        tool=_tool(loaded, plan, judged, order),
        product=_product(job.manifest, declared=job.declared),
        options={
            "preset": job.preset.id if job.preset else "",
            "environment": job.manifest.environment,
            "only": list(job.only),
            "wave": job.wave,
            "with_values": job.with_values,
            "verapdf": str(dict(order.settings).get("verapdf", "")),  # its version, where it is asked for
        },
        inputs=_inputs(job, judged, mask_place),
        subjects=[_subject(subject, mask, mask_place) for subject in judged.subjects],
        findings=[
            _finding(finding, loaded, mask, mask_place, _waiver_of(job.manifest, waived.get(rank)))
            for rank, finding in enumerate(judged.findings)
        ],
        rules=_rules(loaded, judged) + second_opinion.rules(judged, order.official),
        requirements=[_requirement(row, tables, mask_place) for row in rows],
        themes=[runjson.Theme(id=i, title=_both(text)) for i, text in tables.themes.items()],
        tables=[runjson.Theme(id=i, title=_both(text)) for i, text in tables.titles.items()],
        readiness=readiness,
        funding=_funding(job.manifest, readiness),
        waivers=[
            runjson.WaiverState(
                rule=waiver.rule,
                subject=mask_place(waiver.subject),
                owner=waiver.owner,
                reason=waiver.reason,
                expires=waiver.expires.isoformat(),
                state=state,
                findings=sum(1 for at in waived.values() if at == position),
            )
            for position, (waiver, state) in enumerate(zip(job.manifest.waivers, states, strict=True))
        ],
        attestations_refused=[{"file": bad.file, "why": bad.why.as_dict()} for bad in refused],
        not_checked=_not_checked(judged, plan, mask_place),
    )
    used = second_opinion.used(judged, order)
    if used:
        run["artefacts"] = used
    return run


def _subject(subject: SubjectRecord, mask: Mask, mask_place: Mask) -> runjson.Subject:
    made = runjson.Subject(
        id=mask_place(subject.id),
        kind=subject.kind,
        sha256=subject.sha256,
        size=subject.size,
        parent=mask_place(subject.parent),
        label=mask(subject.label),
        judged=subject.judged,
        evidence=list(subject.evidence),
    )
    if subject.model is not None:
        made["model"] = runjson.Model(id=subject.model[0], version=mask(subject.model[1]))
    return made


def _inputs(job: Job, judged: Judged, mask_place: Mask) -> list[str]:
    """The names of the inputs; that of a file is masked as the subject it is, which knows its own people."""
    known = {
        unmark(subject.id, str).rsplit("/", 1)[-1]: subject.id.rsplit("/", 1)[-1]
        for subject in judged.subjects
        # (a mark over two folders, such as the parts of a date, cannot be cut)
        if not subject.parent and subject.id.count("/") == unmark(subject.id, lambda _: "").count("/")
    }
    names = [Path(os.path.abspath(path)).name for path in job.paths]  # `.` has one too
    return [mask_place(known.get(name, name)) for name in names]


def _both(text: Text) -> runjson.Bilingual:
    return runjson.Bilingual(fr=text.fr, en=text.en)


def _maybe(text: Text | None) -> runjson.Bilingual | None:
    return None if text is None else _both(text)


def _tool(loaded: Catalogue, plan: Plan, judged: Judged, order: Order) -> runjson.Tool:
    used = {name for rule in plan.rules for name in rule.value_sets}
    tables = sorted({loaded.models.value_set_of(name) for name in judged.tallies} - {""} - used)
    return runjson.Tool(
        name="dui-conformance",
        version=__version__,
        catalogue=loaded.digest,
        rules=len(plan.rules) + plan.models.count,
        value_sets=[
            _value_set(value_set, order)
            for value_set in (
                *(vs for vs in loaded.value_sets.values() if vs.id in used),
                *map(loaded.models.sets, tables),
            )
        ],
    )


def _value_set(used: ValueSet, order: Order) -> runjson.ValueSetUsed:
    told = runjson.ValueSetUsed(
        id=used.id, name=used.name, oid=used.oid, version=used.version, date=used.date, complete=used.complete
    )
    if used.source in {one.artefact for one in order.newer}:
        told["artefact"] = used.source
    return told


def _product(manifest: Manifest, *, declared: bool) -> runjson.Product:
    return runjson.Product(
        editor=manifest.editor,
        nie=manifest.nie,
        product=manifest.product,
        version=manifest.version,
        nil=manifest.nil,
        wave=manifest.wave,
        referenced=manifest.referenced,
        domains=list(manifest.domains),
        options=dict(sorted(manifest.options.items())),
        declared=declared,
    )


def _waiver_of(manifest: Manifest, position: int | None) -> runjson.Waived | None:
    if position is None:
        return None
    waiver = manifest.waivers[position]
    return runjson.Waived(owner=waiver.owner, reason=waiver.reason, expires=waiver.expires.isoformat())


def _finding(
    finding: Finding, loaded: Catalogue, mask: Mask, mask_place: Mask, waived: runjson.Waived | None
) -> runjson.Finding:
    where = finding.location
    made = runjson.Finding(
        rule=finding.rule,
        level=finding.level,
        outcome=finding.outcome,  # type: ignore[typeddict-item]  # passed and not_applicable are never findings
        subject=mask_place(finding.subject),
        location=runjson.Place(line=where.line, column=where.column, path=mask(where.path)),
        message=runjson.Bilingual(fr=mask(finding.message.fr), en=mask(finding.message.en)),
        remedy=_both(loaded.rules[finding.rule].remedy if finding.rule in loaded.rules else OFFICIAL_REMEDY),
        excerpt=mask(finding.excerpt),
        fingerprint=finding.fingerprint,
        more=finding.more,
        waived=waived,
    )
    if finding.also_official:
        made["also_official"] = [
            runjson.AlsoOfficial(
                artefact=echo.artefact, schema=echo.schema, digest=echo.digest, message=mask(echo.message)
            )
            for echo in finding.also_official
        ]
    return made


def _rules(loaded: Catalogue, judged: Judged) -> list[runjson.Rule]:
    return [
        runjson.Rule(
            id=rule.id,
            family=rule.family,
            level=rule.level,
            title=_both(rule.title),
            remedy=_both(rule.remedy),
            source={name: str(value) for name, value in sorted(rule.source.items())},
            proves=list(rule.proves),
            outcomes={name: judged.tallies[rule.id][name] for name in OUTCOMES if judged.tallies[rule.id][name]},
        )
        for rule in (loaded.rules[name] for name in loaded.rules if name in judged.tallies)
    ]


def _requirement(row: RolledUp, tables: Tables, mask: Mask) -> runjson.Requirement:
    requirement = row.requirement
    proofs: list[runjson.Proof] = []
    for name, subjects in row.evidence.items():
        kind = tables.evidence[name]
        proofs.append(
            runjson.Proof(
                kind="evidence",
                id=name,
                title=_both(kind.title),
                produce=_both(kind.produce),
                subjects=[mask(subject) for subject in subjects],
            )
        )
    for proof in row.attestations:
        title = proof.attestation.title or proof.attestation.file
        proofs.append(
            runjson.Proof(
                kind="attestation",
                id=proof.attestation.file,
                title=runjson.Bilingual(fr=title, en=title),
                date=proof.attestation.date.isoformat(),
                sha256=proof.sha256,
            )
        )
    return runjson.Requirement(
        id=requirement.id,
        aliases=list(requirement.aliases),
        table=requirement.table,
        wave=requirement.wave,
        dui_link=requirement.dui_link,
        theme=requirement.theme,
        profile=requirement.profile,
        statement=_both(requirement.statement),
        obligation=requirement.obligation,
        applicable=row.applicable,
        coverage=requirement.coverage,
        why=_both(requirement.why),
        status=row.status,
        sentence=_both(row.sentence),
        binding=row.binding,
        remains=_maybe(requirement.remains),
        expected_proof=_maybe(requirement.expected_proof),
        pitfalls=_maybe(requirement.pitfalls),
        rules=list(row.rules),
        findings=list(row.findings),
        proofs=proofs,
    )


def _funding(manifest: Manifest, readiness: runjson.Readiness) -> runjson.Funding | None:
    if manifest.project is None:
        return None
    computed = money.compute(manifest.project, money.schemes(), referenced=manifest.referenced)
    return runjson.Funding(
        scheme=manifest.project.scheme,
        title=_both(Text.of(computed.scheme["title"])),
        window={name: _plain(value) for name, value in (computed.scheme.get("window") or {}).items()},
        essms=manifest.project.essms,
        already_equipped=manifest.project.already_equipped,
        eligible=computed.eligible,
        referenced=manifest.referenced,
        notes=[_both(note) for note in computed.notes],
        lines=[
            runjson.FundingLine(
                id=line.id,
                title=_both(line.title),
                beneficiary=line.beneficiary,
                essms=line.essms,
                per_essms=line.per_essms,
                amount=line.amount,
                ceiling=line.ceiling,
                requires=line.requires,
                state=line.state,
                payment=[_plain(part) for part in line.payment],
                source=_plain(line.source),
                unknown=_maybe(line.unknown),
            )
            for line in computed.lines
        ],
        at_stake=computed.at_stake,
        unknown_at_stake=computed.unknown_at_stake,
        blocking=[] if manifest.referenced else list(readiness["blocking"]),
    )


def _plain(value: Any) -> Any:
    """YAML's dates as ISO text."""
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(part) for part in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _not_checked(judged: Judged, plan: Plan, mask: Mask) -> list[runjson.NotChecked]:
    counts = {key: count for key, count in judged.not_checked.items() if key[0] != UNAPPLIED}
    resources = sum(subject.kind == "fhir" for subject in judged.subjects)
    for canonical in plan.asked.profiles:
        if judged.not_checked[UNAPPLIED, canonical] >= resources:  # told where no resource of the run is of its type
            counts[UNAPPLIED, canonical] = 1
    listed = [
        runjson.NotChecked(what=what, name=mask(name), count=count, why=_both(NOT_CHECKED[what]))
        for (what, name), count in sorted(counts.items())
    ]
    listed += [
        runjson.NotChecked(what="rule", name=unplanned.rule, count=1, why=_both(unplanned.why))
        for unplanned in plan.unplanned
    ]
    return listed
