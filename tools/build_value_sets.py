"""Writes value sets of document models (`profiles/valuesets/jdv/NAME.yaml`) from the ANS publication (FHIR ValueSet).

    python tools/build_value_sets.py FOLDER NAME...     the sets with these names (JDV_ObservationEtatPatient_CISIS)
    python tools/build_value_sets.py FOLDER --check     what is written says the same as FOLDER

FOLDER holds one ValueSet a file (`NAME.json`), as the NOS publishes them. Only the facts are kept: codes, systems as
OIDs, labels, version and date. Blanks around codes, which some published sets have, are dropped: they match nothing.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import yaml

OUT = Path(__file__).parents[1] / "profiles" / "valuesets" / "jdv"
SYSTEMS = {
    "http://loinc.org": "2.16.840.1.113883.6.1",
    "http://snomed.info/sct": "2.16.840.1.113883.6.96",
    "https://smt.esante.gouv.fr/fhir/CodeSystem/terminologie-cisis": "1.2.250.1.213.1.1.4.322",
    "https://smt.esante.gouv.fr/terminologie-SERAFINPH": "1.2.250.1.213.3.3.60",
}
ALSO = {  # codes that the kit (testContenuCDA, commit 61e148b6) admits, with a date after that of the publication
    "JDV_TypeDirectiveAnticipee_CISIS": {"2.16.840.1.113883.6.96": {"265764009": "dialyse rénale"}},  # 2025-02-25
}
UNIONS = {  # sets that a model admits side by side for one element
    "JDV_Prestations_SERAFIN": ("JDV_J283_PrestationsIndirects_SERAFIN", "JDV_J284_PrestationsDirects_SERAFIN"),
}
_BLANKS = " \t\r\n\u00a0"


def written(source: dict[str, Any]) -> dict[str, Any]:
    """The set as `profiles/valuesets` keeps it. Raises ValueError for a system that has no OID."""
    codes: dict[str, dict[str, str]] = {}
    for part in source["compose"]["include"]:
        system = SYSTEMS.get(part["system"], part["system"].removeprefix("urn:oid:"))
        if not system.strip():
            continue  # a code without system matches nothing
        if ":" in system:
            raise ValueError(f"{source['name']}: no OID is known for {system}")
        known = codes.setdefault(system, {})
        for concept in part.get("concept", ()):
            known[concept["code"].strip(_BLANKS)] = " ".join((concept.get("display") or "").split())
    also = ALSO.get(source["name"], {})
    for system, added in also.items():
        codes.setdefault(system, {}).update(added)
    date = _date(source.get("version", ""))
    return {
        "id": source["name"],
        "name": source["name"],
        "oid": next((i["value"].removeprefix("urn:oid:") for i in source.get("identifier", ())), ""),
        "version": date.replace("-", "") + "000000" if date else "",
        "date": date,
        "complete": True,
        "source": "ANS, nomenclatures des objets de santé (NOS), ValueSet FHIR"
        + (" ; ANS, testContenuCDA, commit 61e148b6" if also else ""),
        "codes": codes,
    }


def _date(version: str) -> str:
    """The date of a version, which some published sets write without dashes (20241025120000)."""
    return f"{version[:4]}-{version[4:6]}-{version[6:8]}" if version[:8].isdigit() else version[:10]


def read(folder: Path, name: str) -> dict[str, Any]:
    """The set of this name; a union is made of its parts, and has the date of the last of them."""
    if name not in UNIONS:
        return written(json.loads((folder / f"{name}.json").read_bytes()))
    parts = [read(folder, part) for part in UNIONS[name]]
    codes: dict[str, dict[str, str]] = {}
    for part in parts:
        for system, known in part["codes"].items():
            codes.setdefault(system, {}).update(known)
    last = max(parts, key=lambda part: part["date"])
    return {**last, "id": name, "name": " ∪ ".join(UNIONS[name]), "oid": "", "codes": codes}


def text_of(data: dict[str, Any]) -> str:
    """The YAML text."""
    made: str = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=10_000)
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    names = [path.stem for path in sorted(OUT.glob("*.yaml"))] if asked.check else asked.names
    different = 0
    for name in names:
        text = text_of(read(asked.folder, name))
        target = OUT / f"{name}.yaml"
        if asked.check:
            different += target.read_text(encoding="utf-8") != text
            continue
        OUT.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        sys.stderr.write(f"{target.name}: {text.count(chr(10))} lines\n")
    return 1 if different else 0


if __name__ == "__main__":
    raise SystemExit(main())
