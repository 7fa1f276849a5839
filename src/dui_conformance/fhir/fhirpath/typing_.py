"""`is`, `as`, `ofType`, `type()`: the FHIR and System types of items."""

from decimal import Decimal
from typing import Any

from dui_conformance.fhir.fhirpath.values import Moment, Node, Quantity
from dui_conformance.fhir.schema import Types

_MOMENTS = {"date": "Date", "dateTime": "DateTime", "time": "Time"}


def system_name(item: Any) -> str:
    """Boolean, Integer, Decimal, String, Date, DateTime, Time or Quantity."""
    if isinstance(item, bool):
        return "Boolean"
    if isinstance(item, int):
        return "Integer"
    if isinstance(item, Decimal):
        return "Decimal"
    if isinstance(item, str):
        return "String"
    if isinstance(item, Moment):
        return _MOMENTS[item.kind]
    return "Quantity" if isinstance(item, Quantity) else "Any"


def is_type(types: Types, item: Any, name: str) -> bool:
    """Whether an item is of a type, or of one that specialises it."""
    space, _, bare = name.rpartition(".")
    if item.__class__ is Node:
        return space != "System" and bare in lineage(types, item)
    return space != "FHIR" and bare == system_name(item)


def is_exactly(types: Types, item: Any, name: str) -> bool:
    """What `as` and `ofType` keep: a code is not taken for a string, though an Age is for a Quantity."""
    if item.__class__ is Node and item.prop is not None and item.prop.check is not None:
        space, _, bare = name.rpartition(".")
        return space != "System" and item.type == bare
    return is_type(types, item, name)


def lineage(types: Types, node: Node) -> tuple[str, ...]:
    name = node.type
    if name == "Age" or "." not in node.plan.name:
        return types.lineage(name)
    return (name, *types.lineage(name))
