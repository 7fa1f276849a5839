"""What the comparison with the kit prints: two-by-two tables, disagreements with their reasons, aims."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.agreement_judges import Compared, Spoken
from bench.places import HERE
from bench.tables import Aim, say, share, table
from dui_conformance.data import profiles_root, read_yaml
from dui_conformance.rules import catalogue

REASONS = HERE / "agreement_reasons.yaml"
_CITED = ("S", "S2", "X", "M")
_AIM = 0.98


@dataclass(slots=True)
class Missed:
    """An assert of the kit: on how many mutants it spoke, on how many of these we kept silent, and examples of it."""

    said: Spoken
    spoke: int = 0
    missed: int = 0
    changes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        one = self.said
        return {
            "digest": one.name,
            "schema": one.schema,
            "context": one.context,
            "test": one.test,
            "message": one.message,
            "spoke": self.spoke,
            "missed": self.missed,
            "changes": self.changes[:20],
        }


def missed(results: Sequence[Compared]) -> dict[str, Missed]:
    """By digest, the asserts that spoke on mutants."""
    out: dict[str, Missed] = {}
    for result in results:
        if not result.operator:
            continue
        for one in {spoken.name: spoken for spoken in result.verdict.kit}.values():
            entry = out.setdefault(one.name, Missed(one))
            entry.spoke += 1
            if not result.verdict.ours:
                entry.missed += 1
                entry.changes.append(f"{result.example}: {result.operator}: {result.said}")
    return out


def show_missed(asserts: Mapping[str, Missed], *, every: bool = False) -> None:
    """Each assert that we miss, in plain lines that can be worked through."""
    for entry in sorted(asserts.values(), key=lambda m: (-m.missed, m.said.schema, m.said.name)):
        if not entry.missed and not every:
            continue
        one = entry.said
        say(f"{entry.missed} missed of {entry.spoke}  {one.name}  {one.schema}")
        if one.context:
            say(f"    context  {' '.join(one.context.split())[:400]}")
            say(f"    test     {' '.join(one.test.split())[:400]}")
        say(f"    says     {one.message[:240]}")
        for change in entry.changes[:3]:
            say(f"    on       {change[:240]}")
    say()


def show_models(results: Sequence[Compared]) -> None:
    """A two-by-two table for each model."""
    _two_by_two("Mutants by model: who sees the change", "model", [r for r in results if r.operator], _by_model)


def show(results: Sequence[Compared]) -> list[Aim]:
    """Every table, and the aims."""
    originals = [r for r in results if not r.operator]
    mutants = [r for r in results if r.operator]
    _two_by_two("Official examples: who refuses them", "documents", originals, lambda _: "official examples")
    _two_by_two("Mutants: who sees the change", "part", mutants, lambda r: r.part)
    _two_by_two("Mutants by operator", "operator", mutants, lambda r: r.operator)
    show_models(results)
    reasons = read_yaml(REASONS)["reasons"]
    _show_silent(originals, mutants, reasons)
    uncited = _show_louder(originals, mutants)
    aims = []
    scope = _of_a_dui()
    for name, chosen in (
        ("every model", mutants),
        ("models of issue 3", [r for r in mutants if r.model in scope]),
        ("header, every model", [r for r in mutants if r.part == "header"]),
    ):
        seen = sum(bool(r.verdict.kit and r.verdict.ours) for r in chosen)
        kit = sum(bool(r.verdict.kit) for r in chosen)
        measured = f"{seen}/{kit} = {share(seen, kit)}"
        aims.append(Aim(f"agreement, {name}: of what the kit sees, seen", ">= 98 %", measured, seen >= _AIM * kit))
    aims.append(
        Aim("agreement: errors of ours on what the kit accepts, without a cited clause", "0", str(uncited), not uncited)
    )
    return aims


def _by_model(result: Compared) -> str:
    return result.model


def _two_by_two(title: str, head: str, results: Sequence[Compared], key: Any) -> None:
    counted: defaultdict[str, Counter[tuple[bool, bool]]] = defaultdict(Counter)
    for result in results:
        counted[key(result)][bool(result.verdict.kit), bool(result.verdict.ours)] += 1
    rows: list[tuple[object, ...]] = []
    whole: Counter[tuple[bool, bool]] = Counter()
    for name, counts in sorted(counted.items()):
        whole += counts
        rows.append((name, *_row(counts)))
    if len(rows) > 1:
        rows.append(("all", *_row(whole)))
    heads = (head, "both refuse", "kit only", "ours only", "both accept", "of the kit's, seen")
    table(title, heads, rows, numbers=(1, 2, 3, 4, 5))


def _row(counts: Counter[tuple[bool, bool]]) -> tuple[object, ...]:
    both, only = counts[True, True], counts[True, False]
    return both, only, counts[False, True], counts[False, False], share(both, both + only)


def _of_a_dui() -> set[str]:
    """The models that issue 3 names: those that a DUI produces or consumes."""
    told = read_yaml(profiles_root() / "models" / "templates.yaml")
    return {model["id"] for model in told["models"] if model.get("dui")} | {"level 1"}


def _reason(one: Spoken, model: str, where: str, reasons: Sequence[Mapping[str, Any]], scope: set[str]) -> str:
    for reason in reasons:
        if reason.get("of", where) == where and (
            one.name in reason.get("digests", ())
            or ("message" in reason and re.search(reason["message"], one.message))
            or ("schema" in reason and re.fullmatch(reason["schema"], one.schema))
        ):
            return str(reason["reason"])
    return "UNEXPLAINED" if model in scope else "model that no DUI produces or consumes (issue 3 does not name it)"


def _show_silent(originals: Sequence[Compared], mutants: Sequence[Compared], reasons: Sequence[Any]) -> None:
    """What the kit says and we do not, by reason; then the asserts that no reason explains."""
    scope = _of_a_dui()
    rows: Counter[tuple[str, str]] = Counter()
    unexplained: dict[str, list[tuple[Spoken, Compared]]] = {}
    for where, chosen in (("example", originals), ("mutant", mutants)):
        for result in chosen:
            if result.verdict.kit and not result.verdict.ours:
                first = result.verdict.kit[0]
                reason = _reason(first, result.model, where, reasons, scope)
                rows[where, reason] += 1
                if reason == "UNEXPLAINED":
                    unexplained.setdefault(first.name, []).append((first, result))
    listed = [(count, where, reason) for (where, reason), count in rows.most_common()]
    table("The kit refuses, we do not", ("documents", "of", "reason"), listed, numbers=(0,))
    if unexplained:
        ordered = sorted(unexplained.items(), key=lambda item: -len(item[1]))
        table(
            "Unexplained, by assert of the kit",
            ("documents", "assert", "schema", "message", "a change"),
            [
                (len(found), digest, found[0][0].schema, found[0][0].message[:90], found[0][1].said[-80:])
                for digest, found in ordered[:60]
            ],
            numbers=(0,),
        )


def _show_louder(originals: Sequence[Compared], mutants: Sequence[Compared]) -> int:
    """What we refuse and the kit accepts, by rule with the clause it rests on; gives how many rest on none."""
    rules = catalogue.load().rules
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for where, chosen in (("examples", originals), ("mutants", mutants)):
        for result in chosen:
            if not result.verdict.kit:
                for name in {one.name for one in result.verdict.ours}:
                    found[name][where] += 1
    rows, uncited = [], 0
    families: Counter[str] = Counter()
    for name, counts in sorted(found.items(), key=lambda item: (-item[1]["examples"], -item[1]["mutants"])):
        rule = rules[name]
        source = rule.source
        cited = bool(source.get("spec")) and source.get("mark") in _CITED and source.get("mark") != "M"
        uncited += not cited
        families[rule.family] += counts["mutants"]
        clause = f"{source.get('spec', '')}, {source.get('clause', '')}"[:90]
        rows.append((name, counts["examples"], counts["mutants"], clause if cited else f"NO CLAUSE: {clause}"))
    heads = ("rule", "examples", "mutants", "clause")
    table("We refuse, the kit accepts: by rule", heads, rows[:80], numbers=(1, 2))
    listed = [(family, count) for family, count in families.most_common()]
    table("We see the change, the kit does not: by family", ("family", "mutants"), listed, numbers=(1,))
    return uncited
