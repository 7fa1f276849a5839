"""`artefacts` and `check --profile`: the FHIR packages of others."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from dui_conformance.run import artefacts
from tests.cli.conftest import Cli

PROFILE = "https://example.org/fhir/StructureDefinition/patient-nomme"


def package(needs: dict[str, str] | None = None, *, named: bool = True) -> bytes:
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
        "package/package.json": {"name": "org.example.nomme", "version": "1.0.0", "dependencies": needs or {}},
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


def test_a_typo_gets_the_nearest_profile(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"resourceType": "Patient"}')
    told = cli("check", str(tmp_path / "p.json"), "--profile", "http://hl7.org/fhir/StructureDefinition/Patiente")
    assert told.code == 2
    assert "http://hl7.org/fhir/StructureDefinition/Patient" in told.err


def test_a_folder_is_a_package(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "profils"
    folder.mkdir()
    (folder / "vs.json").write_text('{"resourceType": "ValueSet", "url": "https://example.org/vs", "status": "draft"}')
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
