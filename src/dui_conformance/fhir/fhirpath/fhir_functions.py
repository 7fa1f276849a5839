"""What FHIR adds to FHIRPath (R4 §2.9.1.2), and the functions of time and type."""

import datetime
from collections.abc import Callable

from dui_conformance.fhir.fhirpath.engine import Collection, Env, Failed, Undecided
from dui_conformance.fhir.fhirpath.operators import one
from dui_conformance.fhir.fhirpath.typing_ import system_name
from dui_conformance.fhir.fhirpath.values import Moment, Node, TypeInfo, equal, system


def _extension(env: Env, items: Collection, url: Collection) -> Collection:
    wanted = one(url)
    found: Collection = []
    for item in items:
        if item.__class__ is Node:
            item.children("extension", found)
    return [e for e in found if isinstance(e.value, dict) and e.value.get("url") == wanted]


def _has_value(env: Env, items: Collection) -> Collection:
    if len(items) != 1:
        return [False]
    item = items[0]
    return [item.__class__ is not Node or (item.value is not None and not isinstance(item.value, dict))]


def _get_value(env: Env, items: Collection) -> Collection:
    if len(items) != 1:
        return []
    value = system(items[0])
    return [] if value.__class__ is Node else [value]


def _resolve(env: Env, items: Collection) -> Collection:
    if env.services is None:
        raise Undecided("resolve")
    out: Collection = []
    for item in items:
        value = item.value if item.__class__ is Node else item
        if isinstance(value, dict):
            value = value.get("reference")
        if isinstance(value, str):
            found = env.services.resolve(value, item if item.__class__ is Node else None)
            if found is not None:
                out.append(found)
    return out


def _member_of(env: Env, items: Collection, value_set: Collection) -> Collection:
    url = one(value_set)
    if len(items) != 1 or not isinstance(url, str):
        return []
    if env.services is None:
        raise Undecided("memberOf")
    return [env.services.member_of(items[0], url)]


def _conforms_to(env: Env, items: Collection, profile: Collection) -> Collection:
    url = one(profile)
    if not items or not isinstance(url, str):
        return []
    if len(items) > 1 or items[0].__class__ is not Node:
        raise Failed("conformsTo() applies to one element")
    if env.services is None:
        raise Undecided("conformsTo")
    return [env.services.conforms_to(items[0], url)]


def _html_checks(env: Env, items: Collection) -> Collection:
    value = one(items)
    if not isinstance(value, str):
        return [True] if items else []
    if env.services is None:
        raise Undecided("htmlChecks")
    return [env.services.html_checks(value)]


def _undecided(name: str) -> Callable[..., Collection]:
    def function(env: Env, items: Collection, *args: Collection) -> Collection:
        raise Undecided(name)

    return function


def _type(env: Env, items: Collection) -> Collection:
    out: Collection = []
    for item in items:
        node = item.__class__ is Node
        out.append(TypeInfo("FHIR" if node else "System", item.type if node else system_name(item)))
    return out


def _clock(env: Env) -> str:
    return env.now or datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _now(env: Env, items: Collection) -> Collection:
    moment = Moment.date_time(_clock(env))
    return [moment] if moment else []


def _today(env: Env, items: Collection) -> Collection:
    moment = Moment.date_time(_clock(env)[:10])
    return [moment] if moment else []


def _time_of_day(env: Env, items: Collection) -> Collection:
    moment = Moment.time(_clock(env)[11:23])
    return [moment] if moment else []


def _check_modifiers(env: Env, items: Collection, *known: Collection) -> Collection:
    found: Collection = []
    for item in items:
        if item.__class__ is Node:
            item.children("modifierExtension", found)
    for extension in found:
        if not any(equal(extension.value.get("url"), one(k)) for k in known):
            raise Failed("an unknown modifier extension")
    return items


def _comparable(env: Env, items: Collection, other: Collection) -> Collection:
    left, right = one(items), one(other)
    if left is None or right is None:
        return []
    return [hasattr(left, "compare") and type(left) is type(right) and left.compare(right) is not None]


FUNCTIONS: dict[str, tuple[Callable[..., Collection], int, int]] = {
    "extension": (_extension, 1, 1), "hasValue": (_has_value, 0, 0), "getValue": (_get_value, 0, 0),
    "resolve": (_resolve, 0, 0), "memberOf": (_member_of, 1, 1), "conformsTo": (_conforms_to, 1, 1),
    "htmlChecks": (_html_checks, 0, 0), "type": (_type, 0, 0), "now": (_now, 0, 0), "today": (_today, 0, 0),
    "timeOfDay": (_time_of_day, 0, 0), "checkModifiers": (_check_modifiers, 0, 9), "comparable": (_comparable, 1, 1),
    "elementDefinition": (_undecided("elementDefinition"), 0, 0), "slice": (_undecided("slice"), 2, 2),
    "subsumes": (_undecided("subsumes"), 1, 1), "subsumedBy": (_undecided("subsumedBy"), 1, 1),
}  # fmt: skip
