"""Bytes in, what the rules say out: the same plan as the ready editor's own run, run-wide rules included."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from bench.places import EXPORTS, READY
from dui_conformance.engine.evaluate import evaluate
from dui_conformance.engine.outcomes import Finding, SubjectRecord, UnitResult
from dui_conformance.engine.plan import Plan, plan
from dui_conformance.readiness.manifest import load
from dui_conformance.rules import catalogue
from dui_conformance.rules.catalogue import Catalogue
from dui_conformance.rules.model import Collected
from dui_conformance.subjects.intake import Skipped, open_bytes, units
from dui_conformance.subjects.model import Budget, Subject

Heard = Counter[tuple[str, str, str]]  # (rule, level, outcome) → findings


@dataclass(frozen=True, slots=True)
class Opened:
    """A good export: its path below `exports`, its bytes and the subject they give."""

    name: str
    data: bytes
    subject: Subject


class Bench:
    """The catalogue, the plan of the ready manifest, and the good exports judged once."""

    def __init__(self, catalogue_: Catalogue | None = None) -> None:
        self.catalogue = catalogue_ or catalogue.load()
        self.plan: Plan = plan(self.catalogue, load(READY / "dui.toml").settings())

    @cached_property
    def exports(self) -> list[Opened]:
        found = []
        for unit in units([EXPORTS], EXPORTS):
            if not isinstance(unit, Skipped):
                name, data = unit.path.relative_to(EXPORTS).as_posix(), unit.path.read_bytes()
                found.append(Opened(name, data, open_bytes(name, data, Budget())))
        return found

    @cached_property
    def _good(self) -> dict[str, UnitResult]:
        return {unit.name: evaluate(unit.subject, self.plan) for unit in self.exports}

    def heard(self, name: str, data: bytes) -> Heard:
        """What every rule says of a unit, among the other good exports."""
        return self._heard(name, evaluate(open_bytes(name, data, Budget()), self.plan))

    def silence(self, name: str) -> Heard:
        """What is said of the good export itself: nothing, when all is well."""
        return self._heard(name, self._good[name])

    def _heard(self, name: str, result: UnitResult) -> Heard:
        heard: Heard = Counter((f.rule, f.level, f.outcome) for f in result.findings)
        records = [r for other, good in self._good.items() if other != name for r in good.subjects]
        heard.update(self._run_wide([*records, *result.subjects]))
        return heard

    def _run_wide(self, subjects: Sequence[SubjectRecord]) -> Iterable[tuple[str, str, str]]:
        for rule in self.plan.run_wide:
            check = rule.check
            assert isinstance(check, Collected)
            records = [(s.id, s.facts[rule.id]) for s in subjects if rule.id in s.facts]
            settings = {n.rstrip("?"): self.plan.settings.get(setting, "") for n, setting in check.settings.items()}
            for _, verdict in self.plan.predicates[check.name](records, **settings):
                if verdict.answer in ("failed", "review", "blocked"):
                    yield rule.id, rule.level, rule.negative if verdict.answer == "failed" else verdict.answer


def is_error(finding: Finding) -> bool:
    """Whether a finding is one that refuses a document: an error that failed, or one the tool could not judge."""
    return finding.level == "error" and finding.outcome in ("failed", "blocked", "error")
