"""FHIRPath: three-valued logic, types, dates, decimals, quantities, functions, and what cannot be decided."""

from decimal import Decimal
from typing import Any

import pytest

from dui_conformance.fhir import Definitions, Validator
from dui_conformance.fhir.fhirpath.compiler import compiled, evaluate
from dui_conformance.fhir.fhirpath.engine import Env, Failed, Undecided
from dui_conformance.fhir.fhirpath.syntax import SyntaxProblem
from dui_conformance.fhir.fhirpath.values import Node, system
from dui_conformance.fhir.scope import Scope
from dui_conformance.fhir.walk import Walk
from tests.fhir.building import OBSERVATION, PATIENT

VALIDATOR = Validator()


def ask(expression: str, resource: dict[str, Any] | None = None) -> list[Any]:
    walk = Walk(VALIDATOR)
    if resource is None:
        return evaluate(expression, Env(VALIDATOR.types, services=walk.services), [])
    plan = VALIDATOR.types.type(resource["resourceType"])
    assert plan is not None
    node = Node(resource, plan)
    walk.scope = Scope(resource, plan, None)
    env = Env(VALIDATOR.types, node, node, walk.services, now="2024-06-15T10:20:30.400Z")
    return [system(item) for item in evaluate(expression, env, [node])]


@pytest.mark.parametrize(
    ("left", "right", "conjunction", "disjunction", "exclusive", "implication"),
    [
        ("true", "true", [True], [True], [False], [True]),
        ("true", "false", [False], [True], [True], [False]),
        ("true", "{}", [], [True], [], []),
        ("false", "true", [False], [True], [True], [True]),
        ("false", "false", [False], [False], [False], [True]),
        ("false", "{}", [False], [], [], [True]),
        ("{}", "true", [], [True], [], [True]),
        ("{}", "false", [False], [], [], []),
        ("{}", "{}", [], [], [], []),
    ],
)
def test_three_valued_logic(
    left: str, right: str, conjunction: Any, disjunction: Any, exclusive: Any, implication: Any
) -> None:
    assert ask(f"{left} and {right}") == conjunction
    assert ask(f"{left} or {right}") == disjunction
    assert ask(f"{left} xor {right}") == exclusive
    assert ask(f"{left} implies {right}") == implication


ANSWERS = [
    ("1 + 2 * 3", [7]),
    ("7 div 2 + 7 mod 2", [4]),
    ("1 / 0", []),
    ("0.1 + 0.2 = 0.3", [True]),
    ("1.0 = 1", [True]),
    ("1 = true", [False]),
    ("'a' & {} & 'b'", ["ab"]),
    ("'é'.upper() + 'X'.lower()", ["Éx"]),
    ("(1 | 2 | 2).count()", [2]),
    ("(1 | 2) = (1 | 2)", [True]),
    ("(1 | 2) ~ (2 | 1)", [True]),
    ("1 in (1 | 2)", [True]),
    ("@2024 = @2024-01", []),
    ("@2024-01 < @2024-02-01", [True]),
    ("@2024-01-01 < @2024-01-01T10:00:00Z", []),
    ("@2024-01-01T10:00:00+02:00 = @2024-01-01T08:00:00Z", [True]),
    ("@2024-01-01T10:00:00.0Z = @2024-01-01T10:00:00Z", [True]),
    ("@2024-01-01T10:00:00Z = @2024-01-01T10:00:00", []),
    ("@2024-01-31 + 1 month = @2024-02-29", [True]),
    ("@2024-01-01 - 1 day = @2023-12-31", [True]),
    ("@T10:30 < @T11", [True]),
    ("1 'kg' = 1000 'g'", [True]),
    ("1 'kg' > 1 'm'", []),
    ("1 year = 12 months", [True]),
    ("4 'mg/dL' < 1 'g/L'", [True]),
    ("(1 | 2 | 3).where($this > 1).select($this * 2)", [4, 6]),
    ("('a' | 'b').select($index)", [0, 1]),
    ("(1 | 2 | 3).aggregate($total + $this, 0)", [6]),
    ("iif({}, 1, 2)", [2]),
    ("'12'.toInteger() + '1.5'.toDecimal()", [Decimal("13.5")]),
    ("'x'.toInteger()", []),
    ("'3 days'.convertsToQuantity()", [True]),
    ("'abc'.matches('^[a-c]+$')", [True]),
    ("'a-b'.replaceMatches('-', '+')", ["a+b"]),
    ("'a,b'.split(',').join(';')", ["a;b"]),
    ("1.type().name", ["Integer"]),
    ("1.58.lowBoundary(3) < 1.58", [True]),
    ("// comment\n 1 /* and */ + 1", [2]),
    ("`div`.empty()", [True]),
    ("%ucum", ["http://unitsofmeasure.org"]),
]


