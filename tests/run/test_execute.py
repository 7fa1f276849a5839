"""From paths and a manifest to run.json: what it holds, that it is canonical, that it follows its published schema."""

import dataclasses
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dui_conformance import runjson
from dui_conformance.readiness.manifest import Manifest, Project, Waiver, load
from dui_conformance.run.execute import Job, execute
from dui_conformance.run.preset import presets
from tests.places import FAILING, READY, ROOT

TODAY = datetime.date(2026, 11, 21)


def job(editor: Path, **more: Any) -> Job:
    asked = Job([editor / "exports"], editor, TODAY, load(editor / "dui.toml"), declared=True)
    return dataclasses.replace(asked, **more)


@cache
def ready() -> runjson.Run:
    return execute(job(READY))


@cache
def failing() -> runjson.Run:
    return execute(job(FAILING))


def valid(run: runjson.Run) -> None:
    problems = [
        f"{e.json_path}: {e.message[:200]}"
        for e in Draft202012Validator(runjson.schema()).iter_errors(json.loads(runjson.dumps(run)))
    ]
    assert not problems, problems[:5]


class TestReadyAndFailing:
    def test_the_ready_editor_is_ready(self) -> None:
        readiness = ready()["readiness"]
        assert readiness["ready"] is True, readiness["blocking"]
        assert readiness["blocking"] == readiness["next"] == []
        assert readiness["sentence"]["fr"].startswith("Prêt pour le dépôt")
        assert readiness["sentence"]["en"].startswith("Ready to file")

    def test_the_failing_editor_is_not(self) -> None:
        readiness = failing()["readiness"]
        assert readiness["ready"] is False
        assert len(readiness["blocking"]) > 20
        assert {step["kind"] for step in readiness["next"]} >= {"fix", "produce", "attest", "declare"}

    def test_what_is_at_stake(self) -> None:
        for run in (ready(), failing()):
            funding = run["funding"]
            assert funding is not None
            assert funding["at_stake"] == 93_000
            assert funding["blocking"] == run["readiness"]["blocking"]

    @pytest.mark.parametrize("which", [ready, failing])
    def test_they_follow_the_schema(self, which: Any) -> None:
        valid(which())

    @pytest.mark.parametrize("which", [ready, failing])
    def test_what_they_say_holds_together(self, which: Any) -> None:
        run: runjson.Run = which()
        subjects = {s["id"] for s in run["subjects"]}
        assert len(subjects) == len(run["subjects"])
        assert all(s["parent"] in subjects | {""} for s in run["subjects"])
        assert all(f["subject"] in subjects for f in run["findings"])
        rules = {r["id"]: r for r in run["rules"]}
        assert {f["rule"] for f in run["findings"]} <= set(rules)
        prints = {f["fingerprint"] for f in run["findings"]}
        for row in run["requirements"]:
            assert set(row["findings"]) <= prints
            for proof in row["proofs"]:
                assert set(proof.get("subjects", ())) <= subjects
        readiness = run["readiness"]
        binding = [r for r in run["requirements"] if r["table"] == readiness["table"] and r["binding"]]
        assert readiness["binding"] == len(binding) == sum(readiness["counts"].values())
        assert readiness["settled"] + len(readiness["blocking"]) == readiness["binding"]
        assert all(count > 0 for rule in rules.values() for count in rule["outcomes"].values())
        assert run["tool"]["rules"] >= len(run["rules"]) > 1000, "a rule about a kind that was not met is not counted"

    def test_every_subject_was_judged_by_a_rule_or_is_listed(self) -> None:
        for run in (ready(), failing()):
            kinds = {s["kind"] for s in run["subjects"] if not s["judged"]}
            listed = {n["name"] for n in run["not_checked"] if n["what"] == "kind"}
            assert listed <= kinds
            assert {"fhir", "hl7v2"} & kinds <= listed


