"""`check`: judge exports and write reports."""

import datetime
import os
import sys
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click

from dui_conformance import reports, runjson
from dui_conformance.cli.official import official_is_there
from dui_conformance.cli.options import (
    Command,
    existing,
    find_manifest,
    lang_option,
    manifest_option,
    named_preset,
    preset_option,
    read_manifest,
)
from dui_conformance.cli.outputs import Output, PairingCommand, write
from dui_conformance.cli.saying import Saying, unknown
from dui_conformance.readiness import funding
from dui_conformance.readiness.manifest import Manifest
from dui_conformance.readiness.requirements import load as load_tables
from dui_conformance.rules import catalogue
from dui_conformance.run.execute import Job, execute
from dui_conformance.text import Text

_RANK = {"error": 0, "warning": 1, "info": 2}
_MANY = 200  # units from which a second process pays for its start
_MANY_OFFICIAL = 40  # the same with official artefacts, which take four seconds to start and 0.15 s for a document


def check(say: Saying) -> click.Command:
    """The `check` command."""

    @click.command(
        cls=PairingCommand,
        help=say(
            "Juge des exports : fichiers, dossiers ou zips (CDA, XDM, mails, PDF, métadonnées XDS, FHIR).\n\n"
            "Sans chemin, ceux de [exports] paths dans dui.toml. Codes de sortie : 0 rien à signaler, "
            "1 constats, 2 usage, 3 non concluant, 4 erreur interne.",
            "Judges exports: files, folders or zips (CDA, XDM, mails, PDF, XDS metadata, FHIR).\n\n"
            "Without a path, those of [exports] paths in dui.toml. Exit codes: 0 nothing to report, 1 findings, "
            "2 usage, 3 inconclusive, 4 internal error.",
        ),
    )
    @click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar=say("[CHEMINS]...", "[PATHS]..."))
    @judging_options(say)
    @lang_option(say)
    @click.pass_context
    def command(context: click.Context, /, paths: tuple[Path, ...], **options: Any) -> int:
        existing(paths, say)
        found = find_manifest(options["manifest"], paths)
        manifest = read_manifest(found, say)
        known_names(manifest, options["only"], say)
        known_profiles_held(options["profiles"], say)
        if not paths:
            paths = tuple(manifest.folder / path for path in manifest.paths)
            existing(paths, say)
        if not paths:
            raise click.UsageError(
                say(
                    "rien à juger : donnez un chemin, ou [exports] paths dans dui.toml (dui-conformance init l'écrit).",
                    "nothing to judge: give a path, or [exports] paths in dui.toml (dui-conformance init writes it).",
                )
            )
        return judged(context, paths, Path.cwd(), manifest, options, say, declared=found is not None)

    return command


