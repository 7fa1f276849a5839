"""Everything, one after the other: `python -m bench`. Ends with a line for each aim.

Material of others comes from environment variables: `bench.places`, and `bench.fhir_places` for FHIR.

Exit code 1 if an official example has an unexplained error, or the tool failed on a mutant. Aims of speed and
detection are printed, they do not decide: the first depends on the machine, the second is an aim.
"""

import sys
import time

from bench import agreement, detection, exchanges, fhir, official, speed, structure
from bench.tables import Aim, say, show_aims

_MEASURES = (
    ("official examples", official.measure),
    ("detection", detection.measure),
    ("structure", structure.measure),
    ("agreement with the kit", agreement.measure),
    ("speed", speed.measure),
    ("FHIR", fhir.measure),
    ("exchanges", exchanges.measure),
)


def main() -> int:
    started = time.perf_counter()
    aims: list[Aim] = []
    for name, measure in _MEASURES:
        say(f"=== {name}\n")
        aims += measure()
    show_aims(aims)
    say(f"{time.perf_counter() - started:.0f} s in all")
    return int(any(aim.decides and aim.reached is False for aim in aims))


if __name__ == "__main__":
    sys.exit(main())
