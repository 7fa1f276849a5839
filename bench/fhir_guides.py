"""The examples that the two guides publish: no error beyond those that `known_deviations.yaml` explains."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.fhir_places import EPRESCRIPTION, TDDUI, is_instance
from bench.judging import is_error
from bench.official import deviations
from bench.places import outside, skipped
from bench.tables import Aim, say, table
from dui_conformance.engine.judge import Order, judge_units, settings_of
from dui_conformance.engine.outcomes import Finding
from dui_conformance.subjects.intake import Unit
from dui_conformance.text import unmark

_GUIDES = (("TDDUI", TDDUI), ("ePrescription (experimental)", EPRESCRIPTION))
_SHOWN = 12


def measure(folder: Path) -> list[Aim]:
    """Judge the examples of each guide whose place is given; an aim for each."""
    return [_guide(name, variable, folder / variable) for name, variable in _GUIDES]


def _guide(name: str, variable: str, folder: Path) -> Aim:
    place = outside(variable)
    aim = f"examples of {name}: errors"
    if place is None:
        say(f"Examples of {name}: {skipped(variable)}\n")
        return Aim(aim, "0 unexplained", skipped(variable), None)
    folder.mkdir(parents=True)
    units = []
    for rank, (file, data) in enumerate(instances(place)):
        path = folder / f"{rank}-{Path(file).name}"
        path.write_bytes(data)
        units.append(Unit(Path(file).name, path))
    judged = judge_units(Order(settings=settings_of({"environment": "test"})), units)
    errors = [finding for result in judged for finding in result.findings if is_error(finding)]
    known = deviations()
    left = [finding for finding in errors if not any(one.explains(finding) for one in known)]
    spoken = Counter(_said(finding) for finding in left)
    lines = [(count, unit, rule, message) for (unit, rule, message), count in spoken.most_common(_SHOWN)]
    title = f"Examples of {name}: {len(units)} resources, {len(errors)} errors, {len(errors) - len(left)} explained"
    table(f"{title}; those that are not", ("times", "example", "rule", "message"), lines, (0,))
    measured = f"{len(left)}, and {len(errors) - len(left)} explained, in {len(units)} examples"
    return Aim(aim, "0 unexplained", measured, not left)


def _said(finding: Finding) -> tuple[str, str, str]:
    return unmark(finding.subject, str), finding.rule, unmark(finding.message.en, str)[:160]


def instances(place: Path) -> Iterator[tuple[str, bytes]]:
    """The resources that are no definitions: of a folder, or of the site that a clone holds (branch gh-pages)."""
    files = _site(place) if _is_clone(place) else ((p.name, p.read_bytes()) for p in sorted(place.rglob("*.json")))
    for name, data in files:
        if is_instance(data):
            yield name, data


def _is_clone(place: Path) -> bool:
    return (place / ".git").exists() or (place / "HEAD").is_file()


def _git(place: Path, *arguments: str) -> bytes:
    ran = subprocess.run(["git", "-C", str(place), *arguments], capture_output=True, check=False)
    return ran.stdout if ran.returncode == 0 else b""


def _site(place: Path) -> Iterator[tuple[str, bytes]]:
    for branch in ("gh-pages", "origin/gh-pages"):
        names = _git(place, "ls-tree", "--name-only", f"{branch}:main/ig").decode().splitlines()
        for name in names:
            if name.endswith(".json") and "-" in name and name[:1].isupper():
                yield name, _git(place, "show", f"{branch}:main/ig/{name}")
        if names:
            return
