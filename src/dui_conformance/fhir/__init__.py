"""A FHIR R4 profile validator: pure Python, offline, knowing nothing of any one profile set.

    definitions = Definitions.core().with_package(Path("package.tgz"))
    result = Validator(definitions).validate(data, profiles=["http://…"])

Names are loaded on first use, so that importing the package costs nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dui_conformance.fhir.definitions import Definitions, DefinitionsError
    from dui_conformance.fhir.issues import Issue, Location, NotChecked, Result
    from dui_conformance.fhir.packages import Package
    from dui_conformance.fhir.validator import Options, Validator

_HOMES = {
    "Definitions": "definitions", "DefinitionsError": "definitions", "Issue": "issues", "Location": "issues",
    "NotChecked": "issues", "Result": "issues", "Options": "validator", "Validator": "validator", "Package": "packages",
}  # fmt: skip

__all__ = [
    "Definitions",
    "DefinitionsError",
    "Issue",
    "Location",
    "NotChecked",
    "Options",
    "Package",
    "Result",
    "Validator",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