class TestCanonical:
    def test_keys_are_sorted_and_the_text_ends_with_a_line_feed(self) -> None:
        text = runjson.dumps(ready())
        assert text.endswith("}\n")
        assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    def test_no_clock(self) -> None:
        """Another day on which nothing more has expired gives the same bytes."""
        later = execute(job(READY, today=TODAY + datetime.timedelta(days=3)))
        assert runjson.dumps(later) == runjson.dumps(ready())

    def test_nothing_of_the_machine(self) -> None:
        text = runjson.dumps(failing())
        for foreign in (str(ROOT), str(Path.home()), tempfile.gettempdir() + "/", os.uname().nodename + '"'):
            assert foreign not in text

    def test_same_bytes_wherever_the_exports_lie(self, tmp_path: Path) -> None:
        shutil.copytree(READY, tmp_path / "elsewhere")
        assert runjson.dumps(execute(job(tmp_path / "elsewhere"))) == runjson.dumps(ready())

    def test_same_bytes_whatever_the_hash_seed(self) -> None:
        command = (
            "import sys; from tests.run.test_execute import failing; from dui_conformance import runjson; "
            "sys.stdout.buffer.write(runjson.dumps(failing()).encode())"
        )
        for seed in ("1", "2"):
            environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
            out = subprocess.run([sys.executable, "-c", command], env=environment, capture_output=True, check=True)
            assert out.stdout == runjson.dumps(failing()).encode(), f"seed {seed}"


