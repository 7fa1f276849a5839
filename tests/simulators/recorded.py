"""What a session recorded, as the subjects that rules read."""

from pathlib import Path

from dui_conformance.subjects.intake import Unit, open_unit, units
from dui_conformance.subjects.model import Budget, Subject


def exchanges(folder: Path) -> list[Subject]:
    """The exchanges of a session, in their order."""
    found = [unit for unit in units([folder], folder.parent) if isinstance(unit, Unit) and unit.exchange]
    return [open_unit(unit, Budget()) for unit in found]


def said(subject: Subject, path: str) -> str:
    """The string that an XPath selects in the view of a subject."""
    assert subject.view is not None
    return str(subject.view.xpath(f"string({path})"))
