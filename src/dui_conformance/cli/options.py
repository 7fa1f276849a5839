"""Options that several commands share, and what they stand for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from dui_conformance.cli.saying import Saying, unknown
from dui_conformance.readiness.manifest import Manifest, ManifestError, load
from dui_conformance.run.preset import Preset, presets
from dui_conformance.text import Text

MANIFEST_NAME = "dui.toml"
Command = Callable[..., Any]


def lang_option(say: Saying) -> Callable[[Command], Command]:
    return click.option(
        "--lang",
        type=click.Choice(["fr", "en"]),
        default=say.lang,
        show_default=True,
        help=say("Langue des messages et du rapport.", "Language of messages and report."),
    )


def manifest_option(say: Saying) -> Callable[[Command], Command]:
    return click.option(
        "--manifest",
        "-m",
        type=click.Path(path_type=Path),
        help=say(
            "Le fichier dui.toml ; par défaut celui du dossier courant, sinon celui du dossier contrôlé.",
            "The dui.toml file; by default the current folder's, else the checked folder's.",
        ),
    )


def preset_option(say: Saying) -> Callable[[Command], Command]:
    return click.option(
        "--preset",
        "-p",
        metavar="NOM" if say.lang == "fr" else "NAME",
        help=say(
            "Sélection nommée de règles (par défaut celle de la vague déclarée) : ",
            "Named selection of rules (by default that of the declared wave): ",
        )
        + ", ".join(presets())
        + ".",
    )


def find_manifest(given: Path | None, paths: tuple[Path, ...]) -> Path | None:
    """The manifest to use: the one given, the current folder's, or the one of a folder that is checked."""
    if given is not None:
        return given
    candidates = [Path(MANIFEST_NAME)]
    for path in paths:
        folder = path if path.is_dir() else path.parent
        candidates += [folder / MANIFEST_NAME, folder.parent / MANIFEST_NAME]
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def read_manifest(path: Path | None, say: Saying) -> Manifest:
    """The manifest of a file, an empty one without. Raises click.UsageError with every problem."""
    if path is None:
        return Manifest()
    try:
        return load(path)
    except ManifestError as error:
        lines = [say(french, english) for french, english in error.problems]
        raise click.UsageError(
            say(f"{error.file} ne peut pas être utilisé :\n", f"{error.file} cannot be used:\n")
            + "\n".join(f"  - {line}" for line in lines)
        ) from error


def named_preset(name: str | None, manifest: Manifest, say: Saying) -> Preset:
    """The preset of a name, by default that of the manifest's wave. Raises click.UsageError."""
    known = presets()
    name = name or f"segur-vague{manifest.wave}"
    if name not in known:
        raise unknown(say, Text("Préréglage", "preset"), name, known)
    return known[name]


def existing(paths: tuple[Path, ...], say: Saying) -> None:
    """Raises click.UsageError for a path that is not there, with the nearest name beside it."""
    for path in paths:
        if not path.exists() and not path.is_symlink():
            beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
            error = unknown(say, Text("Fichier ou dossier", "file or folder"), path.name, beside)
            raise click.UsageError(error.message)
