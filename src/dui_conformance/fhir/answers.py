"""One answer of a QuestionnaireResponse: its type, its options, and the limits set by extensions."""

import base64
import binascii
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dui_conformance.fhir.fhirpath.patterns import PatternTooCostly, WrongPattern, pattern
from dui_conformance.fhir.fhirpath.values import Moment, Node, Quantity, system
from dui_conformance.fhir.values import told

if TYPE_CHECKING:
    from dui_conformance.fhir.walk import Walk

_EXTENSION = "http://hl7.org/fhir/StructureDefinition/"
_SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"  # where HL7 keeps the limits of quantities
# item type -> the value[x] its answers may have (R4 Questionnaire.item.type)
_TYPES = {
    "boolean": ("Boolean",), "decimal": ("Decimal",), "integer": ("Integer",), "date": ("Date",),
    "dateTime": ("DateTime",), "time": ("Time",), "string": ("String",), "text": ("String",), "url": ("Uri",),
    "choice": ("Coding", "String", "Integer", "Date", "Time", "Reference"), "open-choice": ("Coding", "String"),
    "attachment": ("Attachment",), "reference": ("Reference",), "quantity": ("Quantity",),
}  # fmt: skip
_ORDERED = ("Decimal", "Integer", "Date", "DateTime", "Time", "Quantity")
Problem = tuple[str, str, dict[str, Any]]  # (message id, property below the answer or "", values)


def _extensions(item: dict[str, Any], name: str) -> list[Any]:
    listed = item.get("extension")
    return [
        next((v for k, v in e.items() if k.startswith("value")), None)
        for e in (listed if isinstance(listed, list) else ())
        if isinstance(e, dict) and e.get("url") == (name if ":" in name else _EXTENSION + name)
    ]


def _extension(item: dict[str, Any], name: str) -> Any:
    found = _extensions(item, name)
    return found[0] if found else None


def _options(question: dict[str, Any]) -> list[tuple[str, Any, dict[str, Any]]]:
    out = []
    listed = question.get("answerOption")
    for option in listed if isinstance(listed, list) else ():
        if isinstance(option, dict):
            for key, value in option.items():
                if key.startswith("value"):
                    out.append((key[5:], value, option))
    return out


def exclusive_options(question: dict[str, Any]) -> list[tuple[str, Any]]:
    """The options that exclude any other answer (extension questionnaire-optionExclusive)."""
    return [
        (kind, value) for kind, value, option in _options(question)
        if _extension(option, "questionnaire-optionExclusive") is True
    ]  # fmt: skip


def chosen(answer: dict[str, Any], options: list[tuple[str, Any]]) -> bool:
    return any(_matches(answer.get("value" + kind), value) for kind, value in options)


def _matches(value: Any, option: Any) -> bool:
    if isinstance(value, dict) and isinstance(option, dict):
        if "reference" in option:
            return bool(value.get("reference") == option["reference"])
        return (value.get("code"), value.get("system")) == (option.get("code"), option.get("system"))
    return bool(value == option) and isinstance(value, bool) == isinstance(option, bool)


def problems(walk: "Walk", question: dict[str, Any], answer: dict[str, Any]) -> Iterator[Problem]:
    """What is wrong with one answer to a question."""
    kinds = _TYPES.get(str(question.get("type")))
    written = next((k for k in answer if k.startswith("value")), "")
    kind, value = written[5:], answer.get(written)
    if kinds is None or not written:
        return
    options = _options(question)
    value_set = question.get("answerValueSet")
    if kind not in kinds and not (kind == "Coding" and kinds == ("String",) and (options or value_set)):
        yield "questionnaire.type", written, {"found": _name(kind), "expected": _name(kinds[0])}
        return
    yield from _chosen(walk, question, kind, written, value, options, value_set)
    if kind in _ORDERED:
        yield from _limits(walk, question, kind, written, value)
    if kind in ("String", "Uri") and isinstance(value, str):
        yield from _text(question, written, value)
    elif kind == "Attachment" and isinstance(value, dict):
        yield from _attachment(question, value)
    elif kind == "Reference" and isinstance(value, dict):
        yield from _reference(walk, question, written, value)
    elif kind == "Quantity" and isinstance(value, dict):
        yield from _unit(walk, question, written, value)


def _name(kind: str) -> str:
    return kind if kind in ("Coding", "Attachment", "Reference", "Quantity") else kind[0].lower() + kind[1:]


def _chosen(
    walk: "Walk", question: dict[str, Any], kind: str, written: str, value: Any, options: list[Any], value_set: Any
) -> Iterator[Problem]:  # fmt: skip
    """The answer is one of those the question offers."""
    free = question.get("type") == "open-choice" and kind == "String"
    if options and not free:
        if not any(_matches(value, option) for k, option, _ in options if k == kind):
            shown = value.get("code", "") if isinstance(value, dict) else value
            yield "questionnaire.not-an-option", "" if kind == "Coding" else written, {"value": shown}
        return
    if not isinstance(value_set, str) or free:
        return
    held = None
    if value_set.startswith("#"):
        return  # a value set contained in the questionnaire: not resolved
    held = walk.terminology.value_set(value_set)
    if held is None:
        walk.not_checked("value-set", value_set, walk.scope.place, "value-set-unknown")
        return
    if kind == "Coding" and isinstance(value, dict):
        code, of = value.get("code"), value.get("system")
        answer = held.has(of if isinstance(of, str) else "", code) if isinstance(code, str) else False
        if answer is None:
            walk.not_checked("code", str(of), walk.scope.place, "code-system-unknown")
        elif not answer:
            yield "questionnaire.not-in-set", "", {"value": code, "set": value_set}
    elif kind == "String" and question.get("type") in ("choice", "string") and held.has(None, str(value)) is False:
        yield "questionnaire.not-in-set", written, {"value": value, "set": value_set}


