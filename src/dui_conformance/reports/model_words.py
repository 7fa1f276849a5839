"""What reports say of the document models that the documents follow: which, in what version, how many documents."""

from collections import Counter
from collections.abc import Mapping

from dui_conformance.reports.words import Words
from dui_conformance.runjson import Model, Run

PHRASES: Mapping[str, tuple[str, str]] = {
    "models": ("Modèles des documents", "Document models"),
    "model": ("modèle {name}", "model {name}"),
    "level_1": ("niveau 1", "level 1"),
    "no_version": ("sans version", "no version"),
}
_LEVEL_1 = "N1"


def name(model: Model, w: Words) -> str:
    """`DLU-EHPAD-DLU 2022.01`; level 1 has no version."""
    if model["id"] == _LEVEL_1:
        return w["level_1"]
    return f"{model['id']} {model['version'] or w['no_version']}"


def counts(run: Run, w: Words) -> list[tuple[str, int]]:
    """Each model with its number of documents, the most frequent first; none in runs of earlier versions."""
    found = Counter(name(subject["model"], w) for subject in run["subjects"] if "model" in subject)
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def line(run: Run, w: Words) -> str:
    """All of them in a line, empty if there is none."""
    parts = [f"{model} ({w.number(n)})" for model, n in counts(run, w)]
    return f"{w['models']}{w.colon} {', '.join(parts)}" if parts else ""
