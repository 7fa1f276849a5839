"""Children handed to overlays: cardinalities, and which slice each value belongs to."""

from typing import TYPE_CHECKING, Any

from dui_conformance.fhir import discriminators
from dui_conformance.fhir.overlay import UNBOUNDED, Constraint, slicing_of
from dui_conformance.fhir.places import Place
from dui_conformance.fhir.schema import Plan, Prop

if TYPE_CHECKING:
    from dui_conformance.fhir.walk import Walk

Assigned = dict[tuple[str, int | None], tuple[Constraint, ...]]


class Item:
    """One value of an element, with the property it was written under."""

    __slots__ = ("extra", "index", "place", "prop", "value")

    def __init__(self, value: Any, extra: Any, prop: Prop, index: int | None, place: Place) -> None:
        self.value = value
        self.extra = extra
        self.prop = prop
        self.index = index
        self.place = place


def items_of(node: dict[str, Any], plan: Plan, name: str, place: Place) -> list[Item]:
    """The values of one element, whichever type of a choice they are written as."""
    out: list[Item] = []
    for prop in plan.elements.get(name, ()):
        value = node.get(prop.name)
        extra = node.get("_" + prop.name) if prop.check is not None else None
        if value is None and extra is None:
            continue
        if type(value) is list or (value is None and type(extra) is list):
            values = value if type(value) is list else []
            extras = extra if type(extra) is list else []
            for index in range(max(len(values), len(extras))):
                one = values[index] if index < len(values) else None
                more = extras[index] if index < len(extras) else None
                out.append(Item(one, more, prop, index, (place, prop, index)))
        else:
            only = 0 if prop.is_list else None
            out.append(Item(value, extra, prop, only, (place, prop, only)))
    return out


def distribute(walk: "Walk", node: dict[str, Any], plan: Plan, place: Place, cons: tuple[Constraint, ...]) -> Assigned:
    """Check the cardinalities of the children that overlays speak of; say which overlays go with each value."""
    out: dict[tuple[str, int | None], list[Constraint]] = {}
    for con in cons:
        for name, child in con.children.items():
            props = plan.elements.get(name)
            if props is None:
                continue
            items = items_of(node, plan, name, place)
            _count(walk, child, plan, name, len(items), place, props[0])
            for item in items:
                out.setdefault((item.prop.name, item.index), []).append(child)
            if child.slices:
                sliced(walk, child, name, items, place, out)
    return {key: tuple(dict.fromkeys(held)) for key, held in out.items()}


def _count(walk: "Walk", child: Constraint, plan: Plan, name: str, count: int, place: Place, prop: Prop) -> None:
    # what the base type asks already is told by the walk itself
    label = name if name in plan.props else name + "[x]"
    if count < child.min and not (count == 0 and child.min <= prop.min):
        walk.report("cardinality.min", place, child.asked_by("min"), child.id, name=label, least=child.min, count=count)
    if count > child.max:
        rule = "cardinality.forbidden" if child.max == 0 else "cardinality.max"
        walk.report(rule, place, child.asked_by("max"), child.id, name=label, most=int(child.max), count=count)


def sliced(
    walk: "Walk", child: Constraint, name: str, items: list[Item], place: Place,
    out: dict[tuple[str, int | None], list[Constraint]],
) -> None:  # fmt: skip
    """Give each value to its slice, and check what slicing itself asks."""
    slicing = slicing_of(child, name)
    if slicing is None or not slicing.discriminators:
        walk.not_checked("slice", child.id, place, "no-discriminator")
        return
    matched: dict[str, list[Item]] = {key: [] for key in child.slices}
    order = list(child.slices)
    furthest, after_end = -1, False
    undecided: set[str] = set()
    for item in items:
        hits = []
        for key, one in child.slices.items():
            answer = discriminators.matches(walk, one, slicing, item)
            if answer:
                hits.append(key)
            elif answer is None:
                undecided.add(key)
        for key in hits:
            matched[key].append(item)
            out.setdefault((item.prop.name, item.index), []).append(child.slices[key])
        if len(hits) > 1:
            # Two profiles that one resource meets: the fault is theirs, who do not tell themselves apart.
            theirs = all(kind == "profile" for kind, _ in slicing.discriminators)
            severity = "warning" if theirs else ""
            walk.report("slice.several", item.place, slicing.profile, child.id, severity, slices=", ".join(hits))
        if not hits:
            after_end = True
            if slicing.rules == "closed" and not undecided:
                close, why = discriminators.nearest_slice(walk, child, slicing, item)
                walk.report(
                    "slice.closed", item.place, slicing.profile, child.id, slices=", ".join(order), near=close, why=why
                )
            continue
        if slicing.rules == "openAtEnd" and after_end:
            walk.report("slice.not-at-end", item.place, slicing.profile, child.id, slice=hits[0])
        rank = order.index(hits[0])
        if slicing.ordered and rank < furthest:
            walk.report("slice.order", item.place, slicing.profile, child.id, slice=hits[0], before=order[furthest])
        furthest = max(furthest, rank)
    for key, one in child.slices.items():
        held = matched[key]
        if one.max != UNBOUNDED and len(held) > one.max:
            if one.max == 0:
                for item in held:
                    walk.report("slice.forbidden", item.place, one.asked_by("max"), one.id, slice=key)
            else:
                walk.report("slice.max", place, one.asked_by("max"), one.id, name=_label(child, key), most=int(one.max),
                            count=len(held))  # fmt: skip
        if len(held) < one.min:
            if key in undecided:
                walk.not_checked("slice", one.id, place, "slice-undecided")
            elif held:
                walk.report("slice.min", place, one.asked_by("min"), one.id, name=_label(child, key), least=one.min,
                            count=len(held))  # fmt: skip
            else:
                near, why = discriminators.nearest_item(walk, one, slicing, items)
                rule = "slice.missing" if near is None else "slice.missing-near"
                walk.report(rule, place, one.asked_by("min"), one.id, name=_label(child, key),
                            least=one.min, near=near, why=why)  # fmt: skip
        if one.slices:
            sliced(walk, one, name, held, place, out)


def _label(child: Constraint, key: str) -> str:
    return f"{child.id.rpartition('.')[2]}:{key}"
