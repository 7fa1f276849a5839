"""What will run, what will not, and why."""

import importlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from dui_conformance.engine.outcomes import Setting
from dui_conformance.engine.resources import Asked
from dui_conformance.rules.catalogue import Catalogue
from dui_conformance.rules.model import (
    Assertion,
    Collected,
    DefectNamed,
    Inventory,
    Predicate,
    Rule,
    Structural,
    Validated,
    ValueSet,
)
from dui_conformance.rules.structure import Structure
from dui_conformance.rules.xpath import Battery, Constants, Expression
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
class Group:
    """Rules that look at the same contexts under the same condition, so that these are sought once.

    `assertions` are asked together, in the order of `battery`; `others` one by one.
    """

    contexts: Expression
    when: Expression | None
    valid_from: str
    valid_to: str
    assertions: Sequence[Rule]
    battery: Battery
    others: Sequence[Rule]


@dataclass(frozen=True, slots=True)
class Plan:
    """The rules that will run, by kind of subject; `predicates` holds their functions."""

    by_kind: Mapping[str, Sequence[Rule]]
    groups: Mapping[str, Sequence[Group]]
    on_defects: Mapping[str, Sequence[Rule]]
    on_structure: Mapping[str, Mapping[str, Sequence[Rule]]]  # kind → structure → rules
    on_resources: Mapping[str, Sequence[Rule]]
    run_wide: Sequence[Rule]
    unplanned: Sequence[Unplanned]
    value_sets: Mapping[str, ValueSet]
    settings: Mapping[str, Setting]
    evidence: Sequence[Evidence]
    inventories: Sequence[Inventory]
    predicates: Mapping[str, Callable[..., Any]]
    structures: Mapping[str, Structure]
    constants: Constants
    asked: Asked

    @property
    def rules(self) -> list[Rule]:
        return [rule for rules in self.by_kind.values() for rule in rules] + list(self.run_wide)


def plan(
    catalogue: Catalogue,
    settings: Mapping[str, Setting],
    evidence: Sequence[Evidence] = (),
    selection: Selection | None = None,
    asked: Asked | None = None,
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
        {kind: _groups(rules) for kind, rules in by_kind.items()},
        {kind: [rule for rule in rules if isinstance(rule.check, DefectNamed)] for kind, rules in by_kind.items()},
        {kind: _structural(rules) for kind, rules in by_kind.items()},
        {kind: [rule for rule in rules if isinstance(rule.check, Validated)] for kind, rules in by_kind.items()},
        run_wide,
        unplanned,
        catalogue.value_sets,
        settings,
        evidence,
        catalogue.inventories,
        predicates,
        catalogue.structures,
        catalogue.constants,
        asked or Asked(),
    )


def _groups(rules: Sequence[Rule]) -> list[Group]:
    """The rules that read a view, grouped by what they look at, in the order of their first rule."""
    groups: dict[tuple[str, str, str, str], list[Rule]] = {}
    for rule in rules:
        if not isinstance(rule.check, DefectNamed | Structural | Validated):
            when = rule.when.text if rule.when is not None else ""
            groups.setdefault((rule.contexts.text, when, rule.valid_from, rule.valid_to), []).append(rule)
    return [_group(members) for members in groups.values()]


def _structural(rules: Sequence[Rule]) -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        if isinstance(rule.check, Structural):
            found.setdefault(rule.check.schema, []).append(rule)
    return found


def _group(members: Sequence[Rule]) -> Group:
    first = members[0]
    assertions = [(rule, rule.check.holds) for rule in members if isinstance(rule.check, Assertion)]
    return Group(
        first.contexts,
        first.when,
        first.valid_from,
        first.valid_to,
        [rule for rule, _ in assertions],
        Battery([expression for _, expression in assertions]),
        [rule for rule in members if not isinstance(rule.check, Assertion)],
    )


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
