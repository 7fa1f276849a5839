"""Bindings: whether the codes of a value are in the value set that a definition binds it to."""

from typing import TYPE_CHECKING, Any

from dui_conformance.fhir.places import Place
from dui_conformance.fhir.schema import Binding, Prop
from dui_conformance.fhir.terminology import codings

if TYPE_CHECKING:
    from dui_conformance.fhir.walk import Walk

_QUANTITIES = ("Quantity", "Age", "Count", "Distance", "Duration", "SimpleQuantity", "MoneyQuantity")


def check(
    walk: "Walk", item: Any, prop: Prop | None, binding: Binding, place: Place, profile: str, element: str
) -> None:  # fmt: skip
    """One value against one binding, and against those added to it."""
    strength = binding.strength
    if binding.value_set and strength in ("required", "extensible"):
        _one(walk, item, prop, binding.value_set, strength, place, profile, element)
    elif binding.value_set and strength == "maximum" and codings(item):
        # the largest set of a preferred binding: a code is of it, and nothing asks for a code (text alone will do)
        _one(walk, item, prop, binding.value_set, "required", place, profile, element)
    for purpose, value_set in binding.additional:
        if value_set and purpose in ("required", "maximum", "extensible"):
            kind = "extensible" if purpose == "extensible" else "required"
            _one(walk, item, prop, value_set, kind, place, profile, element)


def _one(
    walk: "Walk", item: Any, prop: Prop | None, url: str, strength: str, place: Place, profile: str, element: str
) -> None:  # fmt: skip
    pairs = codings(item)
    if (
        isinstance(item, str)
        and prop is not None
        and prop.type not in ("code", "string", "uri", "url", "canonical", "id")
    ):
        return
    if (
        isinstance(item, dict)
        and "coding" not in item
        and "code" not in item
        and "system" not in item
        and prop is not None
    ):
        if prop.type == "CodeableConcept" and strength == "required" and item:
            # text alone: what a required binding forbids (R4 §4.1.5, required)
            held = walk.terminology.value_set(url)
            if held is not None:
                walk.report("binding.required-none", place, profile, element, set=url)
        return
    if not pairs:
        return
    held = walk.terminology.value_set(url)
    if held is None:
        walk.not_checked("value-set", url, place, "value-set-unknown")
        return
    answers = []
    for system, code in pairs:
        if code is None:
            answers.append(False if not isinstance(item, str) else None)
            continue
        answers.append(held.has(system or ("" if system == "" else None), code))
    if True in answers:
        return
    if None in answers:
        for (system, _), answer in zip(pairs, answers, strict=True):
            if answer is None:
                walk.not_checked("code", system or url, place, "code-system-unknown")
        return
    if isinstance(item, dict) and prop is not None and prop.type in _QUANTITIES and all(c is None for _, c in pairs):
        return
    several = isinstance(item, dict) and isinstance(item.get("coding"), list)
    if isinstance(item, str):
        rule = "binding.code"
    elif several:
        rule = "binding.concept"
    else:
        rule = "binding.coding"
    shown = ", ".join(f"{s}#{c}" if s else str(c) for s, c in pairs[:5])
    if strength == "extensible":
        walk.report(rule + "-extensible", place, profile, element, codes=shown, set=url)
    else:
        walk.report(rule, place, profile, element, codes=shown, set=url)
