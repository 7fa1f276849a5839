"""Presets: named selections of rules, in `profiles/presets/`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dui_conformance.data import profiles_root, read_yaml
from dui_conformance.text import Text

DEFAULT = "segur-vague1"


@dataclass(frozen=True, slots=True)
class Preset:
    """`only` and `without` are patterns of rule ids or families; `wave` overrides the manifest's when given."""

    id: str
    title: Text
    only: Sequence[str]
    without: Sequence[str]
    wave: int | None


def presets(root: Path | None = None) -> dict[str, Preset]:
    """Every preset by id."""
    found = {}
    for path in sorted(((root or profiles_root()) / "presets").glob("*.yaml")):
        data = read_yaml(path)
        found[data["preset"]] = Preset(
            data["preset"],
            Text.of(data["title"]),
            tuple(data.get("only", ())),
            tuple(data.get("without", ())),
            data.get("wave"),
        )
    return found
