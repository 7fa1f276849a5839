"""A child process: the rate of one validator on some files, as JSON. `python -m bench.fhir_rate ADAPTER FILE…`.

`load` is what comes before the first answer (imports, start of the peer), `first` the first answer, `rate` the best of
three rounds in resources a second, `peak` the resident memory of the whole in MiB (of a peer that is a command, 0).
"""

import importlib
import importlib.util
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.fhir_places import TOOLS, peak
from bench.places import outside

Adapter = Callable[[dict[str, Any]], Any]
_ROUNDS = 3
_ENOUGH = 20.0  # seconds: a slow peer is not asked for more


def adapter(spec: str) -> Adapter:
    """What answers requests: `py:file:name`, `py:module:name`, or `cmd:command` by the harness."""
    kind, _, rest = spec.partition(":")
    if kind == "cmd":
        found: Adapter = _module(f"{outside(TOOLS)}/fhir_testcases.py").CommandAdapter(rest, 300)
        return found
    place, _, name = rest.rpartition(":")
    module = _module(place) if place.endswith(".py") else importlib.import_module(place)
    made: Adapter = getattr(module, name)
    return made


def _module(file: str) -> Any:
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    if spec is None or spec.loader is None:
        raise ImportError(file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def requests(files: list[str]) -> list[dict[str, Any]]:
    return [
        {"id": file, "file": file, "resource": json.loads(Path(file).read_bytes()), "supporting": [],
         "profile_file": None, "profiles": [], "options": {}}
        for file in files
    ]  # fmt: skip


def main() -> None:
    asked = requests(sys.argv[2:])
    began = time.perf_counter()
    answer = adapter(sys.argv[1])
    loaded = time.perf_counter()
    answer(asked[0])
    first = time.perf_counter()
    for request in asked:
        answer(request)
        if time.perf_counter() - first > _ENOUGH:
            break
    best = 0.0
    for _ in range(_ROUNDS):
        started, done = time.perf_counter(), 0
        for request in asked:
            answer(request)
            done += 1
            if time.perf_counter() - started > _ENOUGH:
                break
        best = max(best, done / (time.perf_counter() - started))
    most = peak() if sys.argv[1].startswith("py:") else 0
    sys.stdout.write(json.dumps({"load": loaded - began, "first": first - loaded, "rate": best, "peak": most}) + "\n")


if __name__ == "__main__":
    main()
