"""What reports say of official artefacts: which judged, of what date, with what result; what they say beside us."""

from collections.abc import Mapping, Sequence

from dui_conformance.reports.words import Words
from dui_conformance.runjson import ArtefactUsed, Finding, Run

PHRASES: Mapping[str, tuple[str, str]] = {
    "artefacts": ("Artefacts officiels", "Official artefacts"),
    "kit": ("kit de l’ANS", "ANS kit"),
    "schematron": ("Schematron", "Schematron"),
    "value_sets_artefact": ("jeux de valeurs", "value sets"),
    "artefact_dated": ("du {date}", "of {date}"),
    "artefact_added": ("ajouté le {date}", "added on {date}"),
    "artefact_judged": ("{n} document jugé|{n} documents jugés", "{n} document judged|{n} documents judged"),
    "artefact_accepted": ("{n} accepté|{n} acceptés", "{n} accepted|{n} accepted"),
    "artefact_refused": ("{n} refusé|{n} refusés", "{n} refused|{n} refused"),
    "artefact_failed": ("{n} non jugé|{n} non jugés", "{n} not judged|{n} not judged"),
    "artefact_repairs": (
        "{n} réparation de la copie exécutée|{n} réparations de la copie exécutée",
        "{n} repair of the copy that is run|{n} repairs of the copy that is run",
    ),
    "also_official": ("L’artefact officiel le dit aussi", "The official artefact says so too"),
}
_KINDS = {"kit": "kit", "schematron": "schematron", "value_sets": "value_sets_artefact"}


def used(run: Run) -> Sequence[ArtefactUsed]:
    """The artefacts of a run; none in those of earlier versions."""
    return run.get("artefacts", [])


def line(artefact: ArtefactUsed, w: Words) -> str:
    """One artefact in a line: name, version, date, digest, and what it judged."""
    name = " ".join(part for part in (artefact["name"], artefact["version"]) if part)
    parts = [f"{w[_KINDS[artefact['kind']]]}{w.colon} {name}"]
    if artefact["date"]:
        parts.append(w.filled("artefact_dated", date=w.date(artefact["date"])))
    parts.append(w.filled("artefact_added", date=w.date(artefact["added"])))
    parts.append(f"sha256 {artefact['sha256'][:16]}…")
    if artefact["kind"] != "value_sets":
        parts.append(w.count("artefact_judged", artefact["judged"]))
        results = (
            ("artefact_accepted", artefact["accepted"]),
            ("artefact_refused", artefact["refused"]),
            ("artefact_failed", artefact["failed"]),
        )
        parts += [w.count(phrase, n) for phrase, n in results if n]
    if artefact["repairs"]:
        parts.append(w.count("artefact_repairs", len(artefact["repairs"])))
    return ", ".join(parts)


def echoes(finding: Finding, w: Words) -> list[str]:
    """What the artefacts say of the place of a finding, one sentence each, the same words once."""
    said = dict.fromkeys((echo["schema"], echo["message"]) for echo in finding.get("also_official", []))
    return [f"{w['also_official']} ({schema}){w.colon} {message}" for schema, message in said]
