"""From paths and a manifest to a run."""

import datetime
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from dui_conformance.checks.pdf import ABSENT
from dui_conformance.engine.judge import Order, judge, settings_of
from dui_conformance.engine.outcomes import Judged
from dui_conformance.engine.plan import Selection
from dui_conformance.engine.resources import Asked
from dui_conformance.readiness import requirements
from dui_conformance.readiness.manifest import Manifest
from dui_conformance.readiness.requirements import Tables
from dui_conformance.run import official
from dui_conformance.run.artefacts import packages
from dui_conformance.run.assemble import assemble
from dui_conformance.run.preset import Preset
from dui_conformance.run.proofs import handed_in
from dui_conformance.runjson import Run
from dui_conformance.subjects import pdf_verapdf
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
    official: bool = False  # judge by the official artefacts too
    verapdf: bool = False  # ask veraPDF too
    profiles: Sequence[str] = ()  # canonicals that FHIR resources are judged against, beside those they claim

    @property
    def wave(self) -> int:
        if self.preset is not None and self.preset.wave is not None:
            return self.preset.wave
        return self.manifest.wave


def order_of(job: Job, tables: Tables) -> Order:
    """What the job judges with."""
    preset = job.preset
    program, version = _verapdf(job)
    return Order(
        settings=settings_of(job.manifest.settings() | ({"verapdf": version} if version else {})),
        evidence=tuple((kind.id, kind.kind, kind.where) for kind in tables.evidence.values()),
        selection=Selection(
            tuple(job.only) or (tuple(preset.only) if preset else ()), tuple(preset.without) if preset else ()
        ),
        asked=Asked(tuple(job.profiles), packages()),
        official=official.official() if job.official else (),
        newer=official.newer(),
        verapdf=program,
    )


def _verapdf(job: Job) -> tuple[str, str]:
    """veraPDF, where the job asks for it: its path, and what it calls itself (`absent` if there is none)."""
    if not job.verapdf:
        return "", ""
    program = pdf_verapdf.found()
    version = pdf_verapdf.version(program) if program else ""
    return (program, version) if version else ("", ABSENT)


def execute(job: Job, progress: Callable[[int], None] | None = None) -> Run:
    """Judge the inputs of a job and put the run together."""
    tables = requirements.load()
    order = order_of(job, tables)
    # Saxon must not be carried over a fork, and this process may have started it
    start = get_context("spawn") if job.official else None
    pool = ProcessPoolExecutor(job.workers, mp_context=start) if job.workers > 1 else nullcontext()
    with pool as executor:
        judged = judged_by(job, order, executor, progress)
    return assemble(job, order, tables, judged)


def judged_by(
    job: Job, order: Order, executor: Executor | None, progress: Callable[[int], None] | None = None
) -> Judged:
    """The findings of a job's inputs, by any executor of the `concurrent.futures` shape."""
    return judge(units(job.paths, job.base), order, executor, job.workers, progress, handed_in(job.manifest))
