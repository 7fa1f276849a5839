"""What is mutated: the good exports by kind of subject, and the draw of one mutant for an operator."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bench import envelope_operators, xml_operators
from bench.judging import Bench
from bench.mutants import Mutant
from bench.sites import Site, sites
from dui_conformance.subjects.model import Subject

_BODY = "component"


class Draw(Protocol):
    """One operator for one kind of subject."""

    @property
    def kind(self) -> str: ...
    @property
    def operator(self) -> str: ...
    def one(self, rng: random.Random) -> Mutant | None: ...


@dataclass(frozen=True, slots=True)
class OfBytes:
    """Draws among whole files: archives, mails, PDF."""

    kind: str
    operator: str
    change: envelope_operators.Operator
    subjects: Sequence[Subject]

    def one(self, rng: random.Random) -> Mutant | None:
        subject = rng.choice(self.subjects)
        draft = self.change(subject.data, rng)
        return None if draft is None else Mutant(self.kind, self.operator, subject.id, draft)


@dataclass(slots=True)
class OfSites:
    """Draws among the distinct places of XML subjects, then among the subjects that have that place."""

    kind: str
    operator: str
    change: xml_operators.Operator
    pool: "Pool"
    places: list[str] = field(default_factory=list)

    def one(self, rng: random.Random) -> Mutant | None:
        if not self.places:  # every place once in a random order, then again
            self.places = rng.sample(sorted(self.pool.by_place), len(self.pool.by_place))
        subject, site = rng.choice(self.pool.by_place[self.places.pop()])
        draft = self.change(site, self.pool.of[subject.id], rng)
        return None if draft is None else Mutant(self.kind, self.operator, subject.id, draft)


class Pool:
    """The sites of some subjects, by place."""

    def __init__(self) -> None:
        self.of: defaultdict[str, list[Site]] = defaultdict(list)
        self.by_place: defaultdict[str, list[tuple[Subject, Site]]] = defaultdict(list)

    def add(self, subject: Subject, found: Sequence[Site]) -> None:
        self.of[subject.id] += found
        for site in found:
            self.by_place[f"{site.form} {site.place}"].append((subject, site))


def draws(bench: Bench) -> Iterator[Draw]:
    """Every operator for every kind of subject of the good exports."""
    for kind, pool in _pools(bench).items():
        for name, change in xml_operators.operators(bench.catalogue.value_sets).items():
            yield OfSites(kind, name, change, pool)
    tops = [export.subject for export in bench.exports]
    for kind, operators, subjects in (
        ("xdm", envelope_operators.XDM, [s for s in tops if s.kind == "xdm"]),
        ("mail", envelope_operators.MAIL, [s for s in tops if s.kind == "mail" and not _of_an_operator(s)]),
        ("pdf", envelope_operators.PDF, [s for s in tops if s.kind == "pdf"]),
        (
            "pdf in a level-1 body",
            envelope_operators.PDF,
            [c for s in tops if s.kind == "cda" for c in s.children],
        ),
    ):
        for name, envelope in operators.items():
            yield OfBytes(kind, name, envelope, subjects)


def _of_an_operator(mail: Subject) -> bool:
    """A delivery report: written by the server of an operator, not by the DUI."""
    return mail.view is not None and mail.view.get("reportType") == "delivery-status"


def _pools(bench: Bench) -> dict[str, Pool]:
    pools: defaultdict[str, Pool] = defaultdict(Pool)
    for export in bench.exports:
        for subject in export.subject.walk():
            inside = subject.parent is not None
            if subject.kind == "cda" and (subject.parent is None or subject.parent.parent is None):
                _add_document(pools, subject, inside)
            elif subject.kind == "xds" and (subject.parent is None or subject.parent.parent is None):
                pools["xds in an archive" if inside else "xds request"].add(subject, sites(subject))
    return dict(pools)


def _add_document(pools: dict[str, Pool], subject: Subject, inside: bool) -> None:
    header: list[Site] = []
    body: list[Site] = []
    for site in sites(subject):
        (body if site.place.split("/")[0] == _BODY else header).append(site)
    pools["cda in an archive" if inside else "cda header"].add(subject, header)
    if not inside:
        level = "cda level-3 body" if any(site.name == "structuredBody" for site in body) else "cda level-1 body"
        whole = [s for s in body if not (s.name == "text" and s.form == "text" and level.endswith("1 body"))]
        pools[level].add(subject, whole)