def order(walk: "Walk", value: Any, limit: Any, kind: str) -> int | None:
    """-1, 0 or 1; None when the two cannot be compared."""
    plan = walk.types.type(kind)
    if plan is None:
        return None
    found, bound = system(Node(value, plan)), system(Node(limit, plan))
    if isinstance(found, Quantity) and isinstance(bound, Quantity):
        return found.compare(bound)
    if isinstance(found, Moment) and isinstance(bound, Moment):
        return found.compare(bound)
    if isinstance(found, (int, Decimal)) and isinstance(bound, (int, Decimal, float)) and not isinstance(found, bool):
        edge = Decimal(str(bound))
        return (found > edge) - (found < edge)
    if isinstance(found, str) and isinstance(bound, str):
        return (found > bound) - (found < bound)
    return None


def _limits(walk: "Walk", question: dict[str, Any], kind: str, written: str, value: Any) -> Iterator[Problem]:
    for name, rule, wrong in (("minValue", "questionnaire.below", -1), ("maxValue", "questionnaire.above", 1)):
        limit = _extension(question, name)
        if limit is None and kind == "Quantity":
            limit = _extension(question, name.replace("Value", "Quantity"))
            if limit is None:
                limit = _extension(question, "questionnaire-" + name.replace("Value", "Quantity"))
            if limit is None:
                limit = _extension(question, _SDC + name.replace("Value", "Quantity"))
        if limit is None:
            continue
        amounts = [v for v in (value, limit) if isinstance(v, dict)]
        if kind == "Quantity" and not all(v.get("system") and v.get("code") for v in amounts):
            yield "questionnaire.no-unit", written, {"value": _amount(value), "limit": _amount(limit)}
            continue
        found = order(walk, value, limit, _name(kind))
        if found is None:
            if kind == "Quantity":
                yield "questionnaire.incomparable", written, {"value": _amount(value), "limit": _amount(limit)}
        elif found == wrong:
            yield rule, written, {"value": _amount(value), "limit": _amount(limit)}
    places = _extension(question, "maxDecimalPlaces")
    if kind == "Decimal" and type(places) is int and isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > places:
            yield "questionnaire.decimals", written, {"value": value, "most": places}


def _amount(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value.get('value', '')} {value.get('code') or value.get('unit') or ''}".strip()
    return told(value)


def _text(question: dict[str, Any], written: str, value: str) -> Iterator[Problem]:
    least = _extension(question, "minLength")
    if type(least) is int and len(value) < least:
        yield "questionnaire.short", written, {"least": least, "count": len(value)}
    most = question.get("maxLength")
    if type(most) is int and len(value) > most:
        yield "questionnaire.long", written, {"most": most, "count": len(value)}
    regex = _extension(question, "regex")
    if isinstance(regex, str):
        try:
            if not pattern(regex).found(value, True):
                yield "questionnaire.regex", written, {"value": value, "regex": regex}
        except (WrongPattern, PatternTooCostly):
            pass


def _attachment(question: dict[str, Any], value: dict[str, Any]) -> Iterator[Problem]:
    allowed = [m for m in _extensions(question, "mimeType") if isinstance(m, str)]
    found = value.get("contentType")
    if allowed and isinstance(found, str) and found not in allowed:
        yield "questionnaire.mime", "", {"found": found, "allowed": ", ".join(allowed)}
    most = _extension(question, "maxSize")
    if isinstance(most, (int, Decimal)):
        size = value.get("size")
        if isinstance(value.get("data"), str):
            try:
                size = len(base64.b64decode("".join(value["data"].split()), validate=True))
            except (ValueError, binascii.Error):
                return
        if type(size) is int and size > most:
            yield "questionnaire.size", "", {"found": size, "most": most}


def _reference(walk: "Walk", question: dict[str, Any], written: str, value: dict[str, Any]) -> Iterator[Problem]:
    from dui_conformance.fhir import references

    allowed = [c for c in _extensions(question, "questionnaire-referenceResource") if isinstance(c, str)]
    text = value.get("reference")
    if not isinstance(text, str):
        return
    target = references.resolved(walk, text, walk.scope)
    if allowed and target.type and target.type not in allowed:
        yield "questionnaire.reference-type", written, {"found": target.type, "allowed": ", ".join(allowed)}


def _unit(walk: "Walk", question: dict[str, Any], written: str, value: dict[str, Any]) -> Iterator[Problem]:
    units = [u for u in _extensions(question, "questionnaire-unitOption") if isinstance(u, dict)]
    pair = (value.get("system"), value.get("code"))
    if units and pair not in [(u.get("system"), u.get("code")) for u in units]:
        yield (
            "questionnaire.unit",
            written,
            {"found": _amount(value), "allowed": ", ".join(_unit_name(u) for u in units)},
        )
    held_in = _extension(question, "questionnaire-unitValueSet")
    if isinstance(held_in, str):
        held = walk.terminology.value_set(held_in)
        if held is None:
            walk.not_checked("value-set", held_in, walk.scope.place, "value-set-unknown")
        elif held.has(pair[0] if isinstance(pair[0], str) else "", str(pair[1])) is False:
            yield "questionnaire.unit", written, {"found": _amount(value), "allowed": held_in}


def _unit_name(unit: dict[str, Any]) -> str:
    return str(unit.get("code") or unit.get("display") or "")
