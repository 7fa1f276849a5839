"""From findings to the status of a requirement: each status with the least that gives it, and who wins over whom."""

import datetime
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dui_conformance.engine.outcomes import Finding, Judged, Outcome, SubjectRecord
from dui_conformance.readiness.manifest import Attestation, Manifest, Waiver
from dui_conformance.readiness.requirements import EvidenceKind, Requirement, Tables
from dui_conformance.readiness.rollup import (
    SETTLED,
    STATUSES,
    AttestationProof,
    RolledUp,
    applicable,
    attestations_read,
    counted,
    roll_up,
    waived_findings,
)
from dui_conformance.subjects.model import Location
from dui_conformance.text import Text

TODAY = datetime.date(2026, 11, 21)


def both(text: str) -> Text:
    return Text(f"fr {text}", f"en {text}")


def requirement(**more: Any) -> Requirement:
    data: dict[str, Any] = {
        "id": "SC.DOC.03.MS1",
        "aliases": ("DUI.DOC.03",),
        "table": "wave1-dui",
        "wave": 1,
        "dui_link": "confirmed",
        "theme": "DOC",
        "profile": "Général",
        "statement": both("statement"),
        "obligation": "mandatory",
        "applies": {},
        "applies_why": None,
        "coverage": "automated",
        "why": both("why"),
        "expected_proof": None,
        "evidence": (),
        "remains": None,
        "pitfalls": None,
        "source": {},
    }
    return Requirement(**{**data, **more})


def tables(*rows: Requirement) -> Tables:
    evidence = {
        name: EvidenceKind(name, "cda", "true()", both(name), both(f"produce {name}")) for name in ("cda_ins", "mail")
    }
    return Tables({row.id: row for row in rows}, evidence, {"DOC": both("documents")}, {"wave1-dui": both("wave 1")})


def finding(rule: str = "R-1", outcome: Outcome = "failed", **more: Any) -> Finding:
    data: dict[str, Any] = {
        "rule": rule,
        "level": "error",
        "outcome": outcome,
        "subject": "exports/a.xml",
        "location": Location(1, 1, "/a"),
        "message": both("message"),
        "excerpt": "",
        "fingerprint": f"{rule}-1",
    }
    return Finding(**{**data, **more})


def judged(*findings: Finding, subjects: tuple[SubjectRecord, ...] = (), **tallies: dict[Outcome, int]) -> Judged:
    counts = {name.replace("_", "-"): Counter(tally) for name, tally in tallies.items()}
    return Judged(subjects=list(subjects), findings=list(findings), tallies=counts)


def subject(*evidence: str, name: str = "exports/a.xml") -> SubjectRecord:
    return SubjectRecord(name, "cda", "0" * 64, 1, "", "", True, evidence)


def proof(*attests: str) -> AttestationProof:
    return AttestationProof(Attestation("a.pdf", datetime.date(2026, 1, 1), None, attests, "Certificat"), "0" * 64)


def rolled(
    row: Requirement,
    run: Judged,
    *,
    proves: dict[str, list[str]] | None = None,
    waived: frozenset[int] = frozenset(),
    manifest: Manifest | None = None,
    attestations: tuple[AttestationProof, ...] = (),
) -> RolledUp:
    proving = {"R-1": [row.id]} if proves is None else proves
    (out,) = roll_up(tables(row), run, proving, waived, manifest or Manifest(), attestations)
    return out


PASSED = judged(R_1={"passed": 2})
MORE = both("a video")


