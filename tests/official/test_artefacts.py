"""What a user gives is told by what it is, kept with its digest and date, repaired in its own copy, and given back."""

import datetime
import io
import json
import zipfile
from pathlib import Path

import pytest

from dui_conformance.official import bundle, value_sets
from dui_conformance.official.bundle import Bundle, BundleError
from dui_conformance.official.expressions import SchematronError
from dui_conformance.official.recognise import recognise
from dui_conformance.official.repair import repair
from dui_conformance.run import artefacts, official
from tests.official import invented

TODAY = datetime.date(2026, 11, 22)
PEM = "-----BEGIN CERTIFICATE-----\nTUlJQg==\n-----END CERTIFICATE-----\n"
FHIR = {
    "resourceType": "ValueSet", "name": "JDV_Un", "version": "20260101120000",
    "identifier": [{"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3.4.5.7"}],
    "compose": {"include": [{"system": "urn:oid:1.2.250.1.999", "concept": [
        {"code": "M", "display": "m"}, {"code": "Q"}]}]},
}  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DUI_CONFORMANCE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def added(path: Path) -> official.Kept:
    files, what = official.recognised(path)
    assert what is not None
    return official.add(files, what, TODAY)


def test_a_kit_is_recognised_in_a_folder_and_in_a_zip_and_is_the_same(tmp_path: Path) -> None:
    from_folder = added(invented.folder(tmp_path / "anything"))
    (tmp_path / "kit.zip").write_bytes(invented.zipped())
    from_zip = added(tmp_path / "kit.zip")
    assert from_folder.kind == from_zip.kind == "kit"
    assert from_folder.sha256 == from_zip.sha256
    assert from_zip.date == "2025-03-06"  # of the entries
    assert from_folder.date == "2025-02-06"  # of the latest value set: the times of files mean nothing
    assert from_zip.holds == 1
    assert [item.kind for item in official.kept()] == ["kit"]  # the second took the place of the first


def test_the_copy_is_repaired_and_the_original_is_not_touched(tmp_path: Path, home: Path) -> None:
    source = invented.folder(tmp_path / "kit")
    before = sorted(p.relative_to(source).as_posix() for p in source.rglob("*"))
    kept = added(source)
    assert sorted(p.relative_to(source).as_posix() for p in source.rglob("*")) == before
    header = "schematrons/profils/structurationMinimale/include"
    assert [(one.kind, one.file, one.by) for one in kept.repairs] == [
        ("stand-in", "jeuxDeValeurs/JDV_Manquant.xml", ""),
        ("missing", "schematrons/include/Absent.sch", ""),
        ("case", f"{header}/ANY.sch", f"{header}/any.sch"),
        ("rebuilt", f"{header}/voc-1.2.3.4.5.6-DYNAMIC.xml", "jeuxDeValeurs/JDV_Types.xml"),
    ]
    assert b'code="74207-2"' in (home / kept.folder / f"{header}/voc-1.2.3.4.5.6-DYNAMIC.xml").read_bytes()
    assert [one.kind for one in repair(home / kept.folder)] == ["missing"]


def test_what_judges_is_given_with_its_stand_ins(tmp_path: Path) -> None:
    added(invented.folder(tmp_path / "kit"))
    [one] = official.official()
    assert one.stand_ins == ("JDV_Manquant",)
    assert one.schemas == ("schematrons/profils/structurationMinimale/ASIP-STRUCT-MIN-StrucMin.sch",)
    assert one.label == "testContenuCDA (2025-02-06)"


@pytest.mark.parametrize("location", ["../../../x.xsd", "http://127.0.0.1/x.xsd", "/etc/x.xsd"])
def test_an_xsd_that_refers_outside_is_refused(tmp_path: Path, home: Path, location: str) -> None:
    own = f'<xs:include schemaLocation="{location}"/><xs:element'
    files = {**invented.FILES, "infrastructure/cda/CDA_extended.xsd": invented.XSD.replace("<xs:element", own, 1)}
    with pytest.raises(SchematronError):
        added(invented.folder(tmp_path / "kit", files))
    assert official.kept() == []
    assert not any((home / "kit").iterdir())


@pytest.mark.parametrize("name", ["../out.sch", "/abs.sch", "a/../../out.sch", "c:\\out.sch", "..\\out.sch"])
def test_a_zip_does_not_write_outside(tmp_path: Path, name: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, "<schema/>")
    (tmp_path / "bad.zip").write_bytes(out.getvalue())
    with pytest.raises(BundleError):
        bundle.read(tmp_path / "bad.zip")


