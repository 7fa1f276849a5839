"""Proofs in a run: judged before filing, and refused where no reviewer can open them; veraPDF where it is asked for."""

import dataclasses
import datetime
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from dui_conformance import runjson
from dui_conformance.readiness.manifest import Manifest, load
from dui_conformance.run.execute import Job, execute
from dui_conformance.run.proofs import handed_in
from dui_conformance.subjects import pdf_verapdf
from tests.places import READY
from tests.subjects.verapdf import stand_in

TODAY = datetime.date(2026, 11, 21)
GRID = READY / "exports/pdf/grille-evaluation.pdf"


def ran(manifest: Manifest, **more: Any) -> runjson.Run:
    return execute(Job([GRID], READY, TODAY, manifest, declared=True, **more))


@pytest.fixture
def editor(tmp_path: Path) -> Path:
    shutil.copytree(READY / "attestations", tmp_path / "attestations")
    shutil.copy(READY / "dui.toml", tmp_path)
    return tmp_path


def spoken(run: runjson.Run, prefix: str) -> dict[str, str]:
    return {f["rule"]: f["outcome"] for f in run["findings"] if f["rule"].startswith(prefix)}


def test_the_proofs_of_the_ready_editor_are_judged_and_silent(editor: Path) -> None:
    run = ran(load(editor / "dui.toml"))
    proofs = [subject["id"] for subject in run["subjects"] if subject["kind"] == "proof"]
    assert len(proofs) == len(load(editor / "dui.toml").attestations)
    assert spoken(run, "PROOF") == {}
    assert run["attestations_refused"] == []


def test_a_proof_that_does_not_open_attests_nothing(editor: Path) -> None:
    screen = editor / "attestations/parametrage-mention.png"
    screen.write_bytes(screen.read_bytes()[:500])
    run = ran(load(editor / "dui.toml"))
    assert spoken(run, "PROOF-001") == {"PROOF-001": "failed"}
    (refused,) = run["attestations_refused"]
    assert refused["file"] == "attestations/parametrage-mention.png"
    assert "cut" in refused["why"]["en"]


def test_the_notice_without_its_screen_fails_its_requirement(editor: Path) -> None:
    declared = load(editor / "dui.toml")
    alone = tuple(item for item in declared.attestations if not item.file.endswith(".png"))
    run = ran(dataclasses.replace(declared, attestations=alone))
    assert spoken(run, "PROOF") == {"PROOF-010": "failed"}
    (row,) = [row for row in run["requirements"] if row["id"] == "SC.DOC.06.MS1"]
    assert row["status"] == "failed"


def test_a_file_that_is_not_there_is_left_to_readiness(editor: Path) -> None:
    (editor / "attestations/recette-identites.md").unlink()
    declared = load(editor / "dui.toml")
    assert len(handed_in(declared)) == len(declared.attestations) - 1
    assert [item["file"] for item in ran(declared)["attestations_refused"]] == ["attestations/recette-identites.md"]


def test_verapdf_is_run_where_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = load(READY / "dui.toml")
    monkeypatch.setenv(pdf_verapdf.VARIABLE, stand_in(tmp_path, "refuses"))
    unasked = ran(manifest)
    assert spoken(unasked, "PDF-06") == {}
    assert unasked["options"]["verapdf"] == ""
    why = [item["why"]["en"] for item in unasked["not_checked"] if item["name"] == "PDF-060"]
    assert why == ["veraPDF is not asked for (option --verapdf)"]
    asked = ran(manifest, verapdf=True)
    assert spoken(asked, "PDF-06") == {"PDF-060": "failed"}
    assert asked["options"]["verapdf"] == "veraPDF 1.28.2"
    monkeypatch.setenv(pdf_verapdf.VARIABLE, str(tmp_path / "nowhere"))
    absent = ran(manifest, verapdf=True)
    assert spoken(absent, "PDF-06") == {"PDF-061": "review"}


def test_what_is_printed_does_not_leave(tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    exports.mkdir()
    for name in ("20260421_Grille d'evaluation_QUILLEVERE_ANNICK.pdf", "autre.pdf"):
        shutil.copy(GRID, exports / name)
    declared = dataclasses.replace(load(READY / "dui.toml"), attestations=(), exports={"gdpr_notice": "Autre mention."})
    run = execute(Job([exports], tmp_path, TODAY, declared, declared=True))
    assert spoken(run, "PDF-PRT") == {"PDF-PRT-050": "failed"}
    text = json.dumps(run, ensure_ascii=False).casefold()
    for value in ("quillevere", "annick", "244023523820559", "29-02-1944", "29/02/1944", "gir 3"):
        assert value not in text, value
