"""Where the tests find things."""

from pathlib import Path

from dui_conformance.engine.outcomes import Setting
from dui_conformance.readiness.manifest import load
from dui_conformance.rules.mutations import packed

ROOT = Path(__file__).resolve().parents[1]
READY = ROOT / "fixtures" / "ready"
FAILING = ROOT / "fixtures" / "failing"


def settings_of(manifest: Path) -> dict[str, Setting]:
    """The settings that a manifest gives to rules."""
    return load(manifest).settings()


def read_top(name: str) -> bytes:
    """The bytes of what a break names in `in`: a file below the ready exports, or the folder of an exchange."""
    path = READY / "exports" / name
    return packed(path) if path.is_dir() else path.read_bytes()
