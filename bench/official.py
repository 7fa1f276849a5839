"""The official examples under every rule: `python -m bench.official [--all-levels] [--lang fr]`.

Reads the 94 CDA of `ExemplesCDA/` in the ANS kit (DUI_BENCH_KIT) and every IHE_XDM.ZIP of the official archives
(DUI_BENCH_XDM; their unpacked twins are left out). Prints rule × level × subjects and findings, then every error
that remains, explained by `known_deviations.yaml` or UNEXPLAINED. Exit code 1 if one is unexplained.

The examples are judged as test exports (`environment = "test"`), of no editor in particular: rules that need a
setting of a manifest (the NIL, the structures) do not run.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from bench.judging import is_error
from bench.places import HERE, KIT, XDM, outside, skipped
from bench.tables import Aim, say, show_aims, table
from dui_conformance.data import read_yaml
from dui_conformance.engine.evaluate import evaluate
from dui_conformance.engine.outcomes import Finding
from dui_conformance.engine.plan import plan
from dui_conformance.rules import catalogue
from dui_conformance.subjects.intake import Skipped, Unit, open_unit, units
from dui_conformance.subjects.model import Budget
from dui_conformance.text import Language, unmark

DEVIATIONS = HERE / "known_deviations.yaml"
_LEVELS = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Deviation:
    """A known fault of official examples: which rule finds it where, and the clause of our facts that says so."""

    rule: str
    examples: Sequence[str]
    fr: str
    en: str
    clause: str

    def explains(self, finding: Finding) -> bool:
        subject = unmark(finding.subject, str)
        return fnmatchcase(finding.rule, self.rule) and any(fnmatchcase(subject, e) for e in self.examples)


@dataclass(slots=True)
class Examples:
    """What was judged: how many units of each source, and everything that was found."""

    units: Counter[str] = field(default_factory=Counter)
    clean: Counter[str] = field(default_factory=Counter)  # units without an error
    findings: list[Finding] = field(default_factory=list)

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if is_error(finding)]


def deviations() -> list[Deviation]:
    """The table of known deviations."""
    return [Deviation(**entry) for entry in read_yaml(DEVIATIONS)["deviations"] or ()]


def judged(kit: Path | None, xdm: Path | None) -> Examples:
    """Every official example under every rule."""
    made = plan(catalogue.load(), {"environment": "test", "mail_domains": ()})
    found = Examples()
    for source, unit in _examples(kit, xdm):
        result = evaluate(open_unit(unit, Budget()), made)
        found.units[source] += 1
        found.clean[source] += not any(map(is_error, result.findings))
        found.findings += result.findings
    return found


def _examples(kit: Path | None, xdm: Path | None) -> Iterator[tuple[str, Unit]]:
    if kit is not None:
        for unit in units([kit / "ExemplesCDA"], kit):
            if isinstance(unit, Unit) and unit.path.suffix.lower() == ".xml":
                yield "CDA", unit
    if xdm is not None:
        folders = sorted(path for path in xdm.iterdir() if path.is_dir() and not path.name.startswith("."))
        for unit in units(folders, xdm):
            if not isinstance(unit, Skipped) and unit.path.suffix.lower() == ".zip":
                yield "XDM", unit


def show(found: Examples, known: Iterable[Deviation], all_levels: bool, lang: Language) -> int:
    """Print the tables; the number of unexplained errors."""
    table(
        "Official examples judged",
        ("source", "units", "without an error"),
        [(source, n, found.clean[source]) for source, n in sorted(found.units.items())],
        numbers=(1, 2),
    )
    spoken: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    for finding in found.findings:
        if all_levels or is_error(finding):
            spoken[finding.level, finding.rule, finding.outcome].append(finding.subject)
    table(
        "Rules that spoke" + ("" if all_levels else " (errors; --all-levels for the rest)"),
        ("level", "rule", "outcome", "subjects", "findings"),
        [
            (level, rule, outcome, len(set(where)), len(where))
            for (level, rule, outcome), where in sorted(spoken.items(), key=lambda i: (_LEVELS.index(i[0][0]), i[0]))
        ],
        numbers=(3, 4),
    )
    return _show_errors(found.errors, list(known), lang)


def _show_errors(errors: Sequence[Finding], known: Sequence[Deviation], lang: Language) -> int:
    explained: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    unexplained: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in errors:
        deviation = next((d for d in known if d.explains(finding)), None)
        if deviation is None:
            unexplained[finding.rule].append(finding)
        else:
            explained[finding.rule, f"{getattr(deviation, lang)} [{deviation.clause}]"].append(finding.subject)
    table(
        "Errors that the facts explain",
        ("rule", "subjects", "why"),
        [(rule, len(set(where)), why) for (rule, why), where in sorted(explained.items())],
        numbers=(1,),
    )
    for rule, findings in sorted(unexplained.items()):
        table(
            f"UNEXPLAINED {rule}: {len(findings)} findings",
            ("subject", "place", "message"),
            [
                (
                    unmark(f.subject, str),
                    f.location.path or f.location.line or "",
                    unmark(getattr(f.message, lang), str),
                )
                for f in findings[:10]
            ],
        )
    return sum(map(len, unexplained.values()))


def measure(all_levels: bool = False, lang: Language = "en") -> list[Aim]:
    """Judge, print, and say whether the aim is reached."""
    kit, xdm = outside(KIT), outside(XDM)
    name, wanted = "official examples", "no error but known deviations (94 CDA, 110 archives)"
    if kit is None and xdm is None:
        say(f"Official examples: {skipped(KIT, XDM)}")
        return [Aim(name, wanted, skipped(KIT, XDM), None)]
    found = judged(kit, xdm)
    unexplained = show(found, deviations(), all_levels, lang)
    for variable in (KIT, XDM):
        if outside(variable) is None:
            say(skipped(variable))
    counts = ", ".join(f"{n} {source}" for source, n in sorted(found.units.items()))
    measured = f"{counts}: {len(found.errors)} errors, {unexplained} unexplained"
    return [Aim(name, wanted, measured, unexplained == 0, decides=True)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.official", description=__doc__)
    parser.add_argument("--all-levels", action="store_true", help="warnings and infos too")
    parser.add_argument("--lang", choices=("fr", "en"), default="en", help="language of explanations and messages")
    options = parser.parse_args()
    aims = measure(options.all_levels, options.lang)
    show_aims(aims)
    return int(any(aim.decides and aim.reached is False for aim in aims))


if __name__ == "__main__":
    sys.exit(main())
