"""The examples of a guide's package under the shipped guides: `python -m bench.fhir_examples PACKAGE... [--lang fr]`.

Each PACKAGE is a `.tgz` as guides publish them (`package.tgz` of their site). Its examples are judged by the tables
that ship here, where the defects of the guides are corrected, and not by the definitions of the package; what is on
trial is judged as if it were not. Prints every error as explained by `fhir_deviations.yaml` or UNEXPLAINED. Exit
code 1 if one is unexplained.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from bench.places import HERE
from bench.tables import Aim, say, show_aims, table
from dui_conformance.data import read_yaml
from dui_conformance.engine.resources import validator
from dui_conformance.fhir import Issue, Package
from dui_conformance.fhir.packages import read
from dui_conformance.text import Language, unmark

DEVIATIONS = HERE / "fhir_deviations.yaml"
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Deviation:
    """A known fault of official examples: which, where, and the clause that makes it one."""

    package: str
    issue: str
    examples: Sequence[str]
    place: str
    fr: str
    en: str
    clause: str

    def explains(self, package: str, example: str, issue: Issue) -> bool:
        place = issue.location.path.replace("[", "(").replace("]", ")")  # brackets mean something in patterns
        return (
            package == self.package
            and fnmatchcase(issue.id, self.issue)
            and fnmatchcase(place, self.place)
            and any(fnmatchcase(example, pattern) for pattern in self.examples)
        )


def deviations() -> list[Deviation]:
    """The table of known deviations."""
    return [Deviation(**entry) for entry in read_yaml(DEVIATIONS)["deviations"]]


def measure(packages: Iterable[Path], lang: Language = "en") -> list[Aim]:
    """Judge the examples of each package; an aim for each."""
    return [_package(read(path), lang) for path in packages]


def _package(package: Package, lang: Language) -> Aim:
    judge, known = validator(), deviations()
    explained: Counter[str] = Counter()
    unexplained: list[tuple[str, str, str]] = []
    wrong = 0
    for resource in package.examples:
        example = f"{resource['resourceType']}/{resource.get('id', '')}"
        errors = judge.validate(resource).errors
        wrong += bool(errors)
        for issue in errors:
            why = next((d for d in known if d.explains(package.name, example, issue)), None)
            if why is None:
                unexplained.append((example, issue.location.path, unmark(issue.message.en, str)[:160]))
            else:
                explained[f"{getattr(why, lang)} [{why.clause}]"] += 1
    name = f"{package.name} {package.version}"
    say(f"{name}: {len(package.examples)} examples, {wrong} with errors")
    table("Explained", ("errors", "why"), [(count, why) for why, count in explained.most_common()], (0,))
    if unexplained:
        table(f"UNEXPLAINED: {len(unexplained)}", ("example", "place", "message"), unexplained[:_SHOWN])
    total = sum(explained.values()) + len(unexplained)
    measured = f"{len(package.examples)} examples: {total} errors, {len(unexplained)} unexplained"
    return Aim(f"examples of {name}", "0 unexplained", measured, not unexplained, decides=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.fhir_examples", description=__doc__)
    parser.add_argument("packages", nargs="+", type=Path, metavar="PACKAGE")
    parser.add_argument("--lang", choices=("fr", "en"), default="en", help="language of the explanations")
    options = parser.parse_args()
    aims = measure(options.packages, options.lang)
    show_aims(aims)
    return int(any(aim.reached is False for aim in aims))


if __name__ == "__main__":
    sys.exit(main())
