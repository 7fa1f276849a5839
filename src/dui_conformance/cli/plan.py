"""`plan`: what would run, what would not, and why."""

import datetime
from collections import Counter
from pathlib import Path
from typing import Any

import click

from dui_conformance.cli.options import (
    existing,
    find_manifest,
    lang_option,
    manifest_option,
    named_preset,
    preset_option,
    read_manifest,
)
from dui_conformance.cli.saying import Saying
from dui_conformance.engine.judge import plan_of
from dui_conformance.engine.plan import Plan
from dui_conformance.readiness.manifest import Manifest
from dui_conformance.readiness.requirements import Tables
from dui_conformance.readiness.requirements import load as load_tables
from dui_conformance.readiness.rollup import applicable
from dui_conformance.rules import catalogue
from dui_conformance.run.execute import Job, order_of
from dui_conformance.subjects.intake import Skipped, open_unit, units
from dui_conformance.subjects.model import Budget


def plan(say: Saying) -> click.Command:
    """The `plan` command."""

    @click.command(
        help=say(
            "Dit ce qui serait jugé, ce qui ne le serait pas, et pourquoi.",
            "Says what would be judged, what would not, and why.",
        )
    )
    @click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar=say("[CHEMINS]...", "[PATHS]..."))
    @manifest_option(say)
    @preset_option(say)
    @lang_option(say)
    def command(paths: tuple[Path, ...], manifest: Path | None, preset: str | None, **_options: Any) -> int:
        existing(paths, say)
        declared = read_manifest(find_manifest(manifest, paths), say)
        job = Job(paths, Path.cwd(), datetime.date.max, declared, preset=named_preset(preset, declared, say))
        tables = load_tables()
        made = plan_of(order_of(job, tables))
        kinds = _kinds(job) if paths else Counter()
        click.echo("\n".join([*_rules(made, kinds, say), *_not_run(made, say), *_requirements(tables, declared, say)]))
        return 0

    return command


def _kinds(job: Job) -> Counter[str]:
    kinds: Counter[str] = Counter()
    for unit in units(job.paths, job.base):
        if not isinstance(unit, Skipped):
            kinds.update(subject.kind for subject in open_unit(unit, Budget()).walk())
    return kinds


def _rules(made: Plan, kinds: Counter[str], say: Saying) -> list[str]:
    families = catalogue.load().families
    lines = [say("Règles qui seraient appliquées", "Rules that would run")]
    counts = Counter(rule.family for rule in made.rules) + made.models.families()
    for family, count in counts.items():
        lines.append(f"  {count:4} {say.text(families[family])} ({family})")
    lines.append(f"  {counts.total():4} {say('en tout', 'in all')}")
    if kinds:
        lines += ["", say("Éléments trouvés", "Subjects found")]
        for kind, count in sorted(kinds.items()):
            rules = len(made.by_kind.get(kind, ())) + (made.models.count if kind == "cda" else 0)
            told = say(f"{rules} règles", f"{rules} rules") if rules else say("non jugé", "not judged")
            lines.append(f"  {count:4} {kind:8} {told}")
    return lines


def _not_run(made: Plan, say: Saying) -> list[str]:
    lines = ["", say("Règles qui ne le seraient pas", "Rules that would not run")]
    reasons = Counter(say.text(unplanned.why) for unplanned in made.unplanned)
    for why, count in reasons.most_common():
        names = [unplanned.rule for unplanned in made.unplanned if say.text(unplanned.why) == why]
        shown = ", ".join(names[:6]) + (", …" if count > 6 else "")
        lines.append(f"  {count:4} {why} : {shown}" if say.lang == "fr" else f"  {count:4} {why}: {shown}")
    return lines if reasons else [*lines, "  " + say("aucune", "none")]


def _requirements(tables: Tables, declared: Manifest, say: Saying) -> list[str]:
    lines = ["", say("Exigences de la vague", "Requirements of the wave") + f" {declared.wave}"]
    for row in tables.requirements.values():
        if row.table == f"wave{declared.wave}-dui":
            applies, why = applicable(row, declared)
            word = {
                "yes": say("oui", "yes"),
                "no": say("non", "no"),
                "assumed": say("supposée", "assumed"),
            }[applies]
            lines.append(f"  {row.id:<18} {word:<9} {say.text(why)}")
    return lines
