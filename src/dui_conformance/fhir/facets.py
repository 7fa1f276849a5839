"""What overlays ask of one value: type, fixed, pattern, range, length, binding, constraints, profiles."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dui_conformance.fhir import bindings, invariants
from dui_conformance.fhir.fhirpath.values import Moment, Node, Quantity, system
from dui_conformance.fhir.overlay import Constraint, TypeRule
from dui_conformance.fhir.places import Place
from dui_conformance.fhir.schema import Prop

if TYPE_CHECKING:
    from dui_conformance.fhir.walk import Walk

_ANY = ("Resource", "DomainResource", "Element", "BackboneElement")


def value(
    walk: "Walk", item: Any, extra: dict[str, Any] | None, prop: Prop | None, place: Place, cons: tuple[Constraint, ...]
) -> tuple[Constraint, ...]:
    """Check one value against each overlay; gives the overlays to go on with, those of its profiles added."""
    out = list(cons)
    for con in out:  # grows as type rules bring in the roots of their profiles
        if not con.asks:
            continue
        if con.types is not None and prop is not None:
            allowed, more = _typed(walk, con, con.types, item, prop, place)
            out += [m for m in more if m not in out]
            if not allowed:
                continue
        if con.fixed is not None:
            _fixed(walk, con, item, extra, place)
        if con.pattern is not None:
            for rule, values in differences(con.pattern, item):
                walk.report(rule, place, con.asked_by("pattern"), con.id, **values)
                break
        if item is not None:
            _bounded(walk, con, item, prop, place)
            if con.binding is not None:
                bindings.check(walk, item, prop, con.binding, place, con.asked_by("binding"), con.id)
        if con.invariants:
            plan = prop.plan_of(item) if prop is not None else con.plan
            if plan is not None:
                if "." not in con.id and plan.kind == "resource":
                    continue  # the root of a profile: evaluated once the resource is entered, as its %resource
                invariants.of_constraint(walk, con.invariants, Node(item, plan, prop, extra), place)
    return tuple(out)


def _typed(
    walk: "Walk", con: Constraint, types: dict[str, TypeRule], item: Any, prop: Prop, place: Place
) -> tuple[bool, list[Constraint]]:
    """Whether the type is allowed, and the overlays of the profiles that the type rule asks for."""
    if prop.resource:
        name = item.get("resourceType") if isinstance(item, dict) else None
        kinds = walk.types.lineage(name) if isinstance(name, str) and name.isalpha() else ()
        rule = next((types[k] for k in kinds if k in types), None)
        found = str(name)[:64]
    else:
        rule = types.get(prop.type)
        found = prop.type
        if rule is None and any(t in _ANY for t in types):
            rule = next(types[t] for t in types if t in _ANY)
    if rule is None:
        walk.report("type.not-allowed", place, con.asked_by("types"), con.id, found=found, allowed=", ".join(types))
        return False, []
    if prop.type == "Reference" and isinstance(item, dict) and (rule.targets or rule.aggregation):
        from dui_conformance.fhir import references

        references.later(walk, item, rule.targets, place, con.asked_by("types"), con.id, rule.aggregation)
    if not rule.profiles or item is None:
        return True, []
    return True, _profiled(walk, con, item, prop, rule.profiles, place)


def _profiled(
    walk: "Walk", con: Constraint, item: Any, prop: Prop, urls: tuple[str, ...], place: Place
) -> list[Constraint]:  # fmt: skip
    held = []
    for url in urls:
        profile = walk.profiles.get(url)
        if profile is None:
            walk.not_checked("profile", url, place, "profile-unknown")
        else:
            held.append(profile)
    if len(held) < len(urls) and len(urls) > 1:
        return []  # one of the choices is not at hand: it might be the one that is met
    if len(held) == 1:
        return [held[0].root]
    if held:
        plan = prop.plan_of(item)
        tried = [(walk.problems_with(item, plan, p.url, p.root, place), p) for p in held]
        best = min(tried, key=lambda pair: len(pair[0]))
        if best[0]:
            walk.report(
                "profile.none-of", place, con.asked_by("types"), con.id, allowed=", ".join(p.url for p in held),
                near=best[1].url, why=best[0][0],
            )  # fmt: skip
    return []


def _fixed(walk: "Walk", con: Constraint, item: Any, extra: dict[str, Any] | None, place: Place) -> None:
    if item is None and extra:
        return  # a primitive with an extension in place of its value: nothing to compare
    if same(con.fixed, item):
        return
    if isinstance(con.fixed, dict) and isinstance(item, dict):
        told = False
        for key in item:
            if key not in con.fixed:
                told = True
                walk.report("fixed.extra", (place, key, None), con.asked_by("fixed"), con.id, name=key[:64])
        for key, wanted in con.fixed.items():
            if key not in item:
                told = True
                walk.report("fixed.missing", place, con.asked_by("fixed"), con.id, name=key, expected=_told(wanted))
            elif not same(wanted, item[key]):
                told = True
                walk.report("fixed.differs", (place, key, None), con.asked_by("fixed"), con.id,
                            expected=_told(wanted), value=item[key])  # fmt: skip
        if told:
            return
    walk.report("fixed.differs", place, con.asked_by("fixed"), con.id, expected=_told(con.fixed), value=item)


def same(wanted: Any, found: Any) -> bool:
    """Exactly the same value; 1 is not true, and 1.0 is not 1.00."""
    if isinstance(wanted, dict):
        return (
            isinstance(found, dict)
            and wanted.keys() == found.keys()
            and all(same(v, found[k]) for k, v in wanted.items())
        )
    if isinstance(wanted, list):
        return isinstance(found, list) and len(wanted) == len(found) and all(map(same, wanted, found))
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    if isinstance(wanted, (int, float, Decimal)) and isinstance(found, (int, float, Decimal)):
        return Decimal(str(wanted)) == Decimal(str(found))
    return bool(wanted == found)


def differences(pattern: Any, found: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Why a value does not meet a pattern; empty when it does (R4 ElementDefinition.pattern[x])."""
    if isinstance(pattern, dict):
        if not isinstance(found, dict):
            return [("pattern.missing", {"name": path or "?", "expected": _told(pattern)})]
        out: list[tuple[str, dict[str, Any]]] = []
        for key, wanted in pattern.items():
            below = f"{path}.{key}" if path else key
            if key not in found:
                out.append(("pattern.missing", {"name": below, "expected": _told(wanted)}))
            else:
                out += differences(wanted, found[key], below)
        return out
    if isinstance(pattern, list):
        items = found if isinstance(found, list) else [found]
        out = []
        for wanted in pattern:
            # each item of the pattern must be met by some item, wherever it stands
            tried: list[list[tuple[str, dict[str, Any]]]] = [differences(wanted, item, path) for item in items]
            if all(tried):
                out += tried[0] if len(tried) == 1 else [
                    ("pattern.missing", {"name": path or "?", "expected": _told(wanted)})
                ]  # fmt: skip
        return out
    return (
        []
        if same(pattern, found)
        else [("pattern.differs", {"name": path, "expected": _told(pattern), "value": found})]
    )


