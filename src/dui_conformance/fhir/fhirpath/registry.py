"""Every FHIRPath function by name, with how few and how many arguments it takes."""

from collections.abc import Callable
from typing import Any

from dui_conformance.fhir.fhirpath import boundaries, conversions, fhir_functions, lambdas, sets, texts
from dui_conformance.fhir.fhirpath.engine import Collection, Run

# Arguments evaluated beforehand: f(env, focus, *arguments).
FUNCTIONS: dict[str, tuple[Callable[..., Collection], int, int]] = {
    **sets.FUNCTIONS,
    **texts.FUNCTIONS,
    **conversions.FUNCTIONS,
    **fhir_functions.FUNCTIONS,
    **boundaries.FUNCTIONS,
}

# Arguments evaluated for each item, or not at all: f(focus, arguments) gives a closure.
LAMBDAS: dict[str, tuple[Callable[[Run, list[Any]], Run], int, int]] = lambdas.LAMBDAS
