"""The official artefacts beside our rules, in one list: what both say once, what one says in its own name."""

import datetime
import re
from dataclasses import replace
from pathlib import Path

import pytest

from dui_conformance import runjson
from dui_conformance.engine import second_opinion
from dui_conformance.readiness.manifest import Manifest, Waiver
from dui_conformance.run import official
from dui_conformance.run.execute import Job, execute
from tests.official import invented
from tests.places import READY

TODAY = datetime.date(2026, 11, 22)
GOOD = (READY / "exports" / "documents" / "dlu.xml").read_text(encoding="utf-8")
NO_SET_ID = re.sub(r"<setId[^>]*/>", "", GOOD)
NO_TITLE = re.sub(r"<title>[^<]*</title>", "<relatedDocument typeCode='XFRM'/>", GOOD, count=1)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The invented kit, added."""
    monkeypatch.setenv("DUI_CONFORMANCE_HOME", str(tmp_path / "home"))
    lists = {name: text for name, text in invented.FILES.items() if "Manquant" not in text}
    model = invented.MODEL.replace("JDV_Manquant", "JDV_Deux")
    files = {**lists, "schematrons/CI-SIS_DLU-EHPAD-DLU_2022.01.sch": model}
    files["jeuxDeValeurs/JDV_Deux.xml"] = invented.svs("1.2.3.4.5.8", ("Z", "N", "R"))
    bundle, what = official.recognised(invented.folder(tmp_path / "kit", files))
    assert what is not None
    official.add(bundle, what, TODAY)
    return tmp_path


def run(home: Path, workers: int = 1, **documents: str) -> runjson.Run:
    folder = home / "exports"
    folder.mkdir(exist_ok=True)
    for name, text in documents.items():
        (folder / f"{name}.xml").write_text(text, encoding="utf-8")
    return execute(Job([folder], folder, TODAY, official=True, workers=workers))


def told(found: runjson.Run) -> list[runjson.Finding]:
    return [f for f in found["findings"] if f["rule"].startswith("OFFICIAL-") or f.get("also_official")]


def test_a_document_that_both_accept_is_silent(home: Path) -> None:
    found = run(home, good=GOOD)
    assert told(found) == []
    [kit] = found["artefacts"]
    assert (kit["name"], kit["date"], kit["judged"], kit["accepted"]) == ("testContenuCDA", "2025-02-06", 1, 1)
    assert kit["added"] == "2026-11-22"
    assert len(kit["sha256"]) == 64
    assert {"kind": "missing", "file": "schematrons/include/Absent.sch", "by": ""} in kit["repairs"]


def test_what_both_say_is_shown_once_and_is_ours(home: Path) -> None:
    [one] = told(run(home, bad=NO_SET_ID))
    assert one["rule"] == "CDA-HDR-031"
    [echo] = one["also_official"]
    assert echo["message"] == "Il faut un setId, trouvés : 0"
    assert echo["schema"] == "ASIP-STRUCT-MIN-StrucMin"


def test_what_the_kit_alone_says_is_said_in_its_name_with_its_date(home: Path) -> None:
    found = run(home, bad=GOOD.replace("<maritalStatusCode", "<maritalStatusCode ", 1).replace('code="N"', 'code="?"'))
    [one] = [f for f in told(found) if f["rule"].startswith("OFFICIAL-DLU-EHPAD-DLU_2022.01-")]
    assert one["message"]["fr"].startswith("testContenuCDA (2025-02-06) : [member] ? hors de")
    assert (one["level"], one["outcome"]) == ("error", "failed")
    assert one["location"]["line"]
    [rule] = [r for r in found["rules"] if r["id"] == one["rule"]]
    assert rule["source"]["spec"].startswith("testContenuCDA (2025-02-06), sha256 ")
    assert rule["outcomes"] == {"failed": 1}
    assert found["artefacts"][0]["refused"] == 1


def test_the_run_follows_its_schema_and_does_not_depend_on_the_workers(home: Path) -> None:
    documents = {"a": GOOD, "b": NO_SET_ID, "c": NO_TITLE}
    alone = run(home, **documents)
    path = home / "run.json"
    path.write_text(runjson.dumps(alone), encoding="utf-8")
    assert runjson.load(path) == alone
    assert run(home, workers=2, **documents) == alone


def test_what_an_absent_list_refuses_is_a_defect_of_the_kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUI_CONFORMANCE_HOME", str(tmp_path / "home"))
    bundle, what = official.recognised(invented.folder(tmp_path / "kit"))
    assert what is not None
    official.add(bundle, what, TODAY)
    found = run(tmp_path, good=GOOD)
    [one] = told(found)
    assert (one["level"], one["outcome"]) == ("info", "review")
    assert "défaut du kit" in one["message"]["fr"]
    assert "JDV_Manquant.xml" in one["message"]["en"]
    assert found["artefacts"][0]["accepted"] == 1


def test_a_schema_that_cannot_run_concludes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUI_CONFORMANCE_HOME", str(tmp_path / "home"))
    own = tmp_path / "own.sch"
    own.write_text(
        '<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"><title>Le mien</title>'
        '<pattern><rule context="a"><assert test="not("/></rule></pattern></schema>'
    )
    bundle, what = official.recognised(own)
    assert what is not None
    official.add(bundle, what, TODAY)
    found = run(tmp_path, good=GOOD)
    [one] = told(found)
    assert (one["rule"], one["outcome"]) == ("OFFICIAL-SCHEMATRON", "blocked")
    assert found["artefacts"][0]["failed"] == 1


def test_personal_values_of_the_document_are_masked_in_the_words_of_the_kit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUI_CONFORMANCE_HOME", str(tmp_path / "home"))
    (tmp_path / "own.sch").write_text(
        '<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">'
        '<ns prefix="h" uri="urn:hl7-org:v3"/><pattern><rule context="h:patient/h:name">'
        '<assert test="false()">Nom : <value-of select="h:family"/></assert></rule></pattern></schema>'
    )
    bundle, what = official.recognised(tmp_path / "own.sch")
    assert what is not None
    official.add(bundle, what, TODAY)
    found = run(tmp_path, good=GOOD)
    [one] = told(found)
    for family in re.findall(r"<family[^>]*>([^<]+)</family>", GOOD.partition("</patient>")[0]):
        assert family not in runjson.dumps(found)
    assert one["message"]["fr"].startswith("own : Nom : ")


def test_every_tie_names_rules_that_exist() -> None:
    from dui_conformance.rules import catalogue

    known = catalogue.load().rules
    for digest, rules in second_opinion.ties().items():
        assert re.fullmatch(r"[0-9a-f]{12}", digest)
        assert rules
        assert [rule for rule in rules if rule not in known] == []


def test_a_document_too_large_is_not_given_to_saxon(home: Path) -> None:
    found = run(home, big=GOOD.replace("<text>", "<text>" + "<br/>" * 20_001, 1))
    [one] = told(found)
    assert (one["rule"], one["outcome"]) == ("OFFICIAL-KIT", "blocked")
    assert "trop gros" in one["message"]["fr"]


def test_a_finding_of_the_kit_can_be_waived(home: Path) -> None:
    folder = home / "exports"
    folder.mkdir()
    (folder / "a.xml").write_text(GOOD.replace('code="N"', 'code="?"'), encoding="utf-8")
    job = Job([folder], folder, TODAY, official=True)
    [name] = {f["rule"] for f in execute(job)["findings"] if f["rule"].startswith("OFFICIAL-")}
    waiver = Waiver(name, "*", "", "le kit se trompe", "qualité", datetime.date(2027, 1, 1))
    found = execute(replace(job, manifest=replace(Manifest(), waivers=(waiver,))))
    [one] = [f for f in found["findings"] if f["rule"] == name]
    assert one["waived"] == {"owner": "qualité", "reason": "le kit se trompe", "expires": "2027-01-01"}
