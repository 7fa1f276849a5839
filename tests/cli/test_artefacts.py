"""`artefacts` and `check --profile`: the FHIR packages of others."""

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dui_conformance.run import artefacts
from tests.cli.conftest import Cli

PROFILE = "https://example.org/fhir/StructureDefinition/patient-nomme"


def package(
    needs: dict[str, str] | None = None, *, named: bool = True, name: str = "org.example.nomme", fhir: str = "4.0.1"
) -> bytes:
    profile = {
        "resourceType": "StructureDefinition", "url": PROFILE, "name": "Nomme", "status": "active", "kind": "resource",
        "abstract": False, "type": "Patient", "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {"element": [{"id": "Patient.name", "path": "Patient.name", "min": 1}]},
    }  # fmt: skip
    example: dict[str, Any] = {"resourceType": "Patient", "id": "un", "meta": {"profile": [PROFILE]}}
    if named:
        example["name"] = [{"family": "X"}]
    files = {
        "package/package.json": {
            "name": name,
            "version": "1.0.0",
            "dependencies": needs or {},
            "fhirVersions": [fhir],
        },
        "package/StructureDefinition-nomme.json": profile,
        "package/example/Patient-un.json": example,
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in files.items():
            data = json.dumps(content).encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DUI_CONFORMANCE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_package_is_added_listed_and_judged_against(cli: Cli, tmp_path: Path, home: Path) -> None:
    (tmp_path / "nomme.tgz").write_bytes(package({"org.example.absent": "2.0.0", "hl7.fhir.r4.core": "4.0.1"}))
    done = cli("artefacts", "add", str(tmp_path / "nomme.tgz"))
    assert done.code == 0
    assert "org.example.nomme 1.0.0 est ajouté" in done.out
    assert "Dépendance absente : org.example.absent 2.0.0" in done.out
    assert "hl7.fhir.r4.core" not in done.out
    lock = json.loads((home / "artefacts.json").read_bytes())
    assert lock["packages"][0]["sha256"]
    assert "org.example.nomme 1.0.0" in cli("artefacts", "list", "--lang", "en").out
    (tmp_path / "p.json").write_text('{"resourceType": "Patient", "active": true}')
    assert cli("check", str(tmp_path / "p.json")).code == 0
    told = cli("check", str(tmp_path / "p.json"), "--profile", PROFILE, "-f", "json")
    assert told.code == 1
    assert [f["rule"] for f in json.loads(told.out)["findings"]] == ["FHIR-CAR-001"]


def test_a_profile_is_asked_of_the_resources_of_its_type_alone(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "nomme.tgz").write_bytes(package())
    cli("artefacts", "add", str(tmp_path / "nomme.tgz"))
    exports = tmp_path / "exports"
    exports.mkdir()
    (exports / "o.json").write_text('{"resourceType": "Organization", "name": "X"}')
    other = json.loads(cli("check", str(exports), "--profile", PROFILE, "-f", "json").out)
    assert other["findings"] == []
    assert [n["name"] for n in other["not_checked"] if n["what"] == "fhir_profile_type"] == [PROFILE]
    entry = {"fullUrl": "urn:uuid:097ff8b7-dcbe-47cc-9d37-687df8b90f2e",
             "resource": {"resourceType": "Patient", "active": True}}  # fmt: skip
    (exports / "b.json").write_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [entry]}))
    told = json.loads(cli("check", str(exports), "--profile", PROFILE, "-f", "json").out)
    assert [f["location"]["path"] for f in told["findings"]] == ["Bundle.entry[0].resource"]
    assert not [n for n in told["not_checked"] if n["what"] == "fhir_profile_type"]


def test_a_typo_gets_the_nearest_profile(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"resourceType": "Patient"}')
    told = cli("check", str(tmp_path / "p.json"), "--profile", "http://hl7.org/fhir/StructureDefinition/Patiente")
    assert told.code == 2
    assert "http://hl7.org/fhir/StructureDefinition/Patient" in told.err


