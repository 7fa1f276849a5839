"""A small run made by hand: every status, every severity, and strings that attack each format."""

from typing import Any

from dui_conformance.runjson import FORMAT, Bilingual, Finding, Requirement, Rule, Run, Subject

SCRIPT = "<script>window.attacked = true</script>"
IMAGE = '"><img src=x onerror="window.attacked = true">'
RTL = "\u202egpj.exe"
HOSTILE_NAME = f"exports/{IMAGE}|`a`|{RTL}\x07]]>.xml"
LONG = "x" * 5000
MENTION = (
    "@everyone #12 !34 [clic](javascript:alert(1)) ![i](http://evil.example/i.png) http://evil.example www.evil.example"
)

MAIL = "exports/mails/vers-professionnel.eml"
ARCHIVE = f"{MAIL}!/IHE_XDM.ZIP"
IN_MAIL = f"{ARCHIVE}!/IHE_XDM/SUBSET01/DOC0001.XML"
ALONE = "exports/documents/projet.xml"
PDF = "exports/pdf/grille.pdf"

STATUSES = (
    "proved", "attested", "waived", "failed", "missing",
    "to_attest", "review", "blocked", "not_applicable", "not_covered",
)  # fmt: skip
_SETTLED = ("proved", "attested", "waived")


def both(fr: str, en: str | None = None) -> Bilingual:
    return Bilingual(fr=fr, en=fr if en is None else en)


def subject(name: str, kind: str, digest: str = "", *, judged: bool = True, evidence: tuple[str, ...] = ()) -> Subject:
    parent = name.rpartition("!/")[0]
    return Subject(
        id=name,
        kind=kind,
        sha256=(digest or format(abs(hash_of(name)), "x")).ljust(64, "0")[:64],
        size=36_512,
        parent=parent,
        label="80788-3" if kind == "cda" else "",
        judged=judged,
        evidence=list(evidence),
    )


def hash_of(name: str) -> int:
    """A number for a name, the same in every process."""
    return sum(position * ord(c) for position, c in enumerate(name, 1))


def rule(name: str, level: str, title: Bilingual, proves: tuple[str, ...] = (), **outcomes: int) -> Rule:
    return Rule(
        id=name,
        family=name.rpartition("-")[0].lower(),
        level=level,
        title=title,
        remedy=both(f"Corriger {name}.", f"Mend {name}."),
        source={"spec": "Guide INS 3.0", "clause": "annexe, clé {0}", "mark": "S"},
        proves=list(proves),
        outcomes=dict(outcomes),
    )


def finding(name: str, where: str, level: Any = "error", outcome: Any = "failed", **given: Any) -> Finding:
    line = given.get("line", 12)
    message = given.get("message", both(f"{name} : valeur ‹3fa2c1› refusée.", f"{name}: value ‹3fa2c1› refused."))
    return Finding(
        rule=name,
        level=level,
        outcome=outcome,
        subject=where,
        location={"line": line, "column": 5 if line else None, "path": given.get("path", "/ClinicalDocument/id")},
        message=message,
        remedy=both(f"Corriger {name}.", f"Mend {name}."),
        excerpt=given.get("excerpt", '<id root="1.2.250" extension="‹3fa2c1›"/>'),
        fingerprint=given.get("fingerprint", f"{hash_of(name + where + str(line)):016x}"),
        more=given.get("more", 0),
        waived=given.get("waived"),
    )


