"""The kit and this product on the same bytes: what each refuses, and what a change adds to that.

Everything that leaves this module is plain data, so that several processes can share the work.
"""

import random
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from lxml import etree

from bench.agreement_mutants import mutations
from bench.judging import is_error
from dui_conformance.engine.evaluate import evaluate
from dui_conformance.engine.plan import plan
from dui_conformance.official import kit
from dui_conformance.official.expressions import SchematronError
from dui_conformance.official.judge import Judge
from dui_conformance.official.repair import repair
from dui_conformance.rules import catalogue
from dui_conformance.subjects.cda import document_of
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget
from dui_conformance.subjects.positions import path_of

Element = etree._Element


@dataclass(frozen=True, slots=True)
class Spoken:
    """An error: of the kit (`name` is the digest of an assert), or of ours (`name` is a rule); `path` of its place."""

    name: str
    path: str
    schema: str = ""
    message: str = ""
    context: str = ""
    test: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What both say of one document. Only errors count. `broken`: why the kit could not judge."""

    kit: tuple[Spoken, ...]
    ours: tuple[Spoken, ...]
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """A document: an example (no operator), or a mutant of it with what the change added to the verdict."""

    example: str
    model: str
    part: str
    operator: str
    said: str
    verdict: Verdict


def repaired(clone: Path, folder: Path) -> Path:
    """A copy of the kit under `folder`, repaired as `artefacts add` does. The clone is never touched."""
    for part in kit.PARTS:
        shutil.copytree(clone / part, folder / part)
    repair(folder)
    return folder


class Judges:
    """Both judges, warm, in this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kit = Judge(folder, folder / "compiled")
        self.plan = plan(catalogue.load(), {"environment": "test", "mail_domains": ()})

    def model(self, root: Element) -> kit.Model | None:
        document = document_of(root)
        return kit.model_of(document) if document is not None else None

    def schemas(self, root: Element) -> list[str]:
        """The schemas of the kit that judge a document."""
        model = self.model(root)
        own = kit.schema_of(self.folder, model) if model is not None else None
        return [*kit.PROFILES, *([own] if own else [])]

    def judged(self, name: str, root: Element, schemas: list[str]) -> Verdict:
        """The errors of both on a document."""
        broken, said = "", []
        try:
            said = [o for o in self.kit.said(root, schemas) if o.level == "error" and o.kind != "broken"]
        except SchematronError as error:
            broken = str(error)
        spoken = tuple(
            Spoken(
                one.digest,
                path_of(one.node) if one.node is not None else "",
                one.schema,
                one.message,
                one.context,
                one.test,
            )
            for one in said
        )
        return Verdict(spoken, self.ours(name, root), broken)

    def ours(self, name: str, root: Element) -> tuple[Spoken, ...]:
        """The errors of this product on a document."""
        data = etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")
        findings = evaluate(open_bytes(name, data, Budget()), self.plan).findings
        return tuple(Spoken(f.rule, f.location.path.partition("/@")[0]) for f in findings if is_error(f))


@lru_cache(maxsize=1)
def judges_of(folder: Path) -> Judges:
    """The judges of this process."""
    return Judges(folder)


def compared(folder: Path, path: Path, number: int, seed: int, parts: Sequence[str]) -> list[Compared]:
    """An example, then some mutants of it, through both judges."""
    judges = judges_of(folder)
    root = etree.parse(path).getroot()
    schemas, model = judges.schemas(root), judges.model(root)
    named = model.id if model is not None else "level 1"
    original = judges.judged(path.name, root, schemas)
    out = [Compared(path.name, named, "", "", "", original)]
    rng = random.Random(f"{seed} {path.name}")
    for count, mutation in enumerate(mutations(root, rng, parts)):
        if count >= number:
            break
        verdict = judges.judged(path.name, mutation.root, schemas)
        new = Verdict(
            tuple(added(original.kit, verdict.kit)), tuple(added(original.ours, verdict.ours)), verdict.broken
        )
        out.append(Compared(path.name, named, mutation.part, mutation.operator, mutation.said, new))
    return out


def added(before: Sequence[Spoken], after: Sequence[Spoken]) -> Iterator[Spoken]:
    """What is said more often than before; the places that were not there before come first."""
    counts = Counter(one.name for one in after) - Counter(one.name for one in before)
    known = {(one.name, one.path) for one in before}
    fresh = sorted(after, key=lambda one: (one.name, one.path) in known)
    for one in fresh:
        if counts[one.name] > 0:
            counts[one.name] -= 1
            yield one


def examples(clone: Path, model: str = "") -> Iterable[Path]:
    """The official examples, those of one model when it is given (its id, or the beginning of it)."""
    for path in sorted((clone / "ExemplesCDA").glob("*.xml")):
        document = document_of(etree.parse(path).getroot())
        if document is None:
            continue
        found = kit.model_of(document)
        own = found.id if found is not None else "level 1"
        if own.lower().startswith(model.removeprefix("CI-SIS_").lower()):
            yield path
