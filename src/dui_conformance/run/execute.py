"""From paths and a manifest to a run."""

import datetime
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from dui_conformance.engine.judge import Order, judge, settings_of
from dui_conformance.engine.outcomes import Judged
from dui_conformance.engine.plan import Selection
from dui_conformance.engine.resources import Asked
from dui_conformance.readiness import requirements
from dui_conformance.readiness.manifest import Manifest
from dui_conformance.readiness.requirements import Tables
from dui_conformance.run.artefacts import packages
from dui_conformance.run.assemble import assemble
from dui_conformance.run.preset import Preset
from dui_conformance.runjson import Run
from dui_conformance.subjects.intake import units


@dataclass(frozen=True, slots=True)
class Job:
    """What one execution is asked to do. `today` decides on expiries; `base`: ids are relative to it."""

    paths: Sequence[Path]
    base: Path
    today: datetime.date
    manifest: Manifest = field(default_factory=Manifest)
    declared: bool = False
    preset: Preset | None = None
    only: Sequence[str] = ()
    workers: int = 1  # processes; 0 counts as 1
    with_values: bool = False
    profiles: Sequence[str] = ()  # canonicals that FHIR resources are judged against, beside those they claim

    @property
    def wave(self) -> int:
        if self.preset is not None and self.preset.wave is not None:
            return self.preset.wave
        return self.manifest.wave


def order_of(job: Job, tables: Tables) -> Order:
    """What the job judges with."""
    preset = job.preset
    return Order(
        settings=settings_of(job.manifest.settings()),
        evidence=tuple((kind.id, kind.kind, kind.where) for kind in tables.evidence.values()),
        selection=Selection(
            tuple(job.only) or (tuple(preset.only) if preset else ()), tuple(preset.without) if preset else ()
        ),
        asked=Asked(tuple(job.profiles), packages()),
    )


def execute(job: Job, progress: Callable[[int], None] | None = None) -> Run:
    """Judge the inputs of a job and put the run together."""
    tables = requirements.load()
    order = order_of(job, tables)
    pool = ProcessPoolExecutor(job.workers) if job.workers > 1 else nullcontext()
    with pool as executor:
        judged = judged_by(job, order, executor, progress)
    return assemble(job, order, tables, judged)


def judged_by(
    job: Job, order: Order, executor: Executor | None, progress: Callable[[int], None] | None = None
) -> Judged:
    """The findings of a job's inputs, by any executor of the `concurrent.futures` shape."""
    return judge(units(job.paths, job.base), order, executor, job.workers, progress)
