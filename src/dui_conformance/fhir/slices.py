"""Children handed to overlays: cardinalities, and which slice each value belongs to."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dui_conformance.fhir import nearest, recognition
from dui_conformance.fhir.overlay import UNBOUNDED, Constraint, slicing_of
from dui_conformance.fhir.places import Place
from dui_conformance.fhir.schema import Plan, Prop

if TYPE_CHECKING:
    from dui_conformance.fhir.walk import Walk


class Item:
    """One value of an element, with the property it was written under."""

    __slots__ = ("extra", "index", "place", "prop", "value")

    def __init__(self, value: Any, extra: Any, prop: Prop, index: int | None, place: Place) -> None:
        self.value = value
        self.extra = extra
        self.prop = prop
        self.index = index
        self.place = place


_ASTRAY = 50  # resources of no slice that are told, with what keeps each out

Asked = dict[tuple[str, int | None], tuple[Item, list[Constraint]]]  # by property and rank: the value, what is asked


def items_of(node: dict[str, Any], props: Sequence[Prop], place: Place) -> list[Item]:
    """The values of one element, whichever type of a choice they are written as."""
    out: list[Item] = []
    for prop in props:
        value = node.get(prop.name)
        extra = node.get("_" + prop.name) if prop.check is not None else None
        if value is None and extra is None:
            continue
        if value.__class__ is list and extra is None:
            for index, one in enumerate(value):
                out.append(Item(one, None, prop, index, (place, prop, index)))
        elif value.__class__ is list or (value is None and extra.__class__ is list):
            values = value if value.__class__ is list else []
            extras = extra if extra.__class__ is list else []
            for index in range(max(len(values), len(extras))):
                one = values[index] if index < len(values) else None
                more = extras[index] if index < len(extras) else None
                out.append(Item(one, more, prop, index, (place, prop, index)))
        else:
            only = 0 if prop.is_list else None
            out.append(Item(value, extra, prop, only, (place, prop, only)))
    return out


# name, constraint, properties, the same by JSON name where it is a choice, whether more than a count is asked
_Row = tuple[str, Constraint, tuple[Prop, ...], dict[str, Prop] | None, bool]


def _laid(con: Constraint, plan: Plan) -> list[_Row]:
    """The children of a constraint that the type has, and that ask something."""
    if con.laid is None or con.laid[0] is not plan:
        rows = []
        for name, child in con.children.items():
            props = plan.elements.get(name)
            more = bool(child.asks or child.children or child.slices)
            if props and (more or child.min or child.max != UNBOUNDED):
                rows.append((name, child, props, plan.variants.get(name), more))
        con.laid = (plan, rows)
    out: list[_Row] = con.laid[1]
    return out


def _written(node: dict[str, Any], props: tuple[Prop, ...], variants: dict[str, Prop] | None) -> Sequence[Prop]:
    """The properties of an element that a node has: of the many types of a choice, those that are there."""
    if variants is not None:
        return list(dict.fromkeys(variants[key] for key in node if key in variants))
    only = props[0]
    return props if only.name in node or (only.check is not None and "_" + only.name in node) else ()


def distribute(
    walk: "Walk", node: dict[str, Any], plan: Plan, place: Place, cons: Sequence[Constraint]
) -> list[tuple[Item, list[Constraint]]]:
    """Check the cardinalities of the children that constraints speak of; each value with what is asked of it."""
    asked: Asked = {}
    for con in cons:
        for name, child, props, variants, more in _laid(con, plan):
            written = _written(node, props, variants)
            if not written:
                if child.min:
                    _count(walk, child, plan, name, 0, place, props[0])
                if child.slices:
                    sliced(walk, child, name, [], place, asked)
                continue
            items = items_of(node, written, place)
            count = len(items)
            if count < child.min or count > child.max:
                _count(walk, child, plan, name, count, place, props[0])
            if not more:
                continue
            for item in items:
                at = (item.prop.name, item.index)
                held = asked.get(at)
                if held is None:
                    asked[at] = (item, [child])
                elif child not in held[1]:
                    held[1].append(child)
            if child.slices:
                sliced(walk, child, name, items, place, asked)
    return list(asked.values())


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
    asked: Asked,
) -> None:  # fmt: skip
    """Give each value to its slice, and check what slicing itself asks."""
    group = child.group
    if group is None:
        group = child.group = recognition.Group(walk, child, slicing_of(child, name))
    slicing = group.slicing
    if slicing is None or not slicing.discriminators:
        walk.not_checked("slice", child.id, place, "no-discriminator")
        return
    matched: dict[str, list[Item]] = {}
    undecided: set[str] = set()
    furthest, after_end, astray = -1, False, 0
    for item in items:
        hits, open_ = group.shared(walk, item)
        if open_:
            undecided.update(open_)
        if not hits:
            after_end = True
            if slicing.rules == "closed" and not undecided:
                close, why = nearest.of_value(walk, child, item)
                walk.report(
                    "slice.closed", item.place, slicing.profile, child.id, slices=", ".join(child.slices), near=close,
                    why=why,
                )  # fmt: skip
            elif not open_ and astray < _ASTRAY:
                close, why = nearest.astray(walk, group, item)
                if close:
                    astray += 1
                    walk.report("slice.unmatched", item.place, slicing.profile, child.id, near=close, why=why)
            continue
        for key in hits:
            matched.setdefault(key, []).append(item)
            asked[item.prop.name, item.index][1].append(child.slices[key])
        if len(hits) > 1:
            # Two profiles that one resource meets: the fault is theirs, who do not tell themselves apart.
            theirs = all(kind == "profile" for kind, _ in slicing.discriminators)
            severity = "warning" if theirs else ""
            walk.report("slice.several", item.place, slicing.profile, child.id, severity, slices=", ".join(hits))
        if slicing.rules == "openAtEnd" and after_end:
            walk.report("slice.not-at-end", item.place, slicing.profile, child.id, slice=hits[0])
        if slicing.ordered:
            order = list(child.slices)
            rank = order.index(hits[0])
            if rank < furthest:
                walk.report("slice.order", item.place, slicing.profile, child.id, slice=hits[0], before=order[furthest])
            furthest = max(furthest, rank)
    for key, one in group.slices:
        held = matched.get(key)
        if held is None:
            if not one.min and not one.slices:
                continue
            held = []
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
                near, why = nearest.of_slice(walk, one, items)
                rule = "slice.missing" if near is None else "slice.missing-near"
                walk.report(rule, place, one.asked_by("min"), one.id, name=_label(child, key),
                            least=one.min, near=near, why=why)  # fmt: skip
        if one.slices:
            sliced(walk, one, name, held, place, asked)


def _label(child: Constraint, key: str) -> str:
    return f"{child.id.rpartition('.')[2]}:{key}"
