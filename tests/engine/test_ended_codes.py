"""A code that its list no longer holds: judged at the day of the document."""

import datetime
import json
import re
from pathlib import Path

import pytest

from dui_conformance import runjson
from dui_conformance.rules import catalogue
from dui_conformance.run import official
from dui_conformance.run.execute import Job, execute
from tests.places import READY

TODAY = datetime.date(2026, 11, 22)
GOOD = (READY / "exports" / "documents" / "dlu.xml").read_text(encoding="utf-8")
CODE = "ESSMS"  # of J04, in the main act


@pytest.fixture
def without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A newer J04 (2030-01-01) that does not hold the code any more, added."""
    monkeypatch.setenv("DUI_CONFORMANCE_HOME", str(tmp_path / "home"))
    shipped = catalogue.load().value_sets["J04"]
    systems: dict[str, list[dict[str, str]]] = {}
    for code, labels in shipped.codes.items():
        for system, label in labels.items():
            if code != CODE:
                systems.setdefault(system, []).append({"code": code, "display": label})
    resource = {
        "resourceType": "ValueSet",
        "name": "JDV_J04",
        "version": "20300101000000",
        "identifier": [{"value": f"urn:oid:{shipped.oid}"}],
        "compose": {"include": [{"system": f"urn:oid:{s}", "concept": c} for s, c in systems.items()]},
    }
    (tmp_path / "J04.json").write_text(json.dumps(resource))
    bundle, what = official.recognised(tmp_path / "J04.json")
    assert what is not None
    kept = official.add(bundle, what, TODAY)
    assert (kept.kind, kept.name, kept.date, kept.holds) == ("value_sets", "JDV_J04", "2030-01-01", 1)
    return tmp_path


def run(where: Path, day: str) -> runjson.Run:
    folder = where / "exports"
    folder.mkdir()
    text = re.sub(r'(<effectiveTime value=")\d{8}', rf"\g<1>{day}", GOOD, count=1)
    assert CODE in text
    (folder / "dlu.xml").write_text(text, encoding="utf-8")
    return execute(Job([folder], folder, TODAY, only=("CDA-ACT-*", "CDA-AUT-*")))


def about(found: runjson.Run) -> list[runjson.Finding]:
    return [f for f in found["findings"] if CODE in f["message"]["fr"]]


def test_a_document_of_before_is_told_and_not_refused(without: Path) -> None:
    found = run(without, "20250101")
    assert about(found)
    for finding in about(found):
        assert (finding["level"], finding["outcome"]) == ("info", "review")
        assert "était valide jusqu'au 2030-01-01" in finding["message"]["fr"]
        assert "was valid until 2030-01-01" in finding["message"]["en"]
    rules = {finding["rule"] for finding in about(found)}
    assert all(rule["outcomes"].get("passed") for rule in found["rules"] if rule["id"] in rules)


def test_a_document_of_after_is_refused_and_told_until_when(without: Path) -> None:
    found = run(without, "20300301")
    assert [f for f in about(found) if f["level"] == "error" and f["outcome"] == "failed"]
    assert all("Ce code était valide jusqu'au 2030-01-01." in f["message"]["fr"] for f in about(found))


def test_the_run_names_the_issue_that_it_used(without: Path) -> None:
    found = run(without, "20250101")
    [used] = [one for one in found["tool"]["value_sets"] if one["id"] == "J04"]
    assert (used["date"], used["artefact"]) == ("2030-01-01", "JDV_J04")
    [artefact] = found["artefacts"]
    assert (artefact["kind"], artefact["name"], artefact["date"]) == ("value_sets", "JDV_J04", "2030-01-01")
