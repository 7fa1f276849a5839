"""A child process: one large bundle through the validator, as JSON. `python -m bench.fhir_bundles KIND ENTRIES`.

`plain`: patients and observations that refer to one another, after the official examples. `tddui`: the transaction of
the ready editor again and again, each copy with identities of its own, against the profiles of the guide.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.fhir_places import peak
from bench.places import EXPORTS
from dui_conformance.fhir import Validator

TRANSACTION = EXPORTS / "fhir" / "tddui-transaction.json"
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}")


def plain(entries: int) -> bytes:
    """A collection of as many entries, half of them patients."""
    out: list[dict[str, Any]] = []
    for rank in range(entries // 2):
        patient, own, last = f"http://fhir.test/Patient/p{rank}", _uuid(rank), _uuid(max(0, rank - 1))
        name = [{"family": "TEST", "given": ["ANNE"]}]
        out.append({
            "fullUrl": patient,
            "resource": {"resourceType": "Patient", "id": f"p{rank}", "name": name, "gender": "female",
                         "birthDate": "1980-01-01"},
        })  # fmt: skip
        out.append({
            "fullUrl": own,
            "resource": {
                "resourceType": "Observation", "status": "final",
                "code": {"coding": [{"system": "http://loinc.org", "code": "1234-5"}]},
                "subject": {"reference": patient}, "hasMember": [{"reference": last}],
                "valueQuantity": {"value": 1.5, "unit": "kg"},
            },
        })  # fmt: skip
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": out}).encode()


def _uuid(rank: int) -> str:
    return f"urn:uuid:{rank:08x}-0000-4000-8000-000000000000"


def tddui(entries: int) -> bytes:
    """A transaction of as many entries, cut at a whole copy."""
    bundle = json.loads(TRANSACTION.read_bytes())
    model = json.dumps(bundle["entry"])
    bundle["entry"] = []
    for copy in range(max(1, entries // len(json.loads(model)))):
        prefix = f"urn:uuid:{copy:08x}"
        bundle["entry"] += json.loads(_UUID.sub(prefix, model))
    return json.dumps(bundle).encode()


def main() -> None:
    kind, entries = sys.argv[1], int(sys.argv[2])
    if len(sys.argv) > 3:
        Path(sys.argv[3]).write_bytes((tddui if kind == "tddui" else plain)(entries))
        return
    with tempfile.TemporaryDirectory(prefix="dui-bench-") as folder:
        small, large = (_made(kind, count, Path(folder)) for count in (60, entries))
    if kind == "tddui":
        from dui_conformance.engine.resources import validator

        judge = validator()
    else:
        judge = Validator()
    judge.validate(small)
    before = peak()
    started = time.perf_counter(), time.process_time()
    result = judge.validate(large)
    wall, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
    said = {"wall": wall, "cpu": cpu, "size": len(large), "errors": len(result.errors), "before": before}
    sys.stdout.write(json.dumps({**said, "peak": peak()}) + "\n")


def _made(kind: str, entries: int, folder: Path) -> bytes:
    """A bundle made by another process, so that the memory of making it is not counted."""
    file = folder / f"{entries}.json"
    subprocess.run([sys.executable, "-m", "bench.fhir_bundles", kind, str(entries), str(file)], check=True)
    return file.read_bytes()


if __name__ == "__main__":
    main()
