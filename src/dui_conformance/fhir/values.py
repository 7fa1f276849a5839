"""Values of a resource held against those of a definition: fixed values and patterns."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any


def same(wanted: Any, found: Any) -> bool:
    """Exactly the same value; 1 is not true, and 1.0 is not 1.00."""
    if wanted.__class__ is str:
        return bool(wanted == found)
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


def matcher(pattern: Any) -> Callable[[Any], bool]:
    """What tells whether a value meets a pattern: it has all that the pattern has (R4 ElementDefinition.pattern[x])."""
    if isinstance(pattern, dict):
        parts = [(key, matcher(wanted)) for key, wanted in pattern.items()]

        def has(found: Any) -> bool:
            if found.__class__ is not dict:
                return False
            for key, test in parts:  # noqa: SIM110  (twice as fast as all() over a generator)
                if key not in found or not test(found[key]):
                    return False
            return True

        return has
    if isinstance(pattern, list):
        tests = [matcher(wanted) for wanted in pattern]

        def holds(found: Any) -> bool:
            """Each item of the pattern is met by some item, wherever it stands."""
            items = found if found.__class__ is list else (found,)
            for test in tests:
                for item in items:
                    if test(item):
                        break
                else:
                    return False
            return True

        return holds
    if isinstance(pattern, str):
        return lambda found: bool(found == pattern)
    return lambda found: same(pattern, found)


def differences(pattern: Any, found: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Why a value does not meet a pattern; empty when it does (see `matcher`)."""
    if isinstance(pattern, dict):
        if not isinstance(found, dict):
            return [("pattern.missing", {"name": path or "?", "expected": told(pattern)})]
        out: list[tuple[str, dict[str, Any]]] = []
        for key, wanted in pattern.items():
            below = f"{path}.{key}" if path else key
            if key not in found:
                out.append(("pattern.missing", {"name": below, "expected": told(wanted)}))
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
                    ("pattern.missing", {"name": path or "?", "expected": told(wanted)})
                ]  # fmt: skip
        return out
    return (
        [] if same(pattern, found) else [("pattern.differs", {"name": path, "expected": told(pattern), "value": found})]
    )


def told(value: Any) -> str:
    """A value of a definition, as texts show it."""
    if isinstance(value, (dict, list)):
        text = coded(value) or json.dumps(value, ensure_ascii=False, default=str)
        return text if len(text) <= 200 else text[:199] + "…"
    return str(value).lower() if isinstance(value, bool) else str(value)


def coded(value: Any) -> str:
    """`system#code` of a Coding, or of each coding of a CodeableConcept that is nothing else; empty otherwise."""
    codings = value.get("coding") if isinstance(value, dict) and value.keys() == {"coding"} else [value]
    if not isinstance(codings, list) or not all(
        isinstance(c, dict) and {"system", "code"} <= c.keys() <= {"system", "code", "display"} for c in codings
    ):
        return ""
    return ", ".join(f"{c['system']}#{c['code']}" for c in codings)
