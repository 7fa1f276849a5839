"""What will run, what will not, and why."""

import importlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from dui_conformance.engine.outcomes import Setting
from dui_conformance.rules.catalogue import Catalogue
from dui_conformance.rules.model import Assertion, Collected, Inventory, Predicate, Rule, ValueSet
from dui_conformance.rules.xpath import Battery, Expression
from dui_conformance.text import Text


@dataclass(frozen=True, slots=True)
class Evidence:
    """A kind of evidence: subjects of `kind` whose view satisfies `where`."""

    id: str
    kind: str
    where: Expression


@dataclass(frozen=True, slots=True)
class Unplanned:
    """A rule that will not run."""

    rule: str
    why: Text


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rules are wanted: ids or patterns (`CDA-*`, a family name). Empty `only` means all."""

    only: Sequence[str] = ()
    without: Sequence[str] = ()

    def wants(self, rule: Rule) -> bool:
        if self.only and not _named(rule, self.only):
            return False
        return not _named(rule, self.without)


def _named(rule: Rule, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(rule.id, p) or fnmatchcase(rule.family, p) for p in patterns)


@dataclass(frozen=True, slots=True)
class Plan:
    """The rules that will run, by kind of subject; `predicates` holds their functions."""

    by_kind: Mapping[str, Sequence[Rule]]
    run_wide: Sequence[Rule]
    unplanned: Sequence[Unplanned]
    value_sets: Mapping[str, ValueSet]
    settings: Mapping[str, Setting]
    evidence: Sequence[Evidence]
    inventories: Sequence[Inventory]
    predicates: Mapping[str, Callable[..., Any]]
    batteries: Mapping[str, tuple[Battery, int]]  # assertion rule → the battery of its contexts, its place in it

    @property
    def rules(self) -> list[Rule]:
        return [rule for rules in self.by_kind.values() for rule in rules] + list(self.run_wide)


def plan(
    catalogue: Catalogue,
    settings: Mapping[str, Setting],
    evidence: Sequence[Evidence] = (),
    selection: Selection | None = None,
) -> Plan:
    """Sort the catalogue's rules into those that can run with these settings and those that cannot."""
    selection = selection or Selection()
    by_kind: dict[str, list[Rule]] = {}
    run_wide, unplanned = [], []
    predicates: dict[str, Callable[..., Any]] = {}
    for rule in catalogue.rules.values():
        why = _obstacle(rule, selection, catalogue.value_sets, settings)
        if why is not None:
            unplanned.append(Unplanned(rule.id, why))
            continue
        if isinstance(rule.check, Collected):
            run_wide.append(rule)
        else:
            by_kind.setdefault(rule.subject, []).append(rule)
        if isinstance(rule.check, Collected | Predicate):
            predicates[rule.check.name] = predicate(rule.check.name)
    return Plan(
        by_kind,
        run_wide,
        unplanned,
        catalogue.value_sets,
        settings,
        evidence,
        catalogue.inventories,
        predicates,
        _batteries(by_kind.values()),
    )


def _batteries(kinds: Iterable[Sequence[Rule]]) -> dict[str, tuple[Battery, int]]:
    """The assertions that share their contexts, to be asked together."""
    batteries = {}
    for rules in kinds:
        groups: dict[str, list[tuple[str, Expression]]] = {}
        for rule in rules:
            if isinstance(rule.check, Assertion):
                groups.setdefault(rule.contexts.text, []).append((rule.id, rule.check.holds))
        for group in groups.values():
            battery = Battery([expression for _, expression in group])
            batteries.update({rule: (battery, place) for place, (rule, _) in enumerate(group)})
    return batteries


def predicate(name: str) -> Callable[..., Any]:
    """The function a rule names (`ins.key_is_right`), from `dui_conformance.checks`. Raises LookupError."""
    module, _, function = name.rpartition(".")
    if not module.replace(".", "_").isidentifier() or function.startswith("_"):
        raise LookupError(f"{name!r} is not the name of a predicate")
    try:
        found = getattr(importlib.import_module(f"dui_conformance.checks.{module}"), function)
    except (ImportError, AttributeError) as error:
        raise LookupError(f"no predicate {name!r}: {error}") from error
    if not callable(found):
        raise LookupError(f"{name!r} is not a function")
    return found  # type: ignore[no-any-return]


def _obstacle(rule: Rule, selection: Selection, sets: Mapping[str, ValueSet], settings: Collection[str]) -> Text | None:
    if not selection.wants(rule):
        return Text("écartée par la sélection demandée", "left out by the selection asked for")
    missing = sorted(rule.value_sets - sets.keys())
    if missing:
        names = ", ".join(missing)
        return Text(
            f"le jeu de valeurs {names} n'est pas dans le catalogue",
            f"value set {names} is not in the catalogue",
        )
    wanted = rule.check.settings if isinstance(rule.check, Predicate | Collected) else {}
    undeclared = sorted(
        setting for name, setting in wanted.items() if not name.endswith("?") and setting not in settings
    )
    if undeclared:
        names = ", ".join(undeclared)
        return Text(f"{names} n'est pas déclaré dans dui.toml", f"{names} is not declared in dui.toml")
    return None
