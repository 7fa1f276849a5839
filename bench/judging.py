"""Bytes in, what the rules say out, under the same plan as the ready editor's own run."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from bench.places import EXPORTS, READY
from dui_conformance.engine.evaluate import evaluate
from dui_conformance.engine.outcomes import Finding
from dui_conformance.engine.plan import Plan, plan
from dui_conformance.readiness.manifest import load
from dui_conformance.rules import catalogue
from dui_conformance.rules.catalogue import Catalogue
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

    def heard(self, name: str, data: bytes) -> Heard:
        """What every rule says of a unit, judged alone.

        Rules over a whole run are not heard: the good exports hold each document several times (alone, in an
        archive, in a mail), so that any change of one copy would be noticed by comparing it with the others.
        """
        result = evaluate(open_bytes(name, data, Budget()), self.plan)
        return Counter((finding.rule, finding.level, finding.outcome) for finding in result.findings)

    @cached_property
    def _good(self) -> dict[str, Heard]:
        return {export.name: self.heard(export.name, export.data) for export in self.exports}

    def silence(self, name: str) -> Heard:
        """What is said of the good export itself: nothing, when all is well."""
        return self._good[name]


def is_error(finding: Finding) -> bool:
    """Whether a finding is one that refuses a document: an error that failed, or one the tool could not judge."""
    return finding.level == "error" and finding.outcome in ("failed", "blocked", "error")
