"""How fast the FHIR validator is: small resources beside the peers, from cold, and bundles that grow."""

import json
import subprocess
from pathlib import Path
from typing import Any

from bench.fhir_bundles import TRANSACTION
from bench.fhir_places import EXAMPLES, OURS, Peer, examples, peers, python
from bench.places import ROOT, outside
from bench.processes import run
from bench.tables import Aim, table

_RATE = 1500  # resources of 1.5 kB a second, one process
_COLD = 0.4  # seconds, from the start of the process to the first verdict
_BUNDLE = 5.0  # seconds for 10 000 entries
_LINEAR = 1.35  # time of the largest bundle by entry, over that of the smallest
_SIZES = (700, 2600)
_TYPES = frozenset(
    "Patient Observation Practitioner Organization Encounter Condition MedicationRequest DocumentReference Procedure"
    " Immunization Location Task Appointment Device AllergyIntolerance CarePlan Goal Slot Schedule RelatedPerson"
    " ServiceRequest Consent".split()
)
_ENTRIES = (1000, 2500, 5000, 10_000)


def measure(folder: Path, cold_runs: int) -> list[Aim]:
    """Print the tables; the aims."""
    files = _files(folder)
    return [*_rates(files), _cold(files[0], cold_runs), *_bundles()]


def _files(folder: Path) -> list[Path]:
    """Resources of 1.5 kB or so: official examples where their place is given, else those of the ready editor."""
    place = outside(EXAMPLES)
    if place is not None:
        held = {n: d for n, d in examples(place).items() if n.partition("-")[0] in _TYPES}
    else:
        entries = json.loads(TRANSACTION.read_bytes())["entry"]
        held = {f"{i}.json": json.dumps(e["resource"], indent=1).encode() for i, e in enumerate(entries)}
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for name, data in held.items():
        if _SIZES[0] < len(data) < _SIZES[1]:
            (folder / name).write_bytes(data)
            out.append(folder / name)
    return out


def _child(peer: Peer, *arguments: str) -> dict[str, Any] | str:
    command = [python(), "-m", *arguments]
    try:
        ran = subprocess.run(
            command, capture_output=True, text=True, env=peer.surroundings, cwd=ROOT, timeout=900, check=False
        )
        answer: dict[str, Any] = json.loads(ran.stdout.strip().splitlines()[-1])
    except subprocess.TimeoutExpired:
        return "skipped: more than 900 s"
    except (ValueError, IndexError):
        lines = ran.stderr.strip().splitlines()
        return f"skipped: {lines[-1] if lines else 'no answer'}"
    return answer


def _rates(files: list[Path]) -> list[Aim]:
    lines, ours = [], 0.0
    for peer in (OURS, *peers()):
        found = _child(peer, "bench.fhir_rate", peer.adapter, *map(str, files))
        if isinstance(found, str):
            lines.append((peer.name, found, "", "", ""))
            continue
        if peer is OURS:
            ours = found["rate"]
        peak = f"{found['peak']:.0f}" if found["peak"] else ""
        lines.append(
            (peer.name, f"{found['rate']:.0f}", f"{found['load']:.2f} s", f"{1000 * found['first']:.0f} ms", peak)
        )
    size = sum(file.stat().st_size for file in files) / max(1, len(files)) / 1000
    heads = ("validator", "a second, one process", "to load", "first verdict", "peak MiB")
    table(f"Small resources: {len(files)} of {size:.1f} kB", heads, lines, (1, 2, 3, 4))
    return [Aim("resources of 1.5 kB a second", f">= {_RATE}", f"{ours:.0f}", ours >= _RATE)]


def _cold(file: Path, times: int) -> Aim:
    text = "import sys, pathlib; from dui_conformance.fhir import Validator; "
    text += "Validator().validate(pathlib.Path(sys.argv[1]).read_bytes())"
    runs = [run([python(), "-c", text, str(file)]) for _ in range(times)]
    best, cpu = min(r.wall for r in runs), min(r.cpu for r in runs)
    table(
        f"First verdict, a whole process from cold, {times} runs", ("best", "CPU, best", "exit"),
        [(f"{best:.3f} s", f"{cpu:.3f} s", runs[0].code)], (0, 1, 2),
    )  # fmt: skip
    met = cpu <= _COLD and runs[0].code == 0  # a process alone: what the wall would say on a free core
    return Aim("FHIR: first verdict from cold", f"<= {_COLD} s", f"{best:.2f} s, {cpu:.2f} s of CPU", met)


def _bundles() -> list[Aim]:
    lines, aims = [], []
    for kind, name in (("plain", "patients and observations"), ("tddui", "TDDUI transaction")):
        found: dict[int, dict[str, Any]] = {}
        for entries in _ENTRIES:
            one = _child(OURS, "bench.fhir_bundles", kind, str(entries))
            if isinstance(one, str):
                lines.append((name, entries, "", one, "", "", "", ""))
                continue
            found[entries] = one
            lines.append((
                name, entries, f"{one['size'] / 1e6:.1f}", f"{one['wall']:.2f} s", f"{one['cpu']:.2f} s",
                f"{1000 * one['cpu'] / entries:.3f} ms", f"{one['peak']:.0f}", one["errors"],
            ))  # fmt: skip
        aims.append(_aim(name, found))
    heads = ("bundle", "entries", "MB", "wall", "CPU", "CPU each", "peak MiB", "errors")
    table("One large bundle, each in a process of its own", heads, lines, range(1, 8))
    return aims


def _aim(name: str, found: dict[int, dict[str, Any]]) -> Aim:
    wanted = f"<= {_BUNDLE:.0f} s, linear"
    least, most = _ENTRIES[0], _ENTRIES[-1]
    if least not in found or most not in found:
        return Aim(f"10 000 entries: {name}", wanted, "FAILED", False, decides=True)
    growth = (found[most]["cpu"] / most) / (found[least]["cpu"] / least)
    wall, cpu, peak = found[most]["wall"], found[most]["cpu"], found[most]["peak"]
    measured = f"{wall:.1f} s, {cpu:.1f} s of CPU, {peak:.0f} MiB; by entry ×{growth:.2f} from {least}"
    return Aim(f"10 000 entries: {name}", wanted, measured, cpu <= _BUNDLE and growth <= _LINEAR)