class TestOtherRuns:
    def test_an_empty_folder(self, tmp_path: Path) -> None:
        run = execute(Job([tmp_path], tmp_path, TODAY))
        valid(run)
        assert run["subjects"] == run["findings"] == []
        assert run["readiness"]["ready"] is False
        kinds = [step["kind"] for step in run["readiness"]["next"]]
        assert "produce" in kinds
        assert "declare" in kinds
        produce = next(step for step in run["readiness"]["next"] if step["kind"] == "produce")
        assert len(produce["requirements"]) > 1, "the export that serves most comes first"
        assert {r["applicable"] for r in run["requirements"] if r["table"] == "wave1-dui"} >= {"yes", "assumed"}
        assert run["product"]["declared"] is False
        assert run["funding"] is None

    def test_unreadable_things(self, tmp_path: Path) -> None:
        (tmp_path / "empty.xml").touch()
        (tmp_path / "cut.xml").write_text("<ClinicalDocument xmlns='urn:hl7-org:v3'><a>")
        (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04nothing")
        (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4")
        (tmp_path / "noise.bin").write_bytes(bytes(range(256)))
        (tmp_path / "link").symlink_to(tmp_path / "nowhere")
        (tmp_path / ".hidden").write_text("x")
        run = execute(Job([tmp_path], tmp_path, TODAY))
        valid(run)
        spoken = {f["subject"].rsplit("/", 1)[-1] for f in run["findings"] if f["outcome"] == "failed"}
        assert spoken >= {"empty.xml", "cut.xml", "broken.zip", "broken.pdf", "link"}
        assert {n["what"] for n in run["not_checked"]} >= {"hidden", "kind"}
        assert all(f["remedy"]["fr"] and f["message"]["fr"] for f in run["findings"])

    def test_a_wave_known_in_part(self) -> None:
        run = execute(job(READY, preset=presets()["segur-vague2"]))
        valid(run)
        assert run["readiness"]["wave"] == 2
        assert run["readiness"]["ready"] is not True
        assert "vague 2" in run["readiness"]["sentence"]["fr"]

    def test_a_selection_lists_what_it_left_out(self) -> None:
        run = execute(job(READY, only=("INPUT-*",)))
        valid(run)
        assert {rule["id"].split("-")[0] for rule in run["rules"]} == {"INPUT"}
        left_out = [n["name"] for n in run["not_checked"] if n["what"] == "rule"]
        assert len(left_out) > 100
        assert run["readiness"]["ready"] is not True, "nothing judged, nothing proved"

    def test_undeclared_settings_list_their_rules(self) -> None:
        run = execute(Job([READY / "exports"], READY, TODAY))
        valid(run)
        why = {n["why"]["fr"] for n in run["not_checked"] if n["what"] == "rule"}
        assert any("n'est pas déclaré dans dui.toml" in text for text in why)

    def test_waivers_are_told_used_unused_and_expired(self) -> None:
        manifest = load(FAILING / "dui.toml")
        rule = next(f["rule"] for f in failing()["findings"] if f["level"] == "error" and f["outcome"] == "failed")
        late, soon = datetime.date(2026, 1, 1), datetime.date(2027, 1, 1)
        waivers = (
            Waiver(rule, "*", "", "Connu", "Qualité", soon),
            Waiver("INPUT-001", "nowhere/*", "", "Connu", "Qualité", soon),
            Waiver(rule, "*", "", "Connu", "Qualité", late),
        )
        run = execute(job(FAILING, manifest=dataclasses.replace(manifest, waivers=waivers)))
        valid(run)
        assert [w["state"] for w in run["waivers"]] == ["used", "unused", "expired"]
        waived = [f for f in run["findings"] if f["waived"]]
        assert {f["rule"] for f in waived} == {rule}
        assert run["waivers"][0]["findings"] == len(waived) > 0

    def test_refused_attestations_are_told(self, tmp_path: Path) -> None:
        shutil.copy(READY / "dui.toml", tmp_path)
        run = execute(Job([READY / "exports"], READY, TODAY, load(tmp_path / "dui.toml"), declared=True))
        valid(run)
        assert len(run["attestations_refused"]) == len(load(READY / "dui.toml").attestations)
        assert run["readiness"]["ready"] is False

    def test_a_project_whose_amounts_nobody_published(self) -> None:
        project = Project("esms-numerique-2024", 20, False, {})
        run = execute(job(READY, manifest=dataclasses.replace(load(READY / "dui.toml"), project=project)))
        valid(run)
        assert run["funding"] is not None
        assert run["funding"]["unknown_at_stake"] is True
        assert any(line["amount"] is None and line["unknown"] for line in run["funding"]["lines"])

    def test_once_referenced_nothing_is_at_stake(self) -> None:
        run = execute(job(READY, manifest=dataclasses.replace(load(READY / "dui.toml"), referenced=True)))
        assert run["funding"] is not None
        assert (run["funding"]["at_stake"], run["funding"]["blocking"]) == (0, [])

    def test_the_same_folder_twice(self) -> None:
        run = execute(job(READY, paths=[READY / "exports" / "documents", READY / "exports" / "documents"]))
        ids = [s["id"] for s in run["subjects"]]
        assert len(ids) == len(set(ids))
        valid(run)

    def test_the_current_folder_has_a_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(READY / "exports" / "pdf")
        assert execute(Job([Path()], Path.cwd(), TODAY, Manifest()))["inputs"] == ["pdf"]

    def test_file_names_of_any_form(self, tmp_path: Path) -> None:
        names = ["a b.xml", "é.xml", "e\u0301.xml", "x" * 200 + ".xml", "<script>.xml", "a!b.xml", "\u202egnp.xml"]
        for name in names:
            (tmp_path / name).write_text("<ClinicalDocument xmlns='urn:hl7-org:v3'/>")
        (tmp_path / os.fsdecode(b"\xff\xfe.xml")).write_text("<ClinicalDocument xmlns='urn:hl7-org:v3'/>")
        run = execute(Job([tmp_path], tmp_path, TODAY))
        valid(run)
        assert len({s["id"] for s in run["subjects"]}) == len(names) + 1
        runjson.dumps(run).encode("utf-8")


class TestLoad:
    def write(self, folder: Path, content: str | bytes) -> Path:
        path = folder / "run.json"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def test_what_was_written_is_read_back(self, tmp_path: Path) -> None:
        assert runjson.load(self.write(tmp_path, runjson.dumps(failing()))) == failing()

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("", "not JSON"),
            ("{", "not JSON"),
            (b"\xff\xfe\x00", "not JSON"),
            ("[" * 100_000, "not JSON"),
            ("[]", "$"),
            ("{}", "required"),
            ("null", "$"),
            ('{"format": "dui-conformance/run/1"}', "required"),
        ],
    )
    def test_what_is_no_run_is_refused(self, tmp_path: Path, content: str | bytes, said: str) -> None:
        with pytest.raises(runjson.RunFileError) as refused:
            runjson.load(self.write(tmp_path, content))
        assert said in str(refused.value)
        assert "run.json" in str(refused.value)

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (lambda run: run.update(format="dui-conformance/run/9"), "format"),
            (lambda run: run.update(more=1), "more"),
            (lambda run: run["findings"][0].update(level="fatal"), "level"),
            (lambda run: run["subjects"][0].pop("sha256"), "sha256"),
            (lambda run: run["readiness"].update(ready="yes"), "ready"),
        ],
    )
    def test_a_run_that_was_changed_is_refused_with_the_place(self, tmp_path: Path, change: Any, said: str) -> None:
        data = json.loads(runjson.dumps(failing()))
        change(data)
        with pytest.raises(runjson.RunFileError, match=said):
            runjson.load(self.write(tmp_path, json.dumps(data)))

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(runjson.RunFileError, match="nowhere"):
            runjson.load(tmp_path / "nowhere.json")