class TestStatuses:
    def test_proved(self) -> None:
        out = rolled(requirement(), PASSED)
        assert out.status == "proved"
        assert out.sentence == Text("2 contrôles réussis", "2 checks passed")
        assert rolled(requirement(), judged(R_1={"passed": 1})).sentence.fr == "1 contrôle réussi"

    def test_failed(self) -> None:
        out = rolled(requirement(), judged(finding(), finding(subject="exports/b.xml", more=3), R_1={"failed": 2}))
        assert out.status == "failed"
        assert out.sentence.fr == "5 erreurs dans 2 éléments exportés"
        assert out.findings == ["R-1-1"]

    def test_missing_evidence(self) -> None:
        out = rolled(requirement(evidence=("cda_ins", "mail")), judged(subjects=(subject("mail"),), R_1={"passed": 1}))
        assert out.status == "missing"
        assert "fr cda_ins" in out.sentence.fr
        assert "fr mail" not in out.sentence.fr
        assert out.evidence == {"cda_ins": [], "mail": ["exports/a.xml"]}

    def test_missing_where_nothing_could_be_judged(self) -> None:
        assert rolled(requirement(), judged()).status == "missing"
        assert rolled(requirement(), judged(R_1={"not_applicable": 4})).status == "missing"
        assert rolled(requirement(), PASSED, proves={}).status == "missing", "no rule proves it"

    @pytest.mark.parametrize("outcome", ["blocked", "error"])
    def test_blocked(self, outcome: Outcome) -> None:
        assert rolled(requirement(), judged(R_1={"passed": 5, outcome: 1})).status == "blocked"
        assert rolled(requirement(), judged(finding(outcome=outcome), R_1={"passed": 1})).status == "blocked"

    def test_review(self) -> None:
        out = rolled(requirement(), judged(finding(outcome="review"), R_1={"passed": 1, "review": 1}))
        assert out.status == "review"
        assert out.sentence.fr == "1 point à vérifier par une personne"

    def test_to_attest(self) -> None:
        assert rolled(requirement(coverage="attested", remains=MORE), judged()).status == "to_attest"
        out = rolled(requirement(coverage="assisted", remains=MORE), PASSED)
        assert out.status == "to_attest", "rules see a part only"
        assert "fr a video" in out.sentence.fr

    def test_attested(self) -> None:
        row = requirement(coverage="attested")
        out = rolled(row, judged(), attestations=(proof("SC.DOC.03.MS1"),))
        assert out.status == "attested"
        assert "Certificat (2026-01-01)" in out.sentence.fr
        assert rolled(row, judged(), attestations=(proof("DUI.DOC.03"),)).status == "attested", "under an alias"
        assert rolled(row, judged(), attestations=(proof("SC.DOC.04.MS1"),)).status == "to_attest"
        assisted = requirement(coverage="assisted", remains=MORE)
        assert rolled(assisted, PASSED, attestations=(proof("SC.DOC.03.MS1"),)).status == "attested"

    def test_not_covered(self) -> None:
        row = requirement(coverage="not_covered")
        assert rolled(row, PASSED).status == "not_covered"
        assert rolled(row, PASSED).sentence == row.why
        assert rolled(row, PASSED, attestations=(proof("SC.DOC.03.MS1"),)).status == "attested"

    def test_not_applicable(self) -> None:
        row = requirement(applies={"hosted": True})
        out = rolled(row, judged(finding(), R_1={"failed": 1}), manifest=Manifest(options={"hosted": False}))
        assert (out.status, out.applicable, out.binding) == ("not_applicable", "no", False)
        assert "options.hosted = false" in out.sentence.fr

    def test_waived(self) -> None:
        run = judged(finding(), R_1={"failed": 1, "passed": 1})
        assert rolled(requirement(), run, waived=frozenset({0})).status == "waived"
        alone = judged(finding(), R_1={"failed": 1})
        assert rolled(requirement(), alone, waived=frozenset({0})).status == "waived", "the only document there is"

    def test_every_status_is_one_of_the_contract(self) -> None:
        assert {"proved", "attested", "waived"} == SETTLED
        assert set(counted([])) == set(STATUSES)


