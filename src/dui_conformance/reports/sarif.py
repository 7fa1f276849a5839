"""SARIF 2.1.0 (OASIS), for code scanning. Clause numbers below are those of the specification.

A finding of the run is a result; a failure of the tool itself is a notification of the invocation (§3.20.21).
A result points at the file of the file system, with a region only if the finding lies in that very file; what the
file contains is a logical location (§3.33).
"""

import json
from typing import Any
from urllib.parse import quote

from dui_conformance.reports import arrange
from dui_conformance.reports.typography import clean
from dui_conformance.reports.words import Words
from dui_conformance.runjson import Finding, Rule, Run
from dui_conformance.text import Language

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "duiConformance/v1"

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_KINDS = {"review": "review", "blocked": "open"}  # §3.27.9; any other outcome is the default, fail


def render(run: Run, lang: Language) -> str:
    """The log as text. Results carry the messages of one language."""
    w = Words(lang, _PHRASES)
    rules = _descriptors(run, w)
    index = {descriptor["id"]: position for position, descriptor in enumerate(rules)}
    results = [f for f in run["findings"] if f["outcome"] != "error"]
    failures = [f for f in run["findings"] if f["outcome"] == "error"]
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": run["tool"]["name"],
                        "version": run["tool"]["version"],
                        "language": w["locale"],
                        "rules": rules,
                        "properties": {"catalogue": run["tool"]["catalogue"]},
                    }
                },
                "language": w["locale"],
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": not failures,
                        "toolExecutionNotifications": [_notification(f, index, w) for f in failures],
                    }
                ],
                "artifacts": _artifacts(run),
                "results": [_result(f, index, w) for f in results],
                "properties": {
                    "ready": run["readiness"]["ready"],
                    "readiness": run["readiness"]["sentence"][lang],
                    "requirements": dict(run["readiness"]["counts"]),
                },
            }
        ],
    }
    return json.dumps(log, ensure_ascii=False, indent=1) + "\n"


def _text(text: str) -> dict[str, str]:
    """A message (§3.11): braces are doubled, and no value may form an embedded link `[…](…)`."""
    return {"text": clean(text, 4000).replace("{", "{{").replace("}", "}}").replace("](", "] (")}


def _descriptors(run: Run, w: Words) -> list[dict[str, Any]]:
    """The rules that ran (§3.49), then those that findings name and the run does not describe."""
    known = [_descriptor(rule, w) for rule in run["rules"]]
    ids = {descriptor["id"] for descriptor in known}
    stray = dict.fromkeys(f["rule"] for f in run["findings"] if f["rule"] not in ids)
    return known + [{"id": rule} for rule in stray]


def _descriptor(rule: Rule, w: Words) -> dict[str, Any]:
    source = arrange.source_of(rule)
    proves = ", ".join(rule["proves"])
    parts = [f"{w['remedy']}{w.colon} {clean(rule['remedy'][w.lang])}"]
    parts += [f"{w['source']}{w.colon} {clean(source)}"] if source else []
    parts += [f"{w['proves']}{w.colon} {clean(proves)}"] if proves else []
    descriptor: dict[str, Any] = {
        "id": rule["id"],
        "shortDescription": _text(rule["title"][w.lang]),
        "help": {"text": "\n".join(_text(part)["text"] for part in parts)},
        "defaultConfiguration": {"level": _LEVELS.get(rule["level"], "none")},
        "properties": {"tags": sorted({rule["family"], *rule["proves"]}), "source": dict(rule["source"])},
    }
    url = rule["source"].get("url", "")
    if url.startswith("https://"):
        descriptor["helpUri"] = quote(url, safe=":/?#[]@!$&'()*+,;=%~-._")
    return descriptor


def _uri(subject: str) -> str:
    """The relative URI of the file in which a subject lies; a colon is encoded, so that it opens no scheme."""
    return quote(clean(arrange.file_of(subject)).replace("\\", "/"), safe="/")


def _artifacts(run: Run) -> list[dict[str, Any]]:
    """The files that hold findings, with their digest (§3.24)."""
    wanted = {arrange.file_of(finding["subject"]) for finding in run["findings"]}
    return [
        {
            "location": {"uri": _uri(subject["id"])},
            "length": subject["size"],
            "hashes": {"sha-256": subject["sha256"]},
        }
        for subject in run["subjects"]
        if subject["id"] in wanted
    ]


def _result(finding: Finding, index: dict[str, int], w: Words) -> dict[str, Any]:
    kind = _KINDS.get(finding["outcome"], "fail")
    waived = finding["waived"]
    message = f"{finding['message'][w.lang]} {w['remedy']}{w.colon} {finding['remedy'][w.lang]}"
    return {
        "ruleId": finding["rule"],
        "ruleIndex": index[finding["rule"]],
        "kind": kind,
        "level": _LEVELS[finding["level"]] if kind == "fail" else "none",  # §3.27.10
        "message": _text(message),
        "locations": [_location(finding)],
        "partialFingerprints": {FINGERPRINT: finding["fingerprint"]},
        "occurrenceCount": 1 + finding["more"],
        # §3.27.23: all results carry the property, or none
        "suppressions": []
        if waived is None
        else [
            {
                "kind": "external",
                "status": "accepted",
                "justification": clean(
                    w.filled("waived", owner=waived["owner"], expires=waived["expires"]) + f" - {waived['reason']}"
                ),
            }
        ],
    }


def _location(finding: Finding) -> dict[str, Any]:
    where, subject = finding["location"], finding["subject"]
    nested = arrange.STEP in subject
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(subject)}}
    if where["line"] is not None and not nested:
        region: dict[str, Any] = {"startLine": max(where["line"], 1)}
        if where["column"] is not None:
            region["startColumn"] = max(where["column"], 1)
        if finding["excerpt"]:
            region["properties"] = {"excerpt": clean(finding["excerpt"], 1000)}
        physical["region"] = region
    logical = []
    if nested:
        name = arrange.steps_of(subject)[-1]
        logical.append({"name": clean(name), "fullyQualifiedName": clean(subject), "kind": "resource"})
    if where["path"]:
        place = {"fullyQualifiedName": clean(where["path"], 1000), "kind": "element"}
        if nested and where["line"] is not None:
            place["decoratedName"] = f"{where['line']}:{where['column'] or 1}"
        logical.append(place)
    location: dict[str, Any] = {"physicalLocation": physical}
    if logical:
        location["logicalLocations"] = logical
    return location


def _notification(finding: Finding, index: dict[str, int], w: Words) -> dict[str, Any]:
    """§3.58: the tool failed on this subject; nothing is known of the rule there."""
    return {
        "level": "error",
        "message": _text(f"{finding['rule']}{w.colon} {finding['message'][w.lang]}"),
        "associatedRule": {"id": finding["rule"], "index": index[finding["rule"]]},
        "locations": [_location(finding)],
    }


_PHRASES = {
    "locale": ("fr-FR", "en-GB"),
    "proves": ("Exigences", "Requirements"),
    "waived": ("Dérogation de {owner}, jusqu’au {expires}", "Waiver of {owner}, until {expires}"),
}
