"""Definitions: the packs, packages laid over them, reduced resources."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from dui_conformance.fhir import Definitions, DefinitionsError, Validator
from dui_conformance.fhir.definitions import CORE, _core_pack
from dui_conformance.fhir.pack import Pack, PackError, write
from dui_conformance.fhir.packages import missing, ordered, read
from dui_conformance.fhir.reduce import reduced
from dui_conformance.fhir.schema import Types
from tests.fhir.building import PATIENT, changed, profile, told


def test_the_core_says_its_sources_and_licence() -> None:
    for name in ("structures.pack", "terminology.pack"):
        sources = _core_pack(name).about["sources"]
        assert {"package": "hl7.fhir.r4.core", "version": "4.0.1", "licence": "CC0 1.0, HL7 International"} in sources


def test_the_core_holds_every_type() -> None:
    types = Types(Definitions.core())
    kinds = [types.type(u.removeprefix(CORE)) for u in Definitions.core().urls("StructureDefinition")]
    plans = [p for p in kinds if p is not None]
    assert sum(p.kind == "resource" and not p.abstract for p in plans) == 146
    assert sum(p.kind == "primitive-type" for p in plans) == 20
    assert types.lineage("Age") == ("Age", "Quantity", "Element")


def test_no_sentence_of_the_source_is_kept() -> None:
    core = Definitions.core()
    for url in sorted(core.urls("StructureDefinition"))[:200]:
        text = json.dumps(core.structure(url))
        assert '"definition"' not in text
        assert '"short"' not in text
        assert '"human"' not in text


def test_a_pack_gives_back_what_was_written(tmp_path: Path) -> None:
    records = [{"resourceType": "ValueSet", "url": f"http://test/{n}", "name": "é" * n} for n in range(40)]
    path = tmp_path / "x.pack"
    write(path, {"sources": []}, records)
    first = path.read_bytes()
    write(path, {"sources": []}, reversed(records))
    assert path.read_bytes() == first
    pack = Pack.open(path)
    assert [pack.get("ValueSet", r["url"]) for r in records] == records
    assert pack.get("ValueSet", "http://test/none") is None
    with pytest.raises(PackError):
        Pack(b"other")


def package(*resources: dict[str, object], folder: str = "package/", **manifest: object) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        files = {"package/package.json": {"name": "x", "version": "1", **manifest}}
        files |= {f"{folder}{n}.json": resource for n, resource in enumerate(resources)}
        for name, content in files.items():
            data = json.dumps(content).encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


ASKS = profile("Patient", [{"path": "Patient.active", "min": 1}])
BARE = changed(PATIENT, "active", ...)


def test_a_package_is_laid_over_the_core(tmp_path: Path) -> None:
    held = Definitions.core().with_package(package(ASKS))
    assert told(Validator(held).validate(BARE, ["http://test/profile"])) == [("FHIR-CARDINALITY-MIN", "Patient")]
    (tmp_path / "a.json").write_text(json.dumps(ASKS), "utf-8")
    (tmp_path / "b.json").write_text("not json", "utf-8")
    folder = Definitions.core().with_package(tmp_path)
    assert told(Validator(folder).validate(BARE, ["http://test/profile|1"])) == [("FHIR-CARDINALITY-MIN", "Patient")]
    without = Validator().validate(BARE, ["http://test/profile"])
    assert without.valid
    assert [(n.kind, n.subject) for n in without.not_checked] == [("profile", "http://test/profile")]


def test_packages_come_in_the_order_of_their_dependencies() -> None:
    parent = profile("Patient", [], "http://test/p")
    below = read(package(parent, name="below", dependencies={"hl7.fhir.r4.core": "4.0.1"}))
    above = read(package(changed(parent, "version", "2"), name="above", dependencies={"below": "1", "other": "3"}))
    for given in ((below, above), (above, below)):
        assert [p.name for p in ordered(given)] == ["below", "above"]
        assert (Definitions.core().with_package(*given).structure("http://test/p") or {})["version"] == "2"
    assert missing([below, above]) == {"other": "3"}


def test_examples_of_a_package_are_apart() -> None:
    held = read(package(dict(PATIENT), folder="package/example/"))
    assert held.resources == ()
    assert [e["id"] for e in held.examples] == ["p1"]
    assert len(held.sha256) == 64


def test_a_package_that_cannot_be_read() -> None:
    with pytest.raises(DefinitionsError):
        Definitions.core().with_package(b"not a package")


def test_a_guide_asks_its_global_profiles_of_every_instance() -> None:
    guide = {"resourceType": "ImplementationGuide", "url": "http://test/ig",
             "global": [{"type": "Patient", "profile": "http://test/profile"}]}  # fmt: skip
    held = Validator(Definitions.core().with_resources([ASKS, guide]))
    assert told(held.validate(BARE)) == [("FHIR-CARDINALITY-MIN", "Patient")]


def test_what_is_reduced() -> None:
    assert reduced({"resourceType": "Patient", "url": "http://x"}) is None
    assert reduced({"resourceType": "ValueSet"}) is None
    system = reduced({"resourceType": "CodeSystem", "url": "u", "content": "complete", "concept": [
        {"code": "a", "display": "A", "concept": [{"code": "b"}]},
        {"code": "c", "property": [{"code": "parent", "valueCode": "a"}]}]})  # fmt: skip
    assert system == {
        "resourceType": "CodeSystem", "url": "u", "content": "complete", "codes": ["a", "b", "c"],
        "parents": {"b": ["a"], "c": ["a"]},
    }  # fmt: skip
