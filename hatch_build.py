"""Build hook: the wheel brings its catalogue of rules and the tables of its FHIR guides already compiled, so that a
first run is as fast as the next, also where the installation cannot be written to."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CatalogueHook(BuildHookInterface):  # type: ignore[type-arg]
    """Compiles `profiles/` before it is packed."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "src"))
        try:
            from dui_conformance.engine import guides
            from dui_conformance.readiness import requirements
            from dui_conformance.rules import catalogue

            catalogue.load(root / "profiles")
            guides.guides()
            requirements.load(root / "profiles")
        finally:
            sys.path.pop(0)
