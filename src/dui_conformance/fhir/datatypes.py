"""Rules of datatypes that their definitions leave to prose: texts, URLs, codings, attachments."""

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from dui_conformance.fhir import bindings, narrative, references
from dui_conformance.fhir.places import Place
from dui_conformance.fhir.primitives import json_kind
from dui_conformance.fhir.schema import Prop

if TYPE_CHECKING:
    from dui_conformance.fhir.walk import Walk

_CORE = "http://hl7.org/fhir/StructureDefinition/"
_EXAMPLE = re.compile(r"https?://([\w.-]+\.)?(example\.(org|com|net)|acme\.com)(?=[/:#?|]|$)", re.I)
_NOT_EXAMPLES = ("Extension.url", "Coding.system", "Identifier.system")  # told by their own rules, or names only
_HTML_TAG = re.compile(r"<[A-Za-z!/][^\s>]?")
_JSON_KINDS = {bool: "boolean", int: "number", str: "string", dict: "object", list: "array"}


def example_url(url: str) -> bool:
    return bool(_EXAMPLE.match(url))


def primitive(walk: "Walk", value: Any, prop: Prop, place: Place) -> None:
    """One primitive value against its base type."""
    wrong = prop.check(value) if prop.check is not None else None
    if wrong is not None:
        url = _CORE + prop.type
        if wrong == "type":
            found = _JSON_KINDS.get(type(value), "number")
            if json_kind(prop.type) == found:
                walk.report("primitive.integer", place, url, prop.id, type=prop.type, value=value)
            else:
                walk.report(
                    "primitive.type", place, url, prop.id, type=prop.type, expected=json_kind(prop.type), found=found
                )
            return
        walk.report(f"primitive.{wrong}", place, url, prop.id, type=prop.type, value=value, count=_size(value))
        if wrong not in ("blank", "control"):
            return
    if prop.extended:
        _extended(walk, value, prop, place)


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str) else 0


def _extended(walk: "Walk", value: Any, prop: Prop, place: Place) -> None:
    kind = prop.type
    if prop.binding is not None:
        codes = prop.codes
        if codes is None:
            codes = prop.codes = walk.terminology.enumerated(prop.binding.value_set)
        if value not in codes:
            bindings.check(walk, value, prop, prop.binding, place, _owner(prop), prop.id)
    if prop.fixed is not None and value != prop.fixed:
        walk.report("fixed.differs", place, _owner(prop), prop.id, expected=str(prop.fixed), value=value)
    if prop.max_length and isinstance(value, str) and len(value) > prop.max_length:
        walk.report("length.max", place, _owner(prop), prop.id, most=prop.max_length, count=len(value))
    if kind == "xhtml":
        narrative.check(walk, value, place)
    elif kind == "markdown":
        if walk.options.no_html_in_markdown:
            found = _HTML_TAG.search(value)
            if found:
                walk.report("markdown.html", place, _CORE + "markdown", prop.id, tag=found[0])
    elif kind == "canonical":
        references.canonical(walk, value, prop, place)
    elif kind in ("uri", "url") and not walk.options.example_urls and prop.id not in _NOT_EXAMPLES:
        _example(walk, value, place)


def _example(walk: "Walk", value: str, place: Place) -> None:
    if example_url(value):
        walk.report("url.example", place, value=value[:200])


def _owner(prop: Prop) -> str:
    return _CORE + prop.id.partition(".")[0]


def bound(walk: "Walk", value: dict[str, Any], prop: Prop, place: Place) -> None:
    """A Coding, CodeableConcept or Quantity against the binding of its base element."""
    if prop.binding is not None:
        bindings.check(walk, value, prop, prop.binding, place, _owner(prop), prop.id)


def coding(walk: "Walk", value: dict[str, Any], prop: Prop, place: Place) -> None:
    """Coding: an absolute system, that is a code system, and holds the code."""
    system, code = value.get("system"), value.get("code")
    if not isinstance(system, str) or not system:
        if prop.type == "Coding" and isinstance(code, str) and code and walk.options.best_practice:
            walk.report("coding.no-system", place, _CORE + "Coding", prop.id, code=code)
        return
    here = (place, "system", None)
    if ":" not in system:
        walk.report("coding.relative", here, _CORE + "Coding", prop.id, system=system[:200])
        return
    held = walk.terminology.code_system(system)
    if held is None:
        if walk.terminology.definitions.get("ValueSet", system) is not None:
            walk.report("coding.value-set", here, _CORE + "Coding", prop.id, system=system[:200])
        elif isinstance(code, str):
            walk.not_checked("code", system[:300], place, "code-system-unknown")
        return
    if isinstance(code, str) and code:
        answer = held.has(code)
        if answer is None:
            walk.not_checked("code", system, place, "code-system-partial")
        elif not answer:
            # the systems of the R4 publication are closed; the others grow between two versions
            rule = "coding.unknown" if system.startswith("http://hl7.org/fhir/") else "coding.unknown-here"
            walk.report(rule, (place, "code", None), _CORE + "Coding", prop.id, code=code, system=system)


def attachment(walk: "Walk", value: dict[str, Any], prop: Prop, place: Place) -> None:
    """Attachment: the stated size and hash are those of the data (R4 Attachment)."""
    data, size = value.get("data"), value.get("size")
    if not isinstance(data, str) or type(size) is not int:
        return
    try:
        found = len(base64.b64decode("".join(data.split()), validate=True))
    except (ValueError, binascii.Error):
        return
    if found != size:
        walk.report("attachment.size", place, _CORE + "Attachment", prop.id, stated=size, found=found)


def identifier(walk: "Walk", value: dict[str, Any], prop: Prop, place: Place) -> None:
    """Identifier: where the system is that of URIs, the value is a whole URI (R4 Identifier, note on system)."""
    text = value.get("value")
    if value.get("system") == "urn:ietf:rfc:3986" and isinstance(text, str) and ":" not in text:
        walk.report("identifier.uri", place, _CORE + "Identifier", prop.id, value=text)


_QUANTITIES = ("Quantity", "Age", "Count", "Distance", "Duration")
COMPLEX = {
    **dict.fromkeys(_QUANTITIES, coding),
    "Identifier": identifier,
    "Coding": coding,
    "Attachment": attachment,
    "Reference": references.reference,
}
