"""Whether the rows of a profile table speak of elements that exist."""

from functools import cache

from dui_conformance.fhir.definitions import Definitions
from dui_conformance.fhir.schema import Plan, Types


@cache
def _types() -> Types:
    return Types(Definitions.core())


def is_type(name: str) -> bool:
    """Whether R4 has this type."""
    return _types().type(name) is not None


def unknown_step(of: str, path: str) -> str:
    """The first step of a row's path that is no element of the type it stands on; empty when all are.

    Below a choice, an element of any of its types will do; what stands inside a resource of any type is not looked at.
    """
    plan = _types().type(of)
    plans: list[Plan] = [plan] if plan is not None else []
    for step in path.split("."):
        name = step.partition(":")[0].removesuffix("[x]")
        props = [prop for plan in plans for prop in plan.elements.get(name, ())]
        props += [plan.props[name] for plan in plans if name in plan.props and name not in plan.elements]
        if not props:
            return step
        if any(prop.resource for prop in props):
            return ""
        plans = [prop.plan for prop in props]
    return ""