def test_a_folder_is_a_package(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "profils"
    folder.mkdir()
    (folder / "cs.json").write_text(
        '{"resourceType": "CodeSystem", "url": "https://example.org/cs", "status": "draft"}'
    )
    assert cli("artefacts", "add", str(folder)).code == 0
    first = artefacts.added()
    assert cli("artefacts", "add", str(folder)).code == 0
    assert artefacts.added() == first, "the same files are the same package"


@pytest.mark.parametrize("content", [b"", b"not a package", package()[:200]])
def test_what_is_no_package_is_refused(cli: Cli, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tgz").write_bytes(content)
    for action in ("add", "examples"):
        told = cli("artefacts", action, str(tmp_path / "x.tgz"))
        assert told.code == 2
        assert "n'est pas un paquet FHIR utilisable" in told.err
    assert artefacts.added() == []


@pytest.mark.parametrize(("named", "code"), [(True, 0), (False, 1)])
def test_the_examples_of_a_package_are_judged(cli: Cli, tmp_path: Path, named: bool, code: int) -> None:
    (tmp_path / "nomme.tgz").write_bytes(package(named=named))
    told = cli("artefacts", "examples", str(tmp_path / "nomme.tgz"))
    assert told.code == code
    assert "Patient/un" in told.out


@pytest.mark.parametrize("version", ["3.0.2", "4.3.0", "5.0.0"])
def test_a_package_of_another_fhir_is_refused(cli: Cli, tmp_path: Path, version: str) -> None:
    (tmp_path / "r5.tgz").write_bytes(package(fhir=version))
    told = cli("artefacts", "add", str(tmp_path / "r5.tgz"))
    assert told.code == 2
    assert f"est un paquet de FHIR {version} : seuls ceux de FHIR R4 (4.0.1) servent ici" in told.err
    assert artefacts.added() == []


def test_dependencies_are_those_of_the_packages_that_are_there(cli: Cli, tmp_path: Path) -> None:
    wanted = {"org.example.socle": "1.0.0", "org.example.autre": "2.0.0", "hl7.fhir.fr.core": "2.1.0", "x.absent": "3"}
    (tmp_path / "haut.tgz").write_bytes(package(wanted, name="org.example.haut"))
    for name in ("org.example.socle", "org.example.autre"):
        (tmp_path / "bas.tgz").write_bytes(package(name=name))
        assert cli("artefacts", "add", str(tmp_path / "bas.tgz")).code == 0
    told = cli("artefacts", "add", str(tmp_path / "haut.tgz"))
    assert "org.example.socle" not in told.out
    assert "une autre version : org.example.autre 2.0.0 est demandé, 1.0.0 est présent" in told.out
    assert "tenue en partie : hl7.fhir.fr.core 2.1.0" in told.out
    assert "Dépendance absente : x.absent 3" in told.out


class TestExpectedResults:
    def test_what_is_saved_is_what_is_expected(self, cli: Cli, tmp_path: Path) -> None:
        (tmp_path / "p.tgz").write_bytes(package(named=False))
        expected = str(tmp_path / "attendu.json")
        assert cli("artefacts", "examples", str(tmp_path / "p.tgz"), "--save", expected).code == 1
        told = cli("artefacts", "examples", str(tmp_path / "p.tgz"), "--expected", expected)
        assert told.code == 0
        assert "1 exemples, 0 autres qu'attendu." in told.out

    def test_what_differs_is_told(self, cli: Cli, tmp_path: Path) -> None:
        (tmp_path / "p.tgz").write_bytes(package(named=False))
        listed = {"Patient/un": ["FHIR-CARDINALITY-MAX Patient.name"], "Patient/deux": []}
        (tmp_path / "attendu.json").write_text(json.dumps({"examples": listed}))
        told = cli(
            "artefacts",
            "examples",
            str(tmp_path / "p.tgz"),
            "--expected",
            str(tmp_path / "attendu.json"),
            "--lang",
            "en",
        )
        assert told.code == 1
        assert "unexpected: The element name is required" in told.out
        assert "expected, absent: FHIR-CARDINALITY-MAX Patient.name" in told.out
        assert "absent   Patient/deux" in told.out

    @pytest.mark.parametrize("content", ["", "[]", '{"examples": {"a": 1}}'])
    def test_what_was_not_saved_is_refused(self, cli: Cli, tmp_path: Path, content: str) -> None:
        (tmp_path / "p.tgz").write_bytes(package())
        (tmp_path / "e.json").write_text(content)
        told = cli("artefacts", "examples", str(tmp_path / "p.tgz"), "--expected", str(tmp_path / "e.json"))
        assert told.code == 2
        assert "n'est pas un fichier écrit par --save" in told.err


def test_an_example_of_a_bundle_is_not_held_to_a_profile_of_what_is_in_it() -> None:
    """Guides name, for a Bundle, the profile of the resource that it shows."""
    from dui_conformance.fhir.packages import read

    guide = {
        "resourceType": "ImplementationGuide", "url": "https://example.org/ig", "definition": {
            "resource": [{"reference": {"reference": "Bundle/b"}, "exampleCanonical": PROFILE}]
        },
    }  # fmt: skip
    held = read(package())
    shown = replace(
        held,
        resources=(*held.resources, guide),
        examples=({"resourceType": "Bundle", "id": "b", "type": "collection"},),
    )
    assert [example.errors for example in artefacts.examples(shown)] == [()]
