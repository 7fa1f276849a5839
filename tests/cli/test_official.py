"""`artefacts` with what is official, and `check --official`: what a user reads."""

import json
import re
from pathlib import Path

import pytest

from dui_conformance.official import saxon
from tests.cli.conftest import Cli
from tests.official import invented
from tests.places import READY

GOOD = (READY / "exports" / "documents" / "dlu.xml").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DUI_CONFORMANCE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_the_kit_is_added_listed_and_removed(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "kit.zip").write_bytes(invented.zipped())
    done = cli("artefacts", "add", tmp_path / "kit.zip")
    assert done.code == 0
    assert "testContenuCDA 2025-02-06 du 2025-03-06 (kit de l'ANS, 1 modèles de document) : ajouté." in done.out
    assert "reconstruit d'après jeuxDeValeurs/JDV_Types.xml" in done.out
    assert "absent du kit, remplacé par une liste vide : jeuxDeValeurs/JDV_Manquant.xml" in done.out
    assert "inclusion absente du kit" in done.out
    listed = cli("artefacts", "list")
    assert re.search(r"testContenuCDA .* sha256 [0-9a-f]{16}…  ajouté le \d{4}-\d\d-\d\d", listed.out)
    assert cli("artefacts", "remove", "testContenuCD").code == 2
    assert "testContenuCDA est retiré." in cli("artefacts", "remove", "testContenuCDA").out
    assert "testContenuCDA" not in cli("artefacts", "list").out


def test_the_version_and_the_date_can_be_told(cli: Cli, tmp_path: Path) -> None:
    kit = invented.folder(tmp_path / "kit")
    done = cli("artefacts", "add", kit, "--version", "3.0", "--date", "2025-03-01")
    assert "testContenuCDA 3.0 du 2025-03-01" in done.out
    assert cli("artefacts", "add", kit, "--date", "hier").code == 2


def test_value_sets_say_what_was_not_taken(cli: Cli, tmp_path: Path) -> None:
    lists = {f"JDV_{rank}.xml": invented.svs(f"1.2.{rank}", ("A",)) for rank in (3, 4)}
    lists["JDV_B.xml"] = invented.svs("1.2.5", ())
    done = cli("artefacts", "add", invented.folder(tmp_path / "jdv", lists))
    assert "jdv du 2025-02-06 (jeux de valeurs, 2 listes) : ajouté." in done.out
    assert "1 fichiers non pris (sans code) : JDV_B.xml" in done.out


def test_what_is_nothing_known_is_refused_plainly(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04")
    done = cli("artefacts", "add", tmp_path / "bad.zip")
    assert done.code == 2
    assert "bad.zip ne peut pas être ajouté : bad.zip : zip vide ou illisible" in done.err


def test_official_without_an_artefact_or_without_saxon_says_what_to_do(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = tmp_path / "dlu.xml"
    document.write_text(GOOD, encoding="utf-8")
    done = cli("check", document, "--official")
    assert done.code == 2
    assert "aucun artefact officiel ajouté" in done.err
    cli("artefacts", "add", invented.folder(tmp_path / "kit"))
    monkeypatch.setattr(saxon, "is_there", lambda: False)
    done = cli("check", document, "--official")
    assert done.code == 2
    assert "pip install 'dui-conformance[official]'" in done.err


def test_official_findings_stand_in_the_same_list(cli: Cli, tmp_path: Path) -> None:
    cli("artefacts", "add", invented.folder(tmp_path / "kit"))
    document = tmp_path / "dlu.xml"
    document.write_text(re.sub(r"<setId[^>]*/>", "", GOOD), encoding="utf-8")
    done = cli("check", document, "--official", "--only", "CDA-HDR-*", "--jobs", "1")
    assert done.code == 1
    text = " ".join(done.out.split())
    assert "L’artefact officiel le dit aussi (ASIP-STRUCT-MIN-StrucMin) : Il faut un setId" in text
    assert text.count("Il faut un setId") == 1
    assert "kit de l’ANS : testContenuCDA 2025-02-06, du 6 février 2025" in text
    assert "1 document jugé, 1 refusé" in text
    for report in ("json", "html", "markdown", "junit", "sarif"):
        out = tmp_path / f"report.{report}"
        assert cli("check", document, "--official", "--format", report, "--output", out).code == 1
        assert "OFFICIAL-DLU-EHPAD-DLU_2022.01-" in out.read_text(encoding="utf-8") or report == "junit"
    assert "artefacts" in json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