class TestWhoWins:
    ATTESTED = (proof("SC.DOC.03.MS1"),)

    def test_an_error_wins_over_an_attestation(self) -> None:
        run = judged(finding(), R_1={"failed": 1})
        assert (
            rolled(requirement(coverage="assisted", remains=MORE), run, attestations=self.ATTESTED).status == "failed"
        )

    def test_missing_evidence_wins_over_an_attestation(self) -> None:
        row = requirement(coverage="assisted", evidence=("mail",), remains=MORE)
        assert rolled(row, PASSED, attestations=self.ATTESTED).status == "missing"

    def test_an_error_wins_over_missing_evidence(self) -> None:
        run = judged(finding(), R_1={"failed": 1})
        assert rolled(requirement(evidence=("mail",)), run).status == "failed"

    def test_what_is_blocked_wins_over_an_attestation(self) -> None:
        run = judged(R_1={"passed": 1, "blocked": 1})
        assert rolled(requirement(), run, attestations=self.ATTESTED).status == "blocked"

    def test_one_waived_error_does_not_excuse_another(self) -> None:
        run = judged(finding(), finding(fingerprint="R-1-2"), R_1={"failed": 1})
        out = rolled(requirement(), run, waived=frozenset({0}))
        assert out.status == "failed"
        assert out.sentence.fr == "1 erreur dans 1 élément exporté"

    @pytest.mark.parametrize("level", ["warning", "info"])
    def test_only_errors_fail(self, level: str) -> None:
        out = rolled(requirement(), judged(finding(level=level), R_1={"failed": 1, "passed": 1}))
        assert out.status == "proved"
        assert out.findings == ["R-1-1"], "and yet it is told"

    def test_a_waived_review_is_settled(self) -> None:
        run = judged(finding(outcome="review"), R_1={"review": 1, "passed": 1})
        assert rolled(requirement(), run, waived=frozenset({0})).status == "proved"

    def test_errors_of_other_rules_do_not_count(self) -> None:
        run = judged(finding(rule="R-2"), R_1={"passed": 1}, R_2={"failed": 1})
        assert rolled(requirement(), run).status == "proved"

    def test_a_rule_may_prove_under_an_alias(self) -> None:
        run = judged(finding(), R_1={"failed": 1})
        out = rolled(requirement(), run, proves={"R-1": ["DUI.DOC.03"]})
        assert out.status == "failed"
        assert out.rules == ["R-1"]

    def test_the_worst_finding_comes_first_and_once(self) -> None:
        run = judged(
            finding("R-1", level="info", fingerprint="c"),
            finding("R-1", level="warning", fingerprint="b"),
            finding("R-2", fingerprint="a"),
            finding("R-2", fingerprint="a"),
            R_1={"failed": 1},
        )
        out = rolled(requirement(), run, proves={"R-1": ["SC.DOC.03.MS1"], "R-2": ["SC.DOC.03.MS1"]})
        assert out.findings == ["a", "b", "c"]


class TestApplicability:
    @pytest.mark.parametrize(
        ("applies", "declared", "answer"),
        [
            ({}, {}, "yes"),
            ({"hosted": True}, {"options": {"hosted": True}}, "yes"),
            ({"hosted": True}, {"options": {"hosted": False}}, "no"),
            ({"hosted": True}, {}, "assumed"),
            ({"hosted": False}, {"options": {"hosted": False}}, "yes"),
            ({"mailbox_operator": "mailiz"}, {"options": {"mailbox_operator": "other"}}, "no"),
            ({"domains": ["PA", "PH"]}, {"domains": ("PH", "AHI")}, "yes"),
            ({"domains": ["PA", "PH"]}, {"domains": ("AHI",)}, "no"),
            ({"domains": ["PA", "PH"]}, {}, "assumed"),
            ({"domains": ["PA"], "hosted": True}, {"domains": ("PA",)}, "assumed"),
            ({"domains": ["PA"], "hosted": True}, {"options": {"hosted": False}}, "no"),
            ({"hosted": True, "own_accounts": True}, {"options": {"own_accounts": False}}, "no"),
        ],
    )
    def test_from_the_manifest(self, applies: Any, declared: Any, answer: str) -> None:
        assert applicable(requirement(applies=applies), Manifest(**declared))[0] == answer

    def test_only_what_is_not_declared_is_asked_for(self) -> None:
        row = requirement(applies={"domains": ["PA"], "hosted": True, "own_accounts": True})
        manifest = Manifest(domains=("PA",), options={"own_accounts": True})
        assert rolled(row, PASSED, manifest=manifest).undeclared == ["options.hosted"]
        _, why = applicable(row, manifest)
        assert "options.hosted n'est pas déclaré" in why.fr

    def test_what_is_not_declared_is_named(self) -> None:
        _, why = applicable(requirement(applies={"domains": ["PA"], "hosted": True}), Manifest())
        assert "scope.domains, options.hosted" in why.fr
        assert "scope.domains, options.hosted" in why.en

    def test_a_requirement_assumed_to_apply_binds_and_says_so(self) -> None:
        out = rolled(requirement(applies={"hosted": True}), PASSED)
        assert out.binding
        assert out.status == "proved"
        assert "options.hosted" in out.sentence.fr

    @pytest.mark.parametrize(
        ("more", "binding"),
        [
            ({"obligation": "mandatory"}, True),
            ({"obligation": "conditional"}, True),
            ({"obligation": "recommended"}, False),
            ({"dui_link": "not_proven"}, False),
        ],
    )
    def test_what_binds(self, more: Any, binding: bool) -> None:
        assert rolled(requirement(**more), PASSED).binding is binding


