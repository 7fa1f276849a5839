"""`init` writes a manifest; `demo` judges the two invented editors."""

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from dui_conformance import reports
from dui_conformance.cli.options import MANIFEST_NAME, lang_option, named_preset, read_manifest
from dui_conformance.cli.saying import Saying
from dui_conformance.data import fixtures_root, profiles_root
from dui_conformance.run.execute import Job, execute


def init(say: Saying) -> click.Command:
    """The `init` command."""

    @click.command(help=say("Écrit un dui.toml commenté.", "Writes a commented dui.toml."))
    @click.argument("folder", default=".", type=click.Path(path_type=Path), metavar=say("[DOSSIER]", "[FOLDER]"))
    @click.option("--force", is_flag=True, help=say("Remplacer un dui.toml existant.", "Replace an existing dui.toml."))
    @click.option(
        "--prescriptions",
        type=click.Path(path_type=Path),
        metavar=say("DOSSIER", "FOLDER"),
        help=say(
            "Écrire plutôt, dans ce dossier de prescriptions reçues, un modèle d'integration.json.",
            "Write instead, in this folder of prescriptions received, a model of integration.json.",
        ),
    )
    @lang_option(say)
    def command(folder: Path, force: bool, prescriptions: Path | None, **_options: Any) -> int:
        templates = profiles_root() / "templates"
        if prescriptions is not None:
            target = prescriptions / "integration.json"
            _write(target, templates / "integration.json", force=force, say=say)
            click.echo(
                say(
                    f"{target} est écrit. Dites-y ce que le DUI a intégré de chaque fichier reçu, puis : "
                    f"dui-conformance check {prescriptions}",
                    f"{target} is written. Say in it what the DUI integrated of each file received, then: "
                    f"dui-conformance check {prescriptions}",
                ),
                err=True,
            )
            return 0
        target = folder / MANIFEST_NAME
        _write(target, templates / f"dui.{say.lang}.toml", force=force, say=say)
        click.echo(
            say(
                f"{target} est écrit. Complétez-le, puis : dui-conformance check",
                f"{target} is written. Fill it in, then: dui-conformance check",
            ),
            err=True,
        )
        return 0

    return command


def _write(target: Path, template: Path, *, force: bool, say: Saying) -> None:
    """Copy a template, never over a file that is there unless forced to."""
    if target.exists() and not force:
        raise click.UsageError(
            say(
                f"{target} existe déjà (--force pour le remplacer).",
                f"{target} exists (--force replaces it).",
            )
        )
    try:
        target.write_bytes(template.read_bytes())
    except OSError as error:
        raise click.UsageError(
            say(
                f"{target} ne peut pas être écrit : {error.strerror}",
                f"{target} cannot be written: {error.strerror}",
            )
        ) from error


def demo(say: Saying) -> click.Command:
    """The `demo` command."""

    @click.command(
        help=say(
            "Juge les exports de deux éditeurs inventés, l'un prêt, l'autre non, et écrit leurs rapports HTML.",
            "Judges the exports of two invented editors, one ready, one not, and writes their HTML reports.",
        )
    )
    @click.option(
        "--output",
        "-o",
        type=click.Path(path_type=Path),
        default=Path("demo"),
        show_default=True,
        help=say("Dossier des rapports.", "Folder of the reports."),
    )
    @lang_option(say)
    def command(output: Path, **_options: Any) -> int:
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise click.UsageError(
                say(
                    f"{output} ne peut pas être créé : {error.strerror}",
                    f"{output} cannot be made: {error.strerror}",
                )
            ) from error
        for editor in ("ready", "failing"):
            folder = fixtures_root() / editor
            manifest = read_manifest(folder / MANIFEST_NAME, say)
            today = datetime.datetime.now().date()  # noqa: DTZ005  the user's own day
            job = Job([folder / path for path in manifest.paths], folder, today, manifest, declared=True)
            run = execute(replace(job, preset=named_preset(None, manifest, say)))
            target = output / f"{editor}.html"
            target.write_text(reports.render("html", run, say.lang), encoding="utf-8")
            sentence = run["readiness"]["sentence"][say.lang]
            click.echo(
                f"{manifest.editor} — {manifest.product} {manifest.version}\n  {sentence}\n  HTML: {target.resolve()}"
            )
        return 0

    return command
