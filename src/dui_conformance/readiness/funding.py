"""What referencing is worth: dated schemes as data (`profiles/funding`), the manifest's project, plain arithmetic.

An amount nobody published is unknown, never guessed: the manifest may give it (`[funding.amounts]`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dui_conformance.data import profiles_root, read_yaml
from dui_conformance.readiness.manifest import Project
from dui_conformance.text import Text

State = Literal["granted", "at_stake", "excluded"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a scheme applied to a project. Amounts in euros; None = unknown.

    `ceiling`: the amount is a maximum. `state`: granted whatever the referencing, at stake until referenced, excluded
    when the project is not of the scheme's size.
    """

    id: str
    title: Text
    beneficiary: str
    essms: int
    per_essms: float | None
    amount: float | None
    ceiling: bool
    requires: str
    state: State
    payment: Sequence[Mapping[str, Any]]
    source: Mapping[str, Any]
    unknown: Text | None


@dataclass(frozen=True, slots=True)
class Funding:
    """A scheme applied to a project; `scheme` is the scheme's own data."""

    scheme: Mapping[str, Any]
    project: Project
    eligible: bool
    notes: Sequence[Text]
    lines: Sequence[Line]

    @property
    def at_stake(self) -> float:
        """What depends on referencing, as far as amounts are known."""
        return sum(line.amount or 0 for line in self.lines if line.state == "at_stake")

    @property
    def unknown_at_stake(self) -> bool:
        return any(line.state == "at_stake" and line.amount is None and line.essms for line in self.lines)


def schemes(root: Path | None = None) -> dict[str, dict[str, Any]]:
    """Every scheme by id."""
    found = {}
    for path in sorted(((root or profiles_root()) / "funding").glob("*.yaml")):
        data = read_yaml(path)
        found[data["scheme"]] = data
    return found


def compute(project: Project, known: Mapping[str, Mapping[str, Any]], *, referenced: bool) -> Funding:
    """The lines of the project's scheme. Raises KeyError if the scheme is unknown."""
    scheme = known[project.scheme]
    first = int(scheme.get("first_essms_at_regional_amounts") or 0)
    case = "already_equipped" if project.already_equipped else "acquisition"
    notes = []
    size = scheme.get("project_size") or {}
    minimum = size.get("min_essms")
    maximum = size.get("max_essms")
    eligible = (minimum is None or project.essms >= minimum) and (maximum is None or project.essms <= maximum)
    if maximum is not None and project.essms > maximum:
        above = size.get("above") or "?"
        notes.append(
            Text(
                f"{project.essms} ESSMS : plus de {maximum}, le dossier relève du dispositif « {above} ».",
                f"{project.essms} ESSMS: more than {maximum}, the file belongs to the scheme “{above}”.",
            )
        )
    elif not eligible:
        below = size.get("below")
        fr, en = "il n'entre pas dans ce dispositif", "it does not come under this scheme"
        if below:
            fr, en = f"le dossier relève du dispositif « {below} »", f"the file belongs to the scheme “{below}”"
        notes.append(
            Text(
                f"{project.essms} ESSMS : le projet en compte moins de {minimum}, {fr}.",
                f"{project.essms} ESSMS: the project has fewer than {minimum}, {en}.",
            )
        )
    counted = project.essms
    most = scheme.get("most_essms_counted")
    if most is not None and counted > most:
        counted = int(most)
        notes.append(Text(f"Ce dispositif compte au plus {most} ESSMS.", f"This scheme counts at most {most} ESSMS."))
    lines = []
    for data in scheme.get("lines", ()):
        if data["case"] not in (case, "both"):
            continue
        lines.append(_line(data, project, counted, first, referenced=referenced, eligible=eligible))
    if not lines:
        fr, en = (
            ("des ESSMS déjà équipés", "ESSMS already equipped")
            if project.already_equipped
            else ("une acquisition ou un changement de logiciel", "an acquisition or a change of software")
        )
        notes.append(Text(f"Ce dispositif ne finance pas {fr}.", f"This scheme does not fund {en}."))
    return Funding(scheme, project, eligible, notes, lines)


def _line(
    data: Mapping[str, Any], project: Project, counted: int, first: int, *, referenced: bool, eligible: bool
) -> Line:
    beyond = max(counted - first, 0)
    essms = {"beyond_first": beyond, "first": min(counted, first), "all": counted}[data["counts"]]
    per_essms = project.amounts.get(data["id"], data["per_essms"])
    requires = data.get("requires", "none")
    unknown = Text.of(data["unknown"]) if "unknown" in data and per_essms is None else None
    return Line(
        id=data["id"],
        title=Text.of(data["title"]),
        beneficiary=data["beneficiary"],
        essms=essms,
        per_essms=per_essms,
        amount=0 if essms == 0 else None if per_essms is None else per_essms * essms,
        ceiling=bool(data.get("ceiling", False)),
        requires=requires,
        state=_state(requires, referenced=referenced, eligible=eligible),
        payment=data.get("payment", ()),
        source=data["source"],
        unknown=unknown,
    )


def _state(requires: str, *, referenced: bool, eligible: bool) -> State:
    """A project of another scheme's size is granted nothing by this one."""
    if not eligible:
        return "excluded"
    return "at_stake" if requires == "referenced" and not referenced else "granted"
