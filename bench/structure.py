"""Our schema of the CDA beside the kit's XSD: `python -m bench.structure [--seed N] [--per-operator N]`.

Same documents, same run: the official examples of the kit that DUI_BENCH_KIT names, then seeded mutations of their
structure. Prints, for each operator, how often both say yes or no; every disagreement, classified; what our rules say
by cause; and the time of each judge. The kit's XSD is run by libxml2, as it is and with three misreadings of libxml2
put right, for W3C XML Schema and Xerces, which the kit ships, say otherwise:
* an element declared with maxOccurs="0" (the qualifier of a CE, the reference of an ST) is admitted once;
* an empty NMTOKENS or IDREFS is admitted, though such a list has at least one token;
* an IDREF that is the ID of no element is admitted.
"""

import argparse
import copy
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree
from statistics import median

from lxml import etree

from bench.places import KIT, outside, skipped
from bench.structure_operators import OPERATORS, Operator
from bench.tables import Aim, say, share, show_aims, table
from dui_conformance.rules import catalogue
from dui_conformance.rules.structure import Structure, StructureError
from dui_conformance.subjects.cda import HL7, document_of

Element = etree._Element

_HL7 = f"{{{HL7}}}"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_IDREFS = ("IDREF", "referencedObject", "headers")
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Example:
    """An official example: the file as the kit reads it, the ClinicalDocument as we do."""

    name: str
    root: Element
    document: Element