def requirement(name: str, status: str, **given: Any) -> Requirement:
    table = given.get("table", "wave1-dui")
    proven = table.endswith("-dui")
    applicable = "no" if status == "not_applicable" else given.get("applicable", "yes")
    return Requirement(
        id=name,
        aliases=given.get("aliases", []),
        table=table,
        wave=int(table[4]),
        dui_link="confirmed" if proven else "not_proven",
        theme=given.get("theme", "DOC"),
        profile="Général",
        statement=both(given.get("statement", f"Énoncé de {name}."), f"Statement of {name}."),
        obligation=given.get("obligation", "mandatory"),
        applicable=applicable,
        coverage="not_covered" if status == "not_covered" else "automated",
        why=both("Les exports le montrent.", "Exports show it."),
        status=status,
        sentence=both(f"phrase : {status}", f"sentence: {status}"),
        binding=proven and applicable != "no" and given.get("obligation", "mandatory") == "mandatory",
        remains=both("Ce qui reste à montrer.", "What remains to be shown.") if status == "to_attest" else None,
        expected_proof=both("Vidéo.", "Video."),
        pitfalls=both("Un piège connu : l'heure locale.", "A known trap: local time.") if status == "failed" else None,
        rules=given.get("rules", []),
        findings=given.get("findings", []),
        proofs=given.get("proofs", []),
    )


def sample() -> Run:
    """The run. Built anew at each call: a test may change it."""
    findings = _findings()
    requirements = _requirements(findings)
    binding = [row for row in requirements if row["binding"] and row["table"] == "wave1-dui"]
    blocking = [row["id"] for row in binding if row["status"] not in _SETTLED]
    counts: dict[str, int] = {}
    for row in binding:
        counts[row["status"]] = counts.get(row["status"], 0) + 1
    return Run(
        format=FORMAT,
        tool={
            "name": "dui-conformance",
            "version": "0.0.0",
            "catalogue": "c0ffee" * 10 + "c0ff",
            "rules": 6,
            "value_sets": [
                {
                    "id": "J07",
                    "name": "JDV_J07_XdsTypeCode_CISIS",
                    "oid": "1.2.250.1.213.1.1.5.471",
                    "version": "20260629",
                    "date": "2026-06-29",
                    "complete": True,
                }
            ],
        },
        product={
            "editor": f"Clairval {SCRIPT}",
            "nie": "E-0417",
            "product": "MaisonClaire | DUI",
            "version": "4.2",
            "nil": "CLV-0042",
            "wave": 1,
            "referenced": False,
            "domains": ["PA", "PH", "XX"],
            "options": {"identity_master": True, "mailbox_operator": "other", "unheard_of": False},
            "declared": True,
        },
        options={"preset": "segur-vague1", "environment": "test", "only": [], "wave": 1, "with_values": False},
        inputs=["exports", f"exports{IMAGE}"],
        subjects=_subjects(),
        findings=findings,
        rules=_rules(),
        requirements=requirements,
        themes=[
            {"id": "DOC", "title": both("Documents produits", "Documents produced")},
            {"id": "INS", "title": both("Identité nationale de santé", "National health identity")},
        ],
        tables=[
            {"id": "wave1-dui", "title": both("Vague 1, exigences du DUI", "Wave 1, DUI requirements")},
            {"id": "wave1-common", "title": both("Vague 1, socle commun", "Wave 1, common base")},
        ],
        readiness={
            "wave": 1,
            "table": "wave1-dui",
            "ready": False,
            "sentence": both(
                "Pas encore prêt : 3 exigences sur 9 sont prouvées.", "Not ready yet: 3 of 9 requirements are proved."
            ),
            "binding": len(binding),
            "settled": len(binding) - len(blocking),
            "counts": counts,
            "blocking": blocking,
            "next": [
                {
                    "kind": "fix",
                    "what": both("Corriger les erreurs.", "Correct the errors."),
                    "requirements": ["SC.FAILED"],
                },
                {
                    "kind": "produce",
                    "what": both("Exporter un DLU.", "Export a DLU."),
                    "requirements": ["SC.MISSING", "SC.UNHEARD"],
                },
                {
                    "kind": "attest",
                    "what": both("La vidéo datée.", "The dated video."),
                    "requirements": ["SC.TO_ATTEST"],
                },
            ],
        },
        funding=_funding(blocking),
        waivers=[
            {
                "rule": "INS-001",
                "subject": "exports/*",
                "owner": "Équipe exports",
                "reason": f"En cours {SCRIPT}",
                "expires": "2027-01-01",
                "state": state,
                "findings": n,
            }
            for state, n in (("used", 1), ("unused", 0), ("expired", 0))
        ],
        attestations_refused=[{"file": f"attestations/{IMAGE}", "why": both("fichier vide", "empty file")}],
        not_checked=[
            {"what": "kind", "name": "fhir", "count": 1, "why": both("format non jugé", "format not judged")},
            *(
                {
                    "what": "template",
                    "name": f"1.2.3.{n}",
                    "count": n,
                    "why": both("modèle non jugé", "template not judged"),
                }
                for n in range(1, 9)
            ),
            {"what": "hidden", "name": f".{RTL}", "count": 1, "why": both("entrée cachée", "hidden entry")},
        ],
    )


