"""A QuestionnaireResponse against its Questionnaire."""

from typing import Any

import pytest

from tests.fhir.building import changed, told, validate

URL = "http://test/q"
EXT = "http://hl7.org/fhir/StructureDefinition/"


def questionnaire(*items: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Questionnaire", "url": URL, "status": "active", "item": list(items)}


def response(*items: dict[str, Any], status: str = "completed") -> dict[str, Any]:
    return {"resourceType": "QuestionnaireResponse", "questionnaire": URL, "status": status, "item": list(items)}


def item(link: str, *answers: Any, **more: Any) -> dict[str, Any]:
    given = [a if isinstance(a, dict) else {"valueString": a} for a in answers]
    return {"linkId": link, **({"answer": given} if given else {}), **more}


def ask(kind: str = "string", link: str = "q", **more: Any) -> dict[str, Any]:
    return {"linkId": link, "type": kind, **more}


def ext(name: str, **value: Any) -> dict[str, Any]:
    return {"extension": [{"url": EXT + name, **value}]}


AT = "QuestionnaireResponse.item[0]"
FIRST = AT + ".answer[0]"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
UCUM = "http://unitsofmeasure.org"
KILOMETRES = {"value": 50, "system": UCUM, "code": "km"}
CASES = [
    (ask(), item("q", "x"), []),
    (ask(), item("z", "x"), [("LINK-UNKNOWN", AT)]),
    (ask(required=True), item("q"), [("REQUIRED", AT)]),
    (ask(), item("q", "x", "y"), [("ANSWER-TWICE", AT)]),
    (ask(repeats=True), item("q", "x", "y"), []),
    (ask("integer"), item("q", "x"), [("TYPE", FIRST + ".valueString")]),
    (ask("display"), item("q", "x"), [("DISPLAY-ANSWER", AT)]),
    (ask("group", required=True), item("q"), [("GROUP-EMPTY", AT)]),
    (ask("group"), item("q", "x"), [("GROUP-ANSWER", AT)]),
    (ask("choice", answerOption=[{"valueString": "a"}]), item("q", "b"), [("NOT-AN-OPTION", FIRST + ".valueString")]),
    (ask("choice", answerOption=[{"valueString": "a"}]), item("q", "a"), []),
    (ask("open-choice", answerOption=[{"valueCoding": {"code": "a"}}]), item("q", "free"), []),
    (ask("choice", answerValueSet="http://hl7.org/fhir/ValueSet/administrative-gender"),
     item("q", {"valueCoding": {"system": "http://hl7.org/fhir/administrative-gender", "code": "male"}}), []),
    (ask("choice", answerValueSet="http://hl7.org/fhir/ValueSet/administrative-gender"),
     item("q", {"valueCoding": {"system": "http://hl7.org/fhir/name-use", "code": "usual"}}), [("NOT-IN-SET", FIRST)]),
    (ask(**ext("minLength", valueInteger=3)), item("q", "ab"), [("SHORT", FIRST + ".valueString")]),
    (ask(maxLength=1), item("q", "ab"), [("LONG", FIRST + ".valueString")]),
    (ask(**ext("regex", valueString="[0-9]+")), item("q", "ab"), [("REGEX", FIRST + ".valueString")]),
    (ask("decimal", **ext("maxDecimalPlaces", valueInteger=1)), item("q", {"valueDecimal": 1.25}),
     [("DECIMALS", FIRST + ".valueDecimal")]),
    (ask("integer", **ext("minValue", valueInteger=3)), item("q", {"valueInteger": 2}),
     [("BELOW", FIRST + ".valueInteger")]),
    (ask("date", **ext("maxValue", valueDate="2020")), item("q", {"valueDate": "2021-01-01"}),
     [("ABOVE", FIRST + ".valueDate")]),
    (ask(repeats=True, **ext("questionnaire-maxOccurs", valueInteger=1)), item("q", "a", "b"), [("TOO-MANY", AT)]),
    (ask(repeats=True, **ext("questionnaire-minOccurs", valueInteger=2)), item("q", "a"), [("TOO-FEW", AT)]),
    (ask("attachment", **ext("mimeType", valueCode="image/png")),
     item("q", {"valueAttachment": {"contentType": "application/pdf", "title": "x"}}), [("MIME", FIRST)]),
    (ask("attachment", **ext("maxSize", valueDecimal=2)),
     item("q", {"valueAttachment": {"contentType": "image/png", "data": "AAAA"}}), [("SIZE", FIRST)]),
    (ask("quantity", extension=[{"url": SDC + "minQuantity", "valueQuantity": KILOMETRES}]),
     item("q", {"valueQuantity": {"value": 10000, "system": UCUM, "code": "m"}}),
     [("BELOW", FIRST + ".valueQuantity")]),
    (ask("quantity", extension=[{"url": SDC + "minQuantity", "valueQuantity": KILOMETRES}]),
     item("q", {"valueQuantity": {"value": 60000, "system": UCUM, "code": "m"}}), []),
    (ask("quantity", extension=[{"url": SDC + "minQuantity", "valueQuantity": KILOMETRES}]),
     item("q", {"valueQuantity": {"value": 60, "system": UCUM, "code": "kg"}}),
     [("INCOMPARABLE", FIRST + ".valueQuantity")]),
    (ask("reference", **ext("questionnaire-referenceResource", valueCode="Patient")),
     item("q", {"valueReference": {"reference": "Organization/1"}}), [("REFERENCE-TYPE", FIRST + ".valueReference")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "given", "errors"), CASES, ids=[f"{n} {c[2][0][0] if c[2] else 'right'}" for n, c in enumerate(CASES)]
)
def test_answers(question: dict[str, Any], given: dict[str, Any], errors: list[tuple[str, str]]) -> None:
    result = validate(response(given), questionnaire(question), profiles=[])
    assert told(result) == [(f"FHIR-QUESTIONNAIRE-{rule}", place) for rule, place in errors]


def test_order_place_and_repetition_of_items() -> None:
    asked = questionnaire(ask(link="a"), ask(link="b"), ask("group", "g", item=[ask(link="g1")]))
    turned = response(item("b", "x"), item("a", "x"))
    assert told(validate(turned, asked, profiles=[])) == [("FHIR-QUESTIONNAIRE-ORDER", "QuestionnaireResponse.item[1]")]
    misplaced = response(item("g1", "x"))
    assert told(validate(misplaced, asked, profiles=[])) == [("FHIR-QUESTIONNAIRE-MISPLACED", AT)]
    twice = response(item("a", "x"), item("a", "y"))
    assert told(validate(twice, asked, profiles=[])) == [
        ("FHIR-QUESTIONNAIRE-ITEM-TWICE", "QuestionnaireResponse.item[1]")
    ]


def test_what_is_not_asked_is_not_answered() -> None:
    when = {"question": "a", "operator": "=", "answerBoolean": True}
    asked = questionnaire(ask("boolean", "a"), ask(link="b", required=True, enableWhen=[when]))
    no, yes = item("a", {"valueBoolean": False}), item("a", {"valueBoolean": True})
    assert told(validate(response(no), asked, profiles=[])) == []
    assert told(validate(response(yes), asked, profiles=[])) == [
        ("FHIR-QUESTIONNAIRE-REQUIRED", "QuestionnaireResponse")
    ]
    assert told(validate(response(no, item("b", "x")), asked, profiles=[])) == [
        ("FHIR-QUESTIONNAIRE-DISABLED", "QuestionnaireResponse.item[1]")
    ]
    assert told(validate(response(yes, status="in-progress"), asked, profiles=[])) == []


@pytest.mark.parametrize(
    ("operator", "answer", "asked"),
    [("exists", {"answerBoolean": True}, True), ("!=", {"answerInteger": 5}, False), (">", {"answerInteger": 4}, True),
     ("<", {"answerInteger": 5}, False), (">=", {"answerInteger": 5}, True), ("<=", {"answerInteger": 4}, False)],
)  # fmt: skip
def test_operators_of_enable_when(operator: str, answer: dict[str, Any], asked: bool) -> None:
    when = {"question": "a", "operator": operator, **answer}
    form = questionnaire(ask("integer", "a"), ask(link="b", required=True, enableWhen=[when]))
    result = validate(response(item("a", {"valueInteger": 5})), form, profiles=[])
    assert bool(told(result)) is asked


def test_a_questionnaire_that_is_not_held_is_listed() -> None:
    result = validate(response(item("q", "x")))
    assert told(result) == []
    assert ("questionnaire", URL) in [(n.kind, n.subject) for n in result.not_checked]


def test_a_contained_questionnaire_is_used() -> None:
    inside = changed(response(item("z", "x")), "contained", [{**questionnaire(ask()), "id": "q"}])
    inside = changed(inside, "questionnaire", "#q")
    assert told(validate(inside)) == [("FHIR-QUESTIONNAIRE-LINK-UNKNOWN", AT)]