@dataclass(slots=True)
class Judges:
    """The kit's XSD as it is, the same put right, and ours; with the seconds that each took."""

    shipped: etree.XMLSchema
    kit: etree.XMLSchema
    ours: Structure
    seconds: dict[str, list[float]] = field(default_factory=lambda: {"kit": [], "ours": [], "ours, refused": []})

    def judge(self, name: str, said: str, example: Example) -> "Verdict":
        started = time.perf_counter()
        kit = self.kit.validate(example.root) and not _dangling(example.document)
        between = time.perf_counter()
        try:
            problems, _ = self.ours.problems(example.document)
            failed = ""
        except StructureError as error:
            problems, failed = [], str(error)
        ended = time.perf_counter()
        self.seconds["kit"].append(between - started)
        self.seconds["ours, refused" if problems else "ours"].append(ended - between)
        log = self.kit.error_log  # type: ignore[attr-defined]
        message = "" if kit else str(log[0].message) if log else "an IDREF is no ID"
        return Verdict(
            where=f"{example.name}: {said}",
            operator=name,
            kit=kit,
            shipped=self.shipped.validate(example.root),
            ours=not problems and not failed,
            causes=tuple(problem.cause for problem in problems),
            message=failed or message or "; ".join(f"{p.cause} {dict(p.values)}" for p in problems[:2]),
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What each judge says of a document: True if it is admitted."""

    where: str
    operator: str
    kit: bool
    shipped: bool
    ours: bool
    causes: Sequence[str]
    message: str

    @property
    def agrees(self) -> bool:
        return self.kit == self.ours


def examples(kit: Path) -> Iterator[Example]:
    """The 94 official examples."""
    for path in sorted((kit / "ExemplesCDA").rglob("*.xml")):
        root = etree.parse(path).getroot()
        document = document_of(root)
        if document is not None:
            yield Example(path.name, root, document)


def mutated(example: Example, operator: Operator, rng: random.Random) -> tuple[str, Example] | None:
    """A copy of an example, changed inside its ClinicalDocument."""
    root = copy.deepcopy(example.root)
    document = document_of(root)
    if document is None:
        return None
    for _ in range(_TRIES):
        said = operator(document, rng)
        if said:
            return said, Example(example.name, root, document)
    return None


def _dangling(document: Element) -> bool:
    """Whether an IDREF is the ID of no element."""
    ids = {str(element.get("ID")).strip() for element in document.iter(f"{_HL7}*") if "ID" in element.attrib}
    pointed = (element.get(name) or "" for element in document.iter(f"{_HL7}*") for name in _IDREFS)
    return any(name not in ids for names in pointed for name in names.split())


def put_right(kit: Path, folder: Path) -> Path:
    """A copy of the kit's XSD as libxml2 has to read it to say what the W3C says."""
    copytree(kit / "infrastructure", folder / "infrastructure")
    for path in (folder / "infrastructure" / "cda").rglob("*.xsd"):
        tree = etree.parse(path)
        nothing = [element for element in tree.iter(f"{_XS}element") if element.get("maxOccurs") == "0"]
        for element in nothing:
            element.getparent().remove(element)  # type: ignore[union-attr]
        lists = [a for a in tree.iter(f"{_XS}attribute") if a.get("type") in ("xs:NMTOKENS", "xs:IDREFS")]
        for attribute in lists:
            simple = etree.SubElement(attribute, f"{_XS}simpleType")
            restriction = etree.SubElement(simple, f"{_XS}restriction", base=str(attribute.attrib.pop("type")))
            etree.SubElement(restriction, f"{_XS}minLength", value="1")
        if nothing or lists:
            tree.write(path)
    return folder / "infrastructure" / "cda" / "CDA_extended.xsd"


def compare(kit: Path, seed: int, per_operator: int) -> tuple[list[Verdict], list[Verdict], Judges, float]:
    """Verdicts on the examples, on their mutants, the judges, and the seconds that our schema takes to compile."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        right = etree.XMLSchema(etree.parse(put_right(kit, folder)))
    shipped = etree.XMLSchema(etree.parse(kit / "infrastructure" / "cda" / "CDA_extended.xsd"))
    ours = catalogue.load().structures["cda"]
    started = time.perf_counter()
    _ = ours.schema
    compiled = time.perf_counter() - started
    judges = Judges(shipped, right, ours)
    all_examples = list(examples(kit))
    plain = [judges.judge("none", "as it is", example) for example in all_examples]
    found = []
    for example in all_examples:
        rng = random.Random(f"{seed}/{example.name}")
        for name, operator in OPERATORS.items():
            for _ in range(per_operator):
                made = mutated(example, operator, rng)
                if made is not None:
                    found.append(judges.judge(name, *made))
    return plain, found, judges, compiled


def show(plain: Sequence[Verdict], found: Sequence[Verdict], judges: Judges, compiled: float) -> None:
    """Print the tables."""
    heads = ("operator", "tried", "both admit", "both refuse", "kit alone refuses", "ours alone refuses", "equal")
    rows = []
    for name in ("none", *OPERATORS, "all mutants"):
        these = plain if name == "none" else [v for v in found if name in (v.operator, "all mutants")]
        cells = Counter((v.kit, v.ours) for v in these)
        counts = [cells[True, True], cells[False, False], cells[False, True], cells[True, False]]
        rows.append((name, len(these), *counts, share(counts[0] + counts[1], len(these))))
    table("The kit's XSD (libxml2 put right) and our schema", heads, rows, range(1, 7))
    for verdict in (*plain, *found):
        if not verdict.agrees:
            say(f"DISAGREE kit {verdict.kit} ours {verdict.ours}: {verdict.where}\n    {verdict.message[:400]}")
    misread = [v for v in found if v.shipped != v.kit]
    say(f"libxml2 misreads the kit's XSD as it is: {len(misread)} mutants")
    for verdict in misread:
        say(f"    kit as it is {verdict.shipped}, put right {verdict.kit}, ours {verdict.ours}: {verdict.where[:200]}")
    causes = Counter(cause for v in found for cause in set(v.causes))
    table("What our rules say of the mutants", ("cause", "mutants"), causes.most_common(), (1,))
    rows = [
        (
            name,
            len(times),
            f"{1000 * median(times):.2f}",
            f"{1000 * sum(times) / len(times):.2f}",
            f"{1000 * max(times):.1f}",
        )
        for name, times in judges.seconds.items()
        if times
    ]
    table("Milliseconds a document", ("judge", "documents", "median", "mean", "most"), rows, range(1, 5))
    say(f"our schema is compiled in {1000 * compiled:.0f} ms\n")


def measure(seed: int = 7, per_operator: int = 3) -> list[Aim]:
    """Judge, print, and say whether the aims are reached."""
    kit = outside(KIT)
    if kit is None:
        say(f"Structure: {skipped(KIT)}")
        return [Aim("structure: equal verdicts with the kit's XSD", "100 %", skipped(KIT), None)]
    plain, found, judges, compiled = compare(kit, seed, per_operator)
    show(plain, found, judges, compiled)
    aims = []
    for name, verdicts in (("official examples", plain), ("structural mutants", found)):
        equal = sum(v.agrees for v in verdicts)
        measured = f"{equal}/{len(verdicts)} = {share(equal, len(verdicts))}"
        aims.append(
            Aim(f"structure: equal verdicts with the kit's XSD, {name}", "100 %", measured, equal == len(verdicts))
        )
    aims.append(
        Aim("structure: schema compiled", "<= 50 ms", f"{1000 * compiled:.0f} ms", compiled <= 0.05),
    )
    return aims


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.structure", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--per-operator", type=int, default=3, help="mutants of an operator for each example")
    options = parser.parse_args()
    aims = measure(options.seed, options.per_operator)
    show_aims(aims)
    return int(any(aim.reached is False for aim in aims))


if __name__ == "__main__":
    sys.exit(main())