class TestWaivers:
    def waiver(self, **more: Any) -> Waiver:
        data: dict[str, Any] = {
            "rule": "R-1",
            "subject": "*",
            "fingerprint": "",
            "reason": "Connu",
            "owner": "Qualité",
            "expires": datetime.date(2026, 12, 31),
        }
        return Waiver(**{**data, **more})

    def result(
        self, *waivers: Waiver, findings: tuple[Finding, ...] = (finding(),)
    ) -> tuple[dict[int, int], list[str]]:
        accepted, states = waived_findings(findings, Manifest(waivers=waivers), TODAY, {})
        return accepted, list(states)

    def test_used(self) -> None:
        assert self.result(self.waiver()) == ({0: 0}, ["used"])

    @pytest.mark.parametrize(
        "more", [{"rule": "R-2"}, {"subject": "other/*"}, {"fingerprint": "f" * 16}, {"subject": "exports/A.xml"}]
    )
    def test_unused(self, more: Any) -> None:
        assert self.result(self.waiver(**more)) == ({}, ["unused"])

    @pytest.mark.parametrize(
        ("glob", "takes"),
        [("exports/*", True), ("*.xml", True), ("exports/a.xml", True), ("exports/[ab].xml", True), ("exports", False)],
    )
    def test_globs(self, glob: str, takes: bool) -> None:
        assert bool(self.result(self.waiver(subject=glob))[0]) is takes

    def test_expired(self) -> None:
        assert self.result(self.waiver(expires=TODAY - datetime.timedelta(days=1))) == ({}, ["expired"])
        assert self.result(self.waiver(expires=TODAY)) == ({0: 0}, ["used"]), "the last day counts"

    def test_by_fingerprint(self) -> None:
        found = (finding(fingerprint="a" * 16), finding(fingerprint="b" * 16))
        assert self.result(self.waiver(fingerprint="b" * 16), findings=found) == ({1: 0}, ["used"])

    def test_the_first_waiver_that_fits_takes_the_finding(self) -> None:
        assert self.result(self.waiver(), self.waiver(owner="Autre")) == ({0: 0}, ["used", "used"])

    def test_globs_are_compared_with_the_name_before_masking(self) -> None:
        masked = finding(subject="exports/\ue000ZAXOVRETTE\ue001.xml")
        names = {masked.subject: "exports/ZAXOVRETTE.xml"}
        manifest = Manifest(waivers=(self.waiver(subject="exports/ZAX*.xml"),))
        assert waived_findings([masked], manifest, TODAY, names)[0] == {0: 0}


class TestAttestations:
    def read(self, folder: Path, **more: Any) -> tuple[list[AttestationProof], list[str]]:
        data: dict[str, Any] = {
            "file": "a.pdf",
            "date": datetime.date(2026, 1, 1),
            "expires": None,
            "attests": ("SC.DOC.03.MS1",),
            "title": "",
        }
        manifest = Manifest(folder=folder, attestations=(Attestation(**{**data, **more}),))
        good, bad = attestations_read(manifest, tables(requirement()), TODAY)
        return good, [f"{b.why.fr} / {b.why.en}" for b in bad]

    def test_good(self, tmp_path: Path) -> None:
        (tmp_path / "a.pdf").write_bytes(b"x")
        good, bad = self.read(tmp_path)
        assert bad == []
        assert good[0].sha256 == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"

    @pytest.mark.parametrize(
        ("more", "why"),
        [
            ({"file": "absent.pdf"}, "introuvable"),
            ({"file": "."}, "illisible"),
            ({"file": "a\0.pdf"}, "introuvable"),
            ({"file": "empty.pdf"}, "vide"),
            ({"date": TODAY + datetime.timedelta(days=1)}, "futur"),
            ({"expires": TODAY - datetime.timedelta(days=1)}, "expirée le 2026-11-20"),
            ({"attests": ("SC.DOC.03.MS1", "SC.DOC.99.MS1")}, "SC.DOC.99.MS1"),
        ],
    )
    def test_refused(self, tmp_path: Path, more: Any, why: str) -> None:
        (tmp_path / "a.pdf").write_bytes(b"x")
        (tmp_path / "empty.pdf").write_bytes(b"")
        good, bad = self.read(tmp_path, **more)
        assert good == []
        assert len(bad) == 1
        assert why in bad[0]

    def test_the_last_and_the_first_day_count(self, tmp_path: Path) -> None:
        (tmp_path / "a.pdf").write_bytes(b"x")
        assert len(self.read(tmp_path, date=TODAY, expires=TODAY)[0]) == 1

    def test_under_an_alias(self, tmp_path: Path) -> None:
        (tmp_path / "a.pdf").write_bytes(b"x")
        assert len(self.read(tmp_path, attests=("DUI.DOC.03",))[0]) == 1