def _told(value: Any) -> str:
    import json

    if isinstance(value, (dict, list)):
        text = json.dumps(value, ensure_ascii=False, default=str)
        return text if len(text) <= 200 else text[:199] + "…"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _bounded(walk: "Walk", con: Constraint, item: Any, prop: Prop | None, place: Place) -> None:
    if con.max_length and isinstance(item, str) and len(item) > con.max_length:
        walk.report("length.max", place, con.asked_by("max_length"), con.id, most=con.max_length, count=len(item))
    if con.minimum is None and con.maximum is None:
        return
    plan = prop.plan if prop is not None else con.plan
    if plan is None:
        return
    found = system(Node(item, plan, prop))
    for limit, message, wrong in ((con.minimum, "range.min", -1), (con.maximum, "range.max", 1)):
        if limit is None:
            continue
        order = compared(walk, found, limit, wrong)
        if order is None:
            walk.not_checked("expression", message, place, "incomparable")
        elif order == wrong:
            facet = "minimum" if wrong < 0 else "maximum"
            walk.report(message, place, con.asked_by(facet), con.id, value=_written(found), limit=_told(limit))


def _written(value: Any) -> str:
    return f"{value.value:f} {value.unit}" if isinstance(value, Quantity) else str(value)


def compared(walk: "Walk", found: Any, limit: Any, way: int = 1) -> int | None:
    """-1, 0, 1, or None; a limit that is a duration counts back (`way` -1) or on from now.

    R4 ElementDefinition.minValue[x]: the minimum lies that far in the past, the maximum in the future.
    """
    import datetime

    from dui_conformance.fhir.fhirpath.engine import Failed
    from dui_conformance.fhir.fhirpath.moments import moved

    if isinstance(limit, dict):
        plan = walk.types.type("Quantity")
        bound = system(Node(limit, plan)) if plan else None
        if isinstance(found, Moment) and isinstance(bound, Quantity):
            now = Moment.date_time(walk.options.now or datetime.datetime.now(datetime.UTC).isoformat())
            units = {"a": "year", "mo": "month"}
            try:
                edge = moved(now, Quantity(bound.value, units.get(bound.unit, bound.unit)), way) if now else None
            except Failed:
                return None
            return found.compare(edge) if edge else None
        return found.compare(bound) if isinstance(found, Quantity) and isinstance(bound, Quantity) else None
    if isinstance(found, Moment):
        edge = Moment.date_time(str(limit)) or Moment.time(str(limit))
        return found.compare(edge) if edge else None
    if isinstance(found, (int, Decimal)) and not isinstance(found, bool) and not isinstance(limit, (str, bool)):
        bound = Decimal(str(limit))
        return (found > bound) - (found < bound)
    return None
