"""Every defect that a door records is judged by a rule, and no rule waits for a defect that none records."""

import ast
import re
from pathlib import Path

import dui_conformance.subjects
from dui_conformance.rules import catalogue
from dui_conformance.rules.model import DefectNamed

_CODE = re.compile(
    r"(?:input|xml|zip|mail|pdf|cda|xds|xdm|fhir|hl7v2|(?:integration|exchange|session)(?!\.json))\.[a-z0-9_]+"
)


def recorded() -> set[str]:
    """The codes that stand as texts in the doors."""
    found = set()
    for path in Path(dui_conformance.subjects.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
                found.add(node.value)
    return found


def test_each_defect_has_one_rule() -> None:
    judged: dict[str, list[str]] = {}
    for rule in catalogue.load().rules.values():
        if isinstance(rule.check, DefectNamed):
            for code in rule.check.codes:
                judged.setdefault(code, []).append(rule.id)
    assert len(recorded()) > 40
    assert recorded() - set(judged) == set(), "recorded, and judged by no rule"
    assert set(judged) - recorded() == set(), "judged, and recorded by no door"
    assert {code: rules for code, rules in judged.items() if len(rules) > 1} == {}
