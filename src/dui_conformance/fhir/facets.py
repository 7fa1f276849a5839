"""What overlays ask of one value: type, fixed, pattern, range, length, binding, constraints, profiles."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dui_conformance.fhir import bindings, conformity, invariants
from dui_conformance.fhir.fhirpath.values import Moment, Node, Quantity, system
from dui_conformance.fhir.overlay import Constraint, TypeRule
from dui_conformance.fhir.places import Place
from dui_conformance.fhir.schema import Prop
from dui_conformance.fhir.values import differences, matcher, same, told

if TYPE_CHECKING:
    from dui_conformance.fhir.walk import Walk

_ANY = ("Resource", "DomainResource", "Element", "BackboneElement")


def value(
    walk: "Walk", item: Any, extra: dict[str, Any] | None, prop: Prop | None, place: Place, cons: Sequence[Constraint]
) -> None:
    """Check one value against each constraint; the profiles that their types ask for are asked of it too."""
    for con in cons:
        if not con.asks:
            continue
        if con.types is not None and prop is not None and not _typed(walk, con, con.types, item, extra, prop, place):
            continue
        if con.fixed is not None:
            _fixed(walk, con, item, extra, place)
        if con.pattern is not None:
            if con.matches is None:
                con.matches = matcher(con.pattern)
            if not con.matches(item):
                rule, values = differences(con.pattern, item)[0]
                walk.report(rule, place, con.asked_by("pattern"), con.id, **values)
        if item is not None:
            if con.max_length or con.minimum is not None or con.maximum is not None:
                _bounded(walk, con, item, prop, place)
            if con.binding is not None:
                bindings.check(walk, item, prop, con.binding, place, con.asked_by("binding"), con.id)
        if con.invariants:
            plan = prop.plan_of(item) if prop is not None else con.plan
            if plan is not None:
                if "." not in con.id and plan.kind == "resource":
                    continue  # the root of a profile: evaluated once the resource is entered, as its %resource
                invariants.of_constraint(walk, con, Node(item, plan, prop, extra), place)


def _typed(
    walk: "Walk", con: Constraint, types: dict[str, TypeRule], item: Any, extra: dict[str, Any] | None, prop: Prop,
    place: Place,
) -> bool:  # fmt: skip
    """Whether the type is allowed; asks the profiles of its rule."""
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
        return False
    if prop.type == "Reference" and isinstance(item, dict) and (rule.targets or rule.aggregation):
        from dui_conformance.fhir import references

        references.constrained(walk, item, rule.targets, place, con.asked_by("types"), con.id, rule.aggregation)
    if rule.profiles and item is not None:
        _profiled(walk, con, item, extra, prop, rule.profiles, place)
    return True


def _profiled(
    walk: "Walk", con: Constraint, item: Any, extra: dict[str, Any] | None, prop: Prop, urls: tuple[str, ...],
    place: Place,
) -> None:  # fmt: skip
    held = []
    for url in urls:
        profile = walk.profiles.get(url)
        if profile is None:
            walk.not_checked("profile", url, place, "profile-unknown")
        else:
            held.append(profile)
    if not held or (len(held) < len(urls) and len(urls) > 1):
        return  # one of the choices is not at hand: it might be the one that is met
    plan, scope = prop.plan_of(item), None
    if prop.resource and isinstance(item, dict):
        scope = walk.scope_of(item, prop, place)
        if scope is None:
            return
    if len(held) == 1:
        conformity.met(walk, item, plan, held[0], place, prop, extra, scope)
        return
    tried = [conformity.verdict(walk, item, plan, p, place, prop, extra, scope, quick=False).kept_out for p in held]
    why = min(tried, key=len)
    if why:
        walk.report(
            "profile.none-of", place, con.asked_by("types"), con.id, allowed=", ".join(p.url for p in held),
            near=held[tried.index(why)].url, why=why[0],
        )  # fmt: skip


def _fixed(walk: "Walk", con: Constraint, item: Any, extra: dict[str, Any] | None, place: Place) -> None:
    if item is None and extra:
        return  # a primitive with an extension in place of its value: nothing to compare
    if same(con.fixed, item):
        return
    if isinstance(con.fixed, dict) and isinstance(item, dict):
        said = False
        for key in item:
            if key not in con.fixed:
                said = True
                walk.report("fixed.extra", (place, key, None), con.asked_by("fixed"), con.id, name=key[:64])
        for key, wanted in con.fixed.items():
            if key not in item:
                said = True
                walk.report("fixed.missing", place, con.asked_by("fixed"), con.id, name=key, expected=told(wanted))
            elif not same(wanted, item[key]):
                said = True
                walk.report("fixed.differs", (place, key, None), con.asked_by("fixed"), con.id,
                            expected=told(wanted), value=item[key])  # fmt: skip
        if said:
            return
    walk.report("fixed.differs", place, con.asked_by("fixed"), con.id, expected=told(con.fixed), value=item)


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
            walk.report(message, place, con.asked_by(facet), con.id, value=_written(found), limit=told(limit))


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
