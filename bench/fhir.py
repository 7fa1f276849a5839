"""The FHIR validator beside others: `python -m bench.fhir [--seed 7 --seed 11] [--fuzz 100000] [--only suite,…]`.

HL7's test suite and its FHIRPath tests, random faults of the official examples before the HL7 Java validator, the
examples of both guides, speed and memory, damaged input. Every figure of another validator is measured in the same
run. Material of others comes from environment variables, and what is not there is said: `bench.fhir_places` lists them.

Parts: `--only suite,fhirpath,mutants,guides,speed,fuzz`. `--show` prints each disagreement with Java. The default
damages 2 000 inputs; the aim of issue 4 is 100 000.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from bench import fhir_fuzz, fhir_guides, fhir_mutants, fhir_path, fhir_speed, fhir_suite
from bench.tables import Aim, show_aims

_PARTS = ("suite", "fhirpath", "mutants", "guides", "speed", "fuzz")
_SEED = 7
_MUTANTS = 250
_FUZZ = 2000
_COLD_RUNS = 5


def measure(
    seeds: list[int] | None = None, mutants: int = _MUTANTS, fuzz: int = _FUZZ, only: tuple[str, ...] = _PARTS,
    *, show: bool = False,
) -> list[Aim]:  # fmt: skip
    """Print the tables; the aims of issue 4."""
    asked = seeds or [_SEED]
    aims: list[Aim] = []
    with tempfile.TemporaryDirectory(prefix="dui-bench-") as folder:
        place = Path(folder)
        if "suite" in only:
            aims += fhir_suite.measure()
        if "fhirpath" in only:
            aims += fhir_path.measure()
        if "mutants" in only:
            aims += fhir_mutants.measure(asked, mutants, show=show)
        if "guides" in only:
            aims += fhir_guides.measure(place / "guides")
        if "speed" in only:
            aims += fhir_speed.measure(place / "small", _COLD_RUNS)
        if "fuzz" in only:
            aims += fhir_fuzz.measure(fuzz, asked[0])
    return aims


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--seed", type=int, action="append", help="of the mutants and the damage; may be given again")
    parser.add_argument("--mutants", type=int, default=_MUTANTS, help="examples of a seed, and mutants")
    parser.add_argument("--fuzz", type=int, default=_FUZZ, help="damaged inputs")
    parser.add_argument("--only", default=",".join(_PARTS), help="parts to run")
    parser.add_argument("--show", action="store_true", help="each disagreement with Java")
    given = parser.parse_args()
    aims = measure(given.seed, given.mutants, given.fuzz, tuple(given.only.split(",")), show=given.show)
    show_aims(aims)
    return int(any(aim.decides and aim.reached is False for aim in aims))


if __name__ == "__main__":
    sys.exit(main())
