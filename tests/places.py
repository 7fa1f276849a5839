"""Where the tests find things."""

from pathlib import Path

from dui_conformance.engine.outcomes import Setting
from dui_conformance.readiness.manifest import load

ROOT = Path(__file__).resolve().parents[1]
READY = ROOT / "fixtures" / "ready"
FAILING = ROOT / "fixtures" / "failing"


def settings_of(manifest: Path) -> dict[str, Setting]:
    """The settings that a manifest gives to rules."""
    return load(manifest).settings()