def test_a_broken_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04nothing")
    with pytest.raises(BundleError):
        bundle.read(tmp_path / "bad.zip")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("own.sch", invented.HEADER, "schematron"),
        ("part.sch", invented.ABSTRACT, None),
        ("JDV.xml", invented.svs("1.2.3", ("A",)), "value_sets"),
        ("ValueSet.json", json.dumps(FHIR), "value_sets"),
        ("ValueSet.xml", '<ValueSet xmlns="http://hl7.org/fhir"/>', "value_sets"),
        ("ca.pem", PEM, "authorities"),
        ("StructureDefinition.json", '{"resourceType": "StructureDefinition"}', "fhir"),
        ("letter.txt", "schematron kit", None),
        ("doc.xml", invented.DOCUMENT, None),
    ],
)
def test_what_a_file_is(name: str, content: str, kind: str | None) -> None:
    found = recognise(Bundle(name, {name: content.encode()}))
    assert (found.kind if found else None) == kind


def test_a_schematron_of_ones_own_is_kept_under_its_title(tmp_path: Path) -> None:
    own = tmp_path / "own.sch"
    own.write_text(
        '<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"><title>Le mien</title>'
        '<pattern><rule context="a"><assert test="b"/></rule></pattern></schema>'
    )
    kept = added(own)
    assert (kept.kind, kept.name, kept.schemas) == ("schematron", "Le mien", ("own.sch",))
    own.write_text('<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="prolog"/>')
    with pytest.raises(SchematronError):
        added(own)
    assert [item.name for item in official.kept()] == ["Le mien"]


def test_value_sets_are_read_from_svs_and_fhir() -> None:
    files = {
        "a.xml": invented.svs("1.2.3", ("A", "B"), ended={"B": "20240101000000"}).encode(),
        "b.json": json.dumps(FHIR).encode(),
        "c.json": json.dumps({**FHIR, "compose": {"include": [{"system": "urn:oid:1.2", "filter": []}]}}).encode(),
        "d.json": b'{"resourceType": "ValueSet", "identifier": []}',
        "e.xml": b"<RetrieveValueSetResponse",
        "f.xml": b'<ValueSet xmlns="http://hl7.org/fhir"><identifier><value value="urn:oid:1.2.9"/></identifier>'
        b'<version value="20250101"/><compose><include><system value="urn:oid:1.5"/><concept><code value="Z"/>'
        b'<display value="z"/></concept></include></compose></ValueSet>',
    }
    found, left = value_sets.read(Bundle("sets", files))
    assert [(one.oid, one.date, dict(one.codes)) for one in found] == [
        ("1.2.3", "2025-02-06", {"1.2.250.1.999": {"A": "Libellé A", "B": "Libellé B"}}),
        ("1.2.3.4.5.7", "2026-01-01", {"1.2.250.1.999": {"M": "m", "Q": ""}}),
        ("1.2.9", "2025-01-01", {"1.5": {"Z": "z"}}),
    ]
    assert found[0].ends == {"1.2.250.1.999": {"B": "2024-01-01"}}
    assert [(one.file, one.why) for one in left] == [
        ("c.json", "not_listed"),
        ("d.json", "no_oid"),
        ("e.xml", "malformed"),
    ]


def test_authorities_are_kept(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(f"Autorité\n{PEM}{PEM}")
    assert added(tmp_path / "ca.pem").holds == 2
    [path] = official.authorities()
    assert path.read_text().count("BEGIN") == 2


def test_removing_forgets_and_deletes(tmp_path: Path, home: Path) -> None:
    kept = added(invented.folder(tmp_path / "kit"))
    artefacts.record("packages", [])
    assert official.remove("testContenuCDA") == ["testContenuCDA"]
    assert official.kept() == []
    assert not (home / kept.folder).exists()
    assert official.remove("testContenuCDA") == []


def test_a_lock_file_that_is_damaged_is_no_crash(home: Path) -> None:
    home.mkdir()
    (home / "artefacts.json").write_text('{"artefacts": [1, {"kind": "kit"}], "packages": 3}')
    assert official.kept() == []
    (home / "artefacts.json").write_text("[]")
    assert official.kept() == []