def judging_options(say: Saying) -> Callable[[Command], Command]:
    """The options of whatever judges and reports."""
    options = (
        manifest_option(say),
        preset_option(say),
        click.option(
            "--format",
            "-f",
            "formats",
            multiple=True,
            type=click.Choice(list(reports.FORMATS)),
            help=say(
                "Format du rapport ; peut être répété, chacun suivi de son --output.",
                "Report format; may be repeated, each followed by its --output.",
            ),
        ),
        click.option(
            "--output",
            "-o",
            "outputs",
            multiple=True,
            type=click.Path(path_type=Path),
            help=say(
                "Fichier du format qui précède ; sans lui, la sortie standard.",
                "File of the format before it; without it, standard output.",
            ),
        ),
        click.option(
            "--fail-on",
            type=click.Choice(["error", "warning", "info", "never"]),
            default="error",
            show_default=True,
            help=say("Niveau à partir duquel le code de sortie est 1.", "Level from which the exit code is 1."),
        ),
        click.option(
            "--only",
            multiple=True,
            metavar=say("RÈGLE", "RULE"),
            help=say("Ne juger que ces règles (motif : CDA-PAT-*).", "Judge these rules only (pattern: CDA-PAT-*)."),
        ),
        click.option(
            "--profile",
            "profiles",
            multiple=True,
            metavar=say("CANONIQUE", "CANONICAL"),
            help=say(
                "Profil FHIR que chaque ressource de son type doit suivre ; peut être répété.",
                "FHIR profile that each resource of its type must follow; may be repeated.",
            ),
        ),
        click.option(
            "--official",
            is_flag=True,
            help=say(
                "Juger aussi par les artefacts officiels ajoutés (kit de l'ANS, Schematron) : voir artefacts add.",
                "Judge by the official artefacts added too (the ANS kit, Schematron): see artefacts add.",
            ),
        ),
        click.option(
            "--verapdf",
            is_flag=True,
            help=say(
                "Demander aussi le verdict de veraPDF sur les PDF (sur le PATH, ou nommé par DUI_VERAPDF).",
                "Ask veraPDF for its verdict on PDF files too (on PATH, or named by DUI_VERAPDF).",
            ),
        ),
        click.option(
            "--workers",
            "--jobs",
            "-w",
            type=click.IntRange(1, 64),
            help=say(
                "Nombre de processus (par défaut selon le volume).", "Number of processes (by default by volume)."
            ),
        ),
        click.option(
            "--date",
            type=click.DateTime(["%Y-%m-%d"]),
            help=say(
                "Date à laquelle juger les échéances (par défaut aujourd'hui).",
                "Date at which expiries are judged (today by default).",
            ),
        ),
        click.option(
            "--with-values",
            is_flag=True,
            help=say(
                "Montrer les valeurs personnelles (masquées par défaut) ; le rapport le signale.",
                "Show personal values (masked by default); the report says so.",
            ),
        ),
    )

    def decorated(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


def judged(
    context: click.Context,
    paths: tuple[Path, ...],
    base: Path,
    manifest: Manifest,
    options: Mapping[str, Any],
    say: Saying,
    *,
    declared: bool,
) -> int:
    """Judge paths, write the reports asked for, and give the exit code."""
    job = Job(
        paths=paths,
        base=base,
        today=(options["date"] or datetime.datetime.now()).date(),  # noqa: DTZ005  the user's own day
        manifest=manifest,
        declared=declared,
        preset=named_preset(options["preset"], manifest, say),
        only=options["only"],
        workers=options["workers"] or 0,
        with_values=options["with_values"],
        profiles=options["profiles"],
        official=options["official"],
        verapdf=options["verapdf"],
    )
    if job.official:
        official_is_there(say)
    outputs: list[Output] = context.meta[PairingCommand.KEY]
    run = _with_progress(job, say)
    for output in outputs:
        write(run, output, say)
    return exit_code(run, options["fail_on"])


def exit_code(run: runjson.Run, fail_on: str) -> int:
    """The contract of design §5: 1 open findings at or above the level, 3 nothing concluded, 0 otherwise."""
    limit = _RANK.get(fail_on, -1)
    for finding in run["findings"]:
        if finding["outcome"] == "failed" and finding["waived"] is None and _RANK[finding["level"]] <= limit:
            return 1
    held = any(rule["outcomes"].get("blocked") or rule["outcomes"].get("error") for rule in run["rules"])
    judged = any(subject["judged"] and subject["kind"] != "proof" for subject in run["subjects"])
    return 3 if held or not judged else 0


def known_names(manifest: Manifest, only: tuple[str, ...], say: Saying) -> None:
    """Names in the manifest and on the command line that stand for nothing are errors, with the nearest name."""
    rules, families = catalogue.load().rules, catalogue.load().families
    for name in only:
        if not any(fnmatchcase(known, name) for known in (*rules, *families)):
            raise unknown(say, Text("Règle", "rule"), name, [*rules, *families])
    for waiver in manifest.waivers:
        if waiver.rule not in rules and not waiver.rule.startswith("OFFICIAL-"):
            raise unknown(say, Text("dui.toml, waivers : règle", "rule in dui.toml, waivers:"), waiver.rule, rules)
    if manifest.attestations:
        tables = load_tables()
        names = [name for row in tables.requirements.values() for name in (row.id, *row.aliases)]
        for attestation in manifest.attestations:
            for name in attestation.attests:
                if name not in names:
                    where = Text("dui.toml, attestations : exigence", "requirement in dui.toml, attestations:")
                    raise unknown(say, where, name, names)
    if manifest.project is not None:
        schemes = funding.schemes()
        if manifest.project.scheme not in schemes:
            where = Text("dui.toml, funding : dispositif", "scheme in dui.toml, funding:")
            raise unknown(say, where, manifest.project.scheme, schemes)
        lines = [line["id"] for line in schemes[manifest.project.scheme].get("lines", ())]
        for name in manifest.project.amounts:
            if name not in lines:
                where = Text("dui.toml, funding.amounts : ligne", "line in dui.toml, funding.amounts:")
                raise unknown(say, where, name, lines)


def known_profiles_held(profiles: tuple[str, ...], say: Saying) -> None:
    """A profile that is not held is an error, with the nearest one: nothing would be judged against it."""
    if not profiles:
        return
    from dui_conformance.run.artefacts import known_profiles

    known = known_profiles()
    for canonical in profiles:
        if canonical.partition("|")[0] not in known:
            raise unknown(say, Text("Profil", "profile"), canonical, known)


def _with_progress(job: Job, say: Saying) -> runjson.Run:
    """A progress bar when there is something to wait for and a terminal to show it."""
    from dataclasses import replace

    from dui_conformance.subjects.intake import Unit, units

    total = sum(isinstance(unit, Unit) for unit in units(job.paths, job.base))
    many = _MANY_OFFICIAL if job.official else _MANY
    workers = job.workers or (min(os.cpu_count() or 1, 8) if total >= many else 1)
    job = replace(job, workers=workers)
    if total < 50 or not sys.stderr.isatty():
        return execute(job)
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(say("Contrôle", "Checking"), total=total)
        return execute(job, lambda done: bar.update(task, completed=done))