@pytest.mark.parametrize(("expression", "answer"), ANSWERS, ids=[a[0] for a in ANSWERS])
def test_values(expression: str, answer: list[Any]) -> None:
    assert ask(expression) == answer


ON_PATIENT = [
    ("Patient.name.given", ["ANNE", "MARIE"]),
    ("name.given.first()", ["ANNE"]),
    ("Observation.name", []),
    ("name.where(use = 'official').family", ["TEST"]),
    ("multipleBirth", [2]),
    ("multipleBirth is integer", [True]),
    ("multipleBirth.ofType(boolean)", []),
    ("active.is(boolean) and active.is(System.Boolean).not()", [True]),
    ("gender is code and gender is string", [True]),
    ("gender.as(string)", []),
    ("is(DomainResource) and is(Patient) and is(Observation).not()", [True]),
    ("birthDate < today()", [True]),
    ("birthDate.extension('http://hl7.org/fhir/StructureDefinition/patient-birthTime').value.exists()", [True]),
    ("birthDate.hasValue()", [True]),
    ("deceased.hasValue()", [False]),
    ("descendants().where($this is HumanName).count()", [2]),
    ("repeat(contact).count()", [1]),
    ("identifier.all(system.startsWith('urn:oid:'))", [True]),
    ("gender.memberOf('http://hl7.org/fhir/ValueSet/administrative-gender')", [True]),
    ("conformsTo('http://hl7.org/fhir/StructureDefinition/Patient')", [True]),
    ("conformsTo('http://hl7.org/fhir/StructureDefinition/Person')", [False]),
    ("text.div.htmlChecks()", [True]),
    ("%resource.id = %rootResource.id and %context.id = id", [True]),
    ("contained.empty() and name[0].given[1] = 'MARIE'", [True]),
]


@pytest.mark.parametrize(("expression", "answer"), ON_PATIENT, ids=[a[0] for a in ON_PATIENT])
def test_on_a_resource(expression: str, answer: list[Any]) -> None:
    assert ask(expression, PATIENT) == answer


def test_a_quantity_of_a_resource_is_compared_with_its_unit() -> None:
    assert ask("value > 1000 'g' and value < 2 'kg' and value = 1.5 'kg'", OBSERVATION) == [True]


def test_what_cannot_be_decided_is_not_answered() -> None:
    with pytest.raises(Undecided):
        ask("code.memberOf('http://loinc.org/vs')", OBSERVATION)
    with pytest.raises(Undecided):
        ask("subject.resolve().exists()", OBSERVATION)
    with pytest.raises(Undecided):
        ask("conformsTo('http://nowhere/profile')", OBSERVATION)


def test_the_other_side_may_settle_what_one_cannot() -> None:
    assert ask("subject.resolve().exists() or status = 'final'", OBSERVATION) == [True]
    assert ask("subject.resolve().exists() and status = 'x'", OBSERVATION) == [False]
    assert ask("subject.resolve().exists() implies status = 'final'", OBSERVATION) == [True]
    with pytest.raises(Undecided):
        ask("subject.resolve().exists() and status = 'final'", OBSERVATION)


@pytest.mark.parametrize(
    "expression", ["1 +", "a.", "a..b", "(1", "'x", "nope()", "where()", "1 'kg", "a b", "%", "{1}", "$x"]
)
def test_what_is_not_fhirpath_is_refused(expression: str) -> None:
    with pytest.raises(SyntaxProblem):
        compiled(expression)


@pytest.mark.parametrize(
    "expression", ["(1 | 2) > 1", "(1|2).single()", "'a' + 1", "%unknown", "iif(1, 2)", "'('.length() < 'x'"]
)
def test_errors_are_not_answers(expression: str) -> None:
    with pytest.raises(Failed):
        ask(expression)


def test_depth_size_and_cost_are_bounded() -> None:
    for expression in ("(" * 500 + "1" + ")" * 500, "1" + "+1" * 20_000, "-" * 5000 + "1"):
        with pytest.raises(SyntaxProblem):
            compiled(expression)
    with pytest.raises(Undecided):
        ask("repeatAll($this)", PATIENT)
    with pytest.raises(Undecided):
        ask("'" + "a" * 60 + "!'.matches('^(a+)+$')")
    assert ask("2.power(100000)") == [] or len(str(ask("2.power(100000)")[0])) < 5000


def test_every_expression_of_the_core_compiles() -> None:
    core = Definitions.core()
    count = 0
    for url in core.urls("StructureDefinition"):
        structure = core.structure(url) or {}
        for element in [*structure.get("snapshot", ()), *structure.get("differential", ())]:
            for constraint in element.get("constraint", ()):
                compiled(constraint["expression"])
                count += 1
    assert count > 300
