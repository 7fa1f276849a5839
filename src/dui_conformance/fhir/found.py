"""An issue before its texts and position are made."""

from dataclasses import dataclass
from typing import Any

from dui_conformance.fhir import messages
from dui_conformance.fhir.places import Place


@dataclass(slots=True)
class Found:
    """What was found at a place; `values` fill its message, `severity` replaces that of the message."""

    id: str
    place: Place
    profile: str
    element: str
    values: dict[str, Any]
    severity: str = ""

    @property
    def breaks(self) -> bool:
        """Whether it keeps the value from meeting the profile that asks."""
        return not self.severity and messages.CATALOGUE[self.id].severity in ("fatal", "error")
