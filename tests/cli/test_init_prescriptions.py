"""`init --prescriptions`: a model of integration.json, which `check` recognises."""

import json
from pathlib import Path

from tests.cli.conftest import Cli

DATE = ("--date", "2026-11-21")


def test_the_model_is_written_and_recognised(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "recues"
    folder.mkdir()
    done = cli("init", "--prescriptions", str(folder))
    assert (done.code, done.out) == (0, "")
    assert "integration.json" in done.err
    assert not (tmp_path / "dui.toml").exists()
    done = cli("check", str(folder), *DATE, "-f", "json")
    run = json.loads(done.out)
    assert [subject["kind"] for subject in run["subjects"]] == ["integration"]
    # the files that the model names are not there: it is a model
    assert {finding["rule"] for finding in run["findings"]} == {"INT-DOC-004"}


def test_a_report_that_is_there_is_kept(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "integration.json").write_text("mine")
    assert cli("init", "--prescriptions", str(tmp_path)).code == 2
    assert (tmp_path / "integration.json").read_text() == "mine"
    assert cli("init", "--prescriptions", str(tmp_path), "--force").code == 0
    assert (tmp_path / "integration.json").read_text() != "mine"


def test_a_folder_that_is_not_there_is_told(cli: Cli, tmp_path: Path) -> None:
    done = cli("init", "--prescriptions", str(tmp_path / "absent"))
    assert done.code == 2
    assert "integration.json" in done.err