def _subjects() -> list[Subject]:
    return [
        subject(ALONE, "cda", "ab", evidence=("cda_ins",)),
        subject(HOSTILE_NAME, "xml", judged=False),
        subject(MAIL, "mail"),
        subject(ARCHIVE, "xdm"),
        subject(IN_MAIL, "cda", "ab", evidence=("cda_ins",)),  # the same bytes as ALONE
        subject(PDF, "pdf"),
        subject("exports/fhir/bundle.json", "fhir", judged=False),
    ]


def _rules() -> list[Rule]:
    return [
        rule("INS-001", "error", both("La clé est juste", "The key is right"), ("SC.FAILED",), passed=3, failed=2),
        rule("CDA-HDR-018", "warning", both("Le libellé concorde", "The label agrees"), ("SC.FAILED",), failed=1),
        rule("PDF-002", "error", both("Le PDF est un PDF/A", "The PDF is a PDF/A"), review=1),
        rule("XDM-001", "error", both("L'archive s'ouvre", "The archive opens"), error=1, blocked=1),
        rule("DOC-INFO", "info", both("Pour information", "For information"), failed=1, not_applicable=4),
        rule("HOST-1", "error", both(f"Titre {SCRIPT} | {MENTION}"), failed=1),
    ]


def _findings() -> list[Finding]:
    hostile = f"{SCRIPT} ]]> \"double\" 'simple' | `code` {RTL} \x00\x07\x1b[31m {{0}} {MENTION}"
    waived = {"owner": "Équipe <exports>", "reason": "Correctif livré en mai.", "expires": "2027-01-01"}
    return [
        finding("INS-001", ALONE, more=2),
        finding("INS-001", IN_MAIL),
        finding("CDA-HDR-018", ALONE, "warning", line=30),
        finding("HOST-1", HOSTILE_NAME, message=both(hostile), excerpt=f"<a>{SCRIPT}{LONG}</a>", line=None, path=""),
        finding("XDM-001", ARCHIVE, outcome="blocked", line=None, path="/archive", excerpt=""),
        finding("XDM-001", MAIL, outcome="error", line=None, path="", excerpt=""),
        finding("PDF-002", PDF, outcome="review", line=None, path="", excerpt=""),
        finding("DOC-INFO", PDF, "info", line=None, path="", excerpt="", message=both(LONG)),
        finding("INS-001", PDF, waived=waived, line=1),
        finding("NO-RULE", "exports/not-listed.xml", line=2),
    ]


