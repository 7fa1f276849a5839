"""Build hook: the wheel brings its catalogue of rules already compiled, so that a first run is as fast as the next."""

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
            from dui_conformance.rules import catalogue

            catalogue.load(root / "profiles")
        finally:
            sys.path.pop(0)
