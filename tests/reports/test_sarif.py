"""SARIF 2.1.0: the clauses of the specification that our logs rely on."""

import json
import re
from typing import Any
from urllib.parse import unquote

import pytest

from dui_conformance.reports import render
from dui_conformance.reports.sarif import FINGERPRINT
from dui_conformance.text import Language
from tests.reports.sample import ALONE, ARCHIVE, IN_MAIL, MAIL, PDF, sample


def log(lang: Language = "fr") -> dict[str, Any]:
    run: dict[str, Any] = json.loads(render("sarif", sample(), lang))["runs"][0]
    return run


def results(rule: str, lang: Language = "fr") -> list[dict[str, Any]]:
    return [result for result in log(lang)["results"] if result["ruleId"] == rule]


def test_every_finding_is_a_result_but_a_failure_of_the_tool() -> None:
    run = log()
    assert len(run["results"]) == len(sample()["findings"]) - 1
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "exitCode" not in invocation
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["level"] == "error"
    assert notification["associatedRule"]["id"] == "XDM-001"
    assert notification["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == MAIL


@pytest.mark.parametrize(
    ("rule", "kind", "level"),
    [
        ("INS-001", "fail", "error"),
        ("CDA-HDR-018", "fail", "warning"),
        ("DOC-INFO", "fail", "note"),
        ("PDF-002", "review", "none"),
        ("XDM-001", "open", "none"),
    ],
)
def test_kinds_and_levels(rule: str, kind: str, level: str) -> None:
    """§3.27.10: a kind other than fail has the level none."""
    assert (results(rule)[0]["kind"], results(rule)[0]["level"]) == (kind, level)


def test_rules_are_described_and_pointed_at() -> None:
    run = log()
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    first = rules[0]
    assert first["id"] == "INS-001"
    assert "Corriger INS-001." in first["help"]["text"]
    assert "Guide INS 3.0" in first["help"]["text"]
    assert first["defaultConfiguration"] == {"level": "error"}
    assert rules[-1] == {"id": "NO-RULE"}  # a finding names it, the run does not describe it


def test_a_region_only_in_the_file_itself() -> None:
    direct, nested, *_ = results("INS-001")
    place = direct["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == ALONE
    assert (place["region"]["startLine"], place["region"]["startColumn"]) == (12, 5)
    inside = nested["locations"][0]
    assert inside["physicalLocation"] == {"artifactLocation": {"uri": MAIL}}
    assert inside["logicalLocations"][0]["fullyQualifiedName"] == IN_MAIL
    assert inside["logicalLocations"][1]["fullyQualifiedName"] == "/ClinicalDocument/id"
    assert results("XDM-001")[0]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == ARCHIVE


def test_fingerprints_and_occurrences() -> None:
    finding = sample()["findings"][0]
    result = results("INS-001")[0]
    assert result["partialFingerprints"] == {FINGERPRINT: finding["fingerprint"]}
    assert result["occurrenceCount"] == 3


def test_waivers_are_suppressions_and_all_results_carry_the_property() -> None:
    """§3.27.23: null everywhere or nowhere."""
    waived = [result for result in log()["results"] if result["suppressions"]]
    assert all(isinstance(result["suppressions"], list) for result in log()["results"])
    (only,) = waived
    assert only["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == PDF
    assert only["suppressions"][0]["status"] == "accepted"
    assert "Équipe <exports>" in only["suppressions"][0]["justification"]


def test_addresses_are_relative_and_encoded() -> None:
    uris = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in log()["results"]]
    uris += [artifact["location"]["uri"] for artifact in log()["artifacts"]]
    for uri in uris:
        assert re.fullmatch(r"[A-Za-z0-9._~%/-]+", uri), uri
    assert any("onerror" in unquote(uri) for uri in uris)
    assert all(len(artifact["hashes"]["sha-256"]) == 64 for artifact in log()["artifacts"])


def test_no_value_becomes_a_placeholder_or_a_link() -> None:
    """§3.11.5 doubles braces; §3.11.6 makes a link of `[text](address)`."""
    text = results("HOST-1")[0]["message"]["text"]
    assert "{{0}}" in text
    assert "](" not in text
    assert "\x1b" not in text


def test_language() -> None:
    assert log("fr")["language"] == "fr-FR"
    assert log("en")["language"] == "en-GB"
    assert "Mend INS-001." in results("INS-001", "en")[0]["message"]["text"]
