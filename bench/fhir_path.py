"""The official FHIRPath tests of HL7's suite (`r4/fhirpath/tests-fhir-r4.xml`)."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree

from bench.fhir_places import SUITE
from bench.places import outside, skipped
from bench.tables import Aim, say, share, table
from dui_conformance.fhir import Validator
from dui_conformance.fhir.fhirpath import conversions
from dui_conformance.fhir.fhirpath.compiler import evaluate
from dui_conformance.fhir.fhirpath.engine import Env, Failed, Undecided, truth
from dui_conformance.fhir.fhirpath.syntax import SyntaxProblem
from dui_conformance.fhir.fhirpath.values import Moment, Node, Quantity, equal, system
from dui_conformance.fhir.reading import read
from dui_conformance.fhir.scope import Scope
from dui_conformance.fhir.walk import Walk

_TESTS = "r4/fhirpath/tests-fhir-r4.xml"
_FOLDERS = ("r4", "r4/examples", "r5", "r5/examples", "r4b", "r4b/examples")  # where the suite keeps its inputs
_NAME = "official FHIRPath tests"


def measure() -> list[Aim]:
    """Print the score by group where it is not whole; the score as an aim without a figure."""
    suite = outside(SUITE)
    if suite is None:
        say(f"Official FHIRPath tests: {skipped(SUITE)}\n")
        return [Aim(_NAME, "said", skipped(SUITE), None)]
    passed, asked = 0, 0
    lines = []
    for group in etree.parse(str(suite / _TESTS)).getroot().iter("{*}group"):
        tests = list(group.iter("{*}test"))
        met = sum(_passes(suite, test) for test in tests)
        passed, asked = passed + met, asked + len(tests)
        if met < len(tests):
            lines.append((group.get("name"), met, len(tests)))
    table(
        f"Official FHIRPath tests: {passed} of {asked}; groups with a failure", ("group", "passed", "of"), lines, (1, 2)
    )
    return [Aim(_NAME, "said", f"{passed} of {asked} ({share(passed, asked)})", None)]


_VALIDATOR = Validator()
_inputs: dict[str, Node | None] = {}


def _input(suite: Path, name: str) -> Node | None:
    """A resource that tests name, whichever format the suite holds it in."""
    if name not in _inputs:
        stem = name.rsplit(".", 1)[0]
        places = [suite / folder / file for folder in _FOLDERS for file in (name, f"{stem}.xml", f"{stem}.json")]
        tree = next((t for p in places if p.is_file() and (t := read(p.read_bytes(), _VALIDATOR.types).tree)), None)
        plan = _VALIDATOR.types.type(str(tree.get("resourceType"))) if tree else None
        _inputs[name] = Node(tree, plan) if plan is not None else None
    return _inputs[name]


def _passes(suite: Path, test: Any) -> bool:
    expression = test.find("{*}expression")
    named = test.get("inputfile")
    node = _input(suite, named) if named else None
    if named and node is None:
        return False
    walk = Walk(_VALIDATOR)
    if node is not None:
        walk.scope = Scope(node.value, node.plan, None)
    environment = Env(_VALIDATOR.types, node, node, walk.services)
    try:
        found = evaluate(expression.text, environment, [node] if node is not None else [])
        if test.get("predicate") == "true":
            found = [bool(truth(found))]
    except (SyntaxProblem, Failed, Undecided):
        return expression.get("invalid") is not None
    wanted = test.findall("{*}output")
    if expression.get("invalid") is not None or len(wanted) != len(found):
        return False
    return all(_same(output, item) for output, item in zip(wanted, found, strict=True))


def _moment(text: str, value: Any) -> bool:
    bare = text.lstrip("@")
    literal = Moment.literal(bare)
    known = isinstance(value, Moment) and literal is not None and equal(value, literal) is True
    return known or str(value).lstrip("@T") == bare.lstrip("T")


_ANSWERS: dict[str, Callable[[str, Any], bool]] = {
    "boolean": lambda text, value: value is (text == "true"),
    "integer": lambda text, value: type(value) is int and value == int(text),
    "positiveInt": lambda text, value: type(value) is int and value == int(text),
    "decimal": lambda text, value: isinstance(value, (int, Decimal)) and value == Decimal(text),
    **dict.fromkeys(("date", "dateTime", "time", "instant"), _moment),
    "Quantity": lambda text, value: isinstance(value, Quantity) and equal(value, conversions.to_quantity(text)) is True,
}


def _same(output: Any, item: Any) -> bool:
    kind, text, value = output.get("type"), output.text or "", system(item)
    if not kind:
        return True
    return _ANSWERS.get(kind, lambda text, value: str(value) == text)(text, value)
