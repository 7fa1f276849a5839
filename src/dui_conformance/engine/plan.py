"""What will run, what will not, and why."""

import importlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from dui_conformance.engine.models import Planned
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
        return self.names(rule.id, rule.family)

    def names(self, rule: str, family: str) -> bool:
        if self.only and not _named(rule, family, self.only):
            return False
        return not _named(rule, family, self.without)


def _named(rule: str, family: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(rule, p) or fnmatchcase(family, p) for p in patterns)


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
    """The rules that will run, by kind of subject (those of document models are in `models`, loaded when a document
    calls for them); `predicates` holds their functions."""

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
    models: Planned
    by_id: Mapping[str, Rule]  # every rule of the catalogue, bar those of the tables of models
    constants: Constants
    asked: Asked
    reads_pages: bool  # a rule or an evidence wants what is printed on the pages of PDF files
    reads_barcodes: bool

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
    for rule in catalogue.written.values():
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
    models = Planned.of(catalogue.models, selection.names)
    unplanned += [Unplanned(name, _LEFT_OUT) for name in sorted(models.unwanted)]
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
        models,
        catalogue.written,
        catalogue.constants,
        asked or Asked(),
        *_pages_read([rule for rules in by_kind.values() for rule in rules] + run_wide, evidence),
    )


_PAGE = re.compile(r"(?<![@\w-])page\b")
_BARCODE = re.compile(r"\bbarcode\b")
_PAGED = ("pdf", "proof")


def _pages_read(rules: Sequence[Rule], evidence: Sequence[Evidence]) -> tuple[bool, bool]:
    """Whether the pages of PDF files are to be read, and their barcodes: it costs more than all the other rules."""
    texts = [kind.where.text for kind in evidence if kind.kind in _PAGED]
    for rule in rules:
        own = rule.subject in _PAGED
        if own:
            texts += [expression.text for expression in (rule.contexts, rule.when) if expression is not None]
            texts += [shown.text for shown in rule.shown.values()]
        if isinstance(rule.check, Assertion) and own:
            texts.append(rule.check.holds.text)
        elif isinstance(rule.check, Predicate):
            texts += [argument.value.text for argument in rule.check.arguments if own]
            texts += [a.value.text for given in rule.check.given if given.kind in _PAGED for a in given.arguments]
        elif isinstance(rule.check, Collected):
            texts += [argument.value.text for kind in _PAGED for argument in rule.check.facts.get(kind, ())]
    return any(map(_PAGE.search, texts)), any(map(_BARCODE.search, texts))


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


_LEFT_OUT = Text("écartée par la sélection demandée", "left out by the selection asked for")


def _obstacle(rule: Rule, selection: Selection, sets: Mapping[str, ValueSet], settings: Collection[str]) -> Text | None:
    if not selection.wants(rule):
        return _LEFT_OUT
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
    if undeclared == ["verapdf"]:
        return Text("veraPDF n'est pas demandé (option --verapdf)", "veraPDF is not asked for (option --verapdf)")
    if undeclared:
        names = ", ".join(undeclared)
        return Text(f"{names} n'est pas déclaré dans dui.toml", f"{names} is not declared in dui.toml")
    return None
