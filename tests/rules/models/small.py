"""Small tables written for one test."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from lxml import etree

from dui_conformance.rules.models.index import Models
from dui_conformance.rules.models.paths import Body
from dui_conformance.rules.value_sets import Sets, value_set
from dui_conformance.rules.xpath import Constants

CONSTANTS = Constants({}, {})
ROOT = "2.999.5"


def table(*rows: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A table of observations that follow ROOT."""
    return {
        "stem": "ENT-T",
        "root": ROOT,
        "title": {"fr": "Essai", "en": "Trial"},
        "clause": "1",
        "element": "observation",
        "rows": [dict(row) for row in rows],
        **more,
    }


def models(folder: Path, *templates: Mapping[str, Any], sets: tuple[Mapping[str, Any], ...] = ()) -> Models:
    """The tables of a folder that holds these and nothing else."""
    data = {
        "family": "cda.model.entry.trial",
        "title": {"fr": "Essai", "en": "Trial"},
        "not_required": "a table of the tests",
        "source": {"spec": "Tests", "mark": "S"},
        "templates": list(templates),
    }
    known = {
        "models": [{"id": "TRIAL_2026.01", "root": "2.999.1", "extension": "2026.01"}],
        "level1": {"root": "2.999.2"},
    }
    for name, content in (("templates.yaml", known), ("entries/trial.yaml", data)):
        path = folder / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return Models.of(folder, CONSTANTS, Sets(folder, {data["id"]: value_set(dict(data)) for data in sets}))


def body(inside: str, model: str = "") -> Body:
    """A document around what follows ROOT, looked at."""
    text = (
        '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<observation classCode="OBS"><templateId root="{ROOT}"/>{inside}</observation></ClinicalDocument>'
    )
    found = Body.of(etree.fromstring(text))
    found.model = model
    return found


def said(made: Models, looked_at: Body) -> dict[str, list[str]]:
    """Rule → the causes of what it has against each element that follows ROOT; nothing where it does not apply."""
    out: dict[str, list[str]] = {}
    for element in looked_at.by_root[ROOT]:
        for one in made.tables(ROOT, looked_at.templates[element][ROOT]):
            for rule, faults in one.faults(element, looked_at):
                out.setdefault(rule, []).extend(fault.cause for fault in faults)
    return out
