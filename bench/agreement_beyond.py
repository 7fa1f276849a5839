"""What the kit misses and we see: the counter-examples of our own rules, through the kit.

Each rule on a CDA carries changes of a good document that make it speak (`breaks`). The kit judges the good document
and the changed one: it sees the change when it says more. What a rule says of other things than a CDA (archives,
metadata, mails, PDF) the kit does not judge at all, and is not counted here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from bench.agreement_judges import Judges, added, judges_of
from bench.places import EXPORTS
from bench.tables import Aim, share, table
from dui_conformance.rules import catalogue
from dui_conformance.rules.mutations import MutationError, mutated


def measure(folder: Path) -> list[Aim]:
    """Print, by family of rules, how many of the counter-examples the kit sees."""
    judges = judges_of(folder)
    counts: defaultdict[str, Counter[bool]] = defaultdict(Counter)
    baseline: dict[str, Any] = {}
    for family, change in _cases():
        top = change["in"]
        if top not in baseline:
            baseline[top] = _said(judges, (EXPORTS / top).read_bytes())
        try:
            _, data = mutated(lambda name: (EXPORTS / name).read_bytes(), change, catalogue.load().constants)
        except (MutationError, OSError):
            continue
        after = _said(judges, data)
        if after is None or baseline[top] is None:
            continue  # not XML any more: nobody can judge it
        counts[family][bool(list(added(baseline[top], after)))] += 1
    rows = [
        (family, found[True] + found[False], found[True], found[False], share(found[True], found[True] + found[False]))
        for family, found in sorted(counts.items(), key=lambda item: -item[1][False])
    ]
    whole = sum((found for found in counts.values()), Counter[bool]())
    rows.append(("all", whole.total(), whole[True], whole[False], share(whole[True], whole.total())))
    heads = ("family of rules", "counter-examples", "the kit sees", "the kit misses", "seen by the kit")
    table("What we see, through the kit: the counter-examples of our rules on CDA", heads, rows, numbers=(1, 2, 3, 4))
    measured = f"{whole[False]} of {whole.total()}"
    return [Aim("counter-examples of ours that the kit misses", "printed", measured, None)]


def _cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """(family, change) of the counter-examples on CDA documents that are files of their own."""
    for _path, family in catalogue.sources():
        if family["subject"] != "cda":
            continue
        for rule in family["rules"]:
            for change in rule.get("breaks", ()):
                name = str(change.get("in", ""))
                if name.endswith(".xml") and "!/" not in name and not change.get("input"):
                    yield family["family"], change


def _said(judges: Judges, data: bytes) -> Any:
    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return None
    return judges.judged("document.xml", root, judges.schemas(root)).kit