def _requirements(findings: list[Finding]) -> list[Requirement]:
    prints = [f["fingerprint"] for f in findings if f["rule"] in ("INS-001", "CDA-HDR-018")]
    evidence: dict[str, Any] = {
        "kind": "evidence",
        "id": "cda_ins",
        "title": both("un document CDA qui porte un INS", "a CDA document that carries an INS"),
        "produce": both("Exporter un document.", "Export a document."),
    }
    attestation: dict[str, Any] = {
        "kind": "attestation",
        "id": "attestations/recette.md",
        "title": both(f"Recette {IMAGE}"),
        "date": "2026-03-01",
        "sha256": "ab" * 32,
    }
    proofs: dict[str, list[Any]] = {
        "failed": [{**evidence, "subjects": [ALONE, IN_MAIL, *(f"exports/d{n}.xml" for n in range(9))]}],
        "missing": [{**evidence, "subjects": []}],
        "attested": [attestation],
    }
    rows = [
        requirement(
            f"SC.{status.upper()}",
            status,
            theme="INS" if status in ("failed", "proved") else "DOC",
            rules=["INS-001", "CDA-HDR-018"] if status == "failed" else [],
            findings=prints if status == "failed" else [],
            proofs=proofs.get(status, []),
            aliases=["DUI.ALIAS"] if status == "proved" else [],
        )
        for status in STATUSES
    ]
    return [
        *rows,
        requirement("SC.RECO", "not_covered", obligation="recommended", statement=f"Énoncé {SCRIPT} | {MENTION}"),
        requirement("SC.ASSUMED", "to_attest", applicable="assumed"),
        requirement("SC.V2", "to_attest", table="wave2-dui"),
        requirement("INS/va1.01", "to_attest", table="wave1-common", theme="INS"),
        requirement("INS/va1.02", "missing", table="wave1-common", theme="ZZZ"),
        requirement("SC.INS.99", "to_attest", table="wave2-common"),
    ]


def _funding(blocking: list[str]) -> Any:
    call = {"text": "CNSA, appel national, https://www.cnsa.fr/appel", "date": "2022-05", "mark": "S"}
    line: dict[str, Any] = {
        "beneficiary": "editor",
        "essms": 31,
        "ceiling": False,
        "requires": "none",
        "state": "granted",
        "payment": [],
        "source": call,
        "unknown": None,
    }
    return {
        "scheme": "cnda-national-2022",
        "title": both("Appel à projets national 2022", "National call 2022"),
        "window": {"opens": "2022-05-18", "closes": "2022-07-18", "notes": both("Par Galis.", "By Galis.")},
        "essms": 80,
        "already_equipped": False,
        "eligible": True,
        "referenced": False,
        "notes": [],
        "lines": [
            {
                **line,
                "id": "first",
                "title": both("Premiers ESSMS", "First ESSMS"),
                "beneficiary": "project_owner",
                "essms": 49,
                "per_essms": None,
                "amount": None,
                "unknown": both("Charger l'annexe.", "Load the annex."),
            },
            {
                **line,
                "id": "moa",
                "title": both("Maîtrise d'ouvrage", "Project management"),
                "per_essms": 2000,
                "amount": 62000,
                "payment": [{"share": 0.5, "when": both("au démarrage", "at the start")}, {"share": "?"}],
            },
            {
                **line,
                "id": "editor",
                "title": both("Part de base", "Base share"),
                "per_essms": 1000,
                "amount": 31000,
                "ceiling": True,
            },
            {
                **line,
                "id": "bonus",
                "title": both("Complément référencé", "Referenced supplement"),
                "per_essms": 3000,
                "amount": 93000,
                "requires": "referenced",
                "state": "at_stake",
            },
        ],
        "at_stake": 93000,
        "unknown_at_stake": False,
        "blocking": blocking,
    }


def large(subjects: int = 10_000, findings: int = 5_000) -> Run:
    """A run of the size a region may have."""
    run = sample()
    run["subjects"] = [subject(f"exports/lot/{n:05d}.xml", "cda", f"{n:x}") for n in range(subjects)]
    run["findings"] = [
        finding(
            ("INS-001", "CDA-HDR-018", "PDF-002")[n % 3],
            f"exports/lot/{n % (subjects // 4):05d}.xml",
            ("error", "warning", "error")[n % 3],
            ("failed", "failed", "review")[n % 3],
            line=n,
            fingerprint=f"{n:016x}",
        )
        for n in range(findings)
    ]
    for row in run["requirements"]:
        if row["status"] == "failed":
            row["findings"] = [f["fingerprint"] for f in run["findings"] if f["rule"] == "INS-001"]
    run["not_checked"] += [
        {"what": "hidden", "name": f".cache/{n}", "count": 1, "why": both("entrée cachée", "hidden entry")}
        for n in range(2_000)
    ]
    return run
