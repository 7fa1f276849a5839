"""What official artefacts say of the CDA of a unit, merged with what our rules said.

Where an assert of the artefact and a rule of ours say the same of the same place, one finding is shown, ours, and it
tells that the artefact says so too (`also_official`). Which say the same is measured, not supposed: `profiles/official/
ties.yaml` names, for asserts of the kit, the rules that spoke with it on mutants. For others, they must speak of the
same element and of one thing in it. What only the artefact says is a finding of its own, in its own words.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from dui_conformance.data import profiles_root, read_yaml
from dui_conformance.engine import personal as people
from dui_conformance.engine import privacy
from dui_conformance.engine.outcomes import Echo, Finding, OfficialRule, Outcome, UnitResult
from dui_conformance.engine.same_fault import same
from dui_conformance.engine.voice import PLACES
from dui_conformance.official import kit
from dui_conformance.official.expressions import SchematronError
from dui_conformance.rules.model import Level, Rule
from dui_conformance.subjects.model import Element, Location, Subject
from dui_conformance.subjects.positions import locate, path_of
from dui_conformance.text import Text, plain, shortened, unmark

if TYPE_CHECKING:
    from dui_conformance.official.judge import Judge, Said

_ELEMENTS = 20_000  # of a document; the largest official example has 6 281, and schemas of others may be quadratic
_SIZE = 64 * 2**20
_TOO_LARGE = Text("document trop gros pour Saxon", "document too large for Saxon")
_MESSAGE = 600  # characters of a message of the artefact
_LEVELS: dict[str, Level] = {"error": "error", "warning": "warning", "info": "info"}


@dataclass(frozen=True, slots=True)
class Official:
    """An artefact that judges CDA documents, as the user added it; `folder` and `cache` are paths.

    `schemas`: those that judge every document. `stand_ins`: names of the value sets that it lacks.
    """

    kind: str
    name: str
    version: str
    date: str
    sha256: str
    folder: str
    cache: str
    schemas: tuple[str, ...]
    stand_ins: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What it is called in a report: its name, with its date."""
        return f"{self.name} ({self.date or self.version})" if self.date or self.version else self.name


def add(top: Subject, result: UnitResult, artefacts: Sequence[Official], rules: Mapping[str, Rule]) -> None:
    """Judge every CDA of a unit by the artefacts and merge what they say into its result."""
    documents = [s for s in top.walk() if s.kind == "cda" and s.view is not None and not s.received]
    if not documents:
        return
    scrub = privacy.Scrubber(value for subject in top.walk() for value in people.values_of(subject))
    for subject in documents:
        for artefact in artefacts:
            _Opinion(subject, result, artefact, rules, scrub).add()


@lru_cache(maxsize=4)
def judge_of(artefact: Official) -> "Judge":
    """The warm judge of an artefact, one in each process."""
    from dui_conformance.official.judge import Judge

    return Judge(Path(artefact.folder), Path(artefact.cache))


@lru_cache(maxsize=1)
def ties() -> Mapping[str, frozenset[str]]:
    """Assert of the kit (its digest) → the rules of ours that say the same."""
    path = profiles_root() / "official" / "ties.yaml"
    told = read_yaml(path)["ties"] if path.is_file() else {}
    return {str(digest): frozenset(rules) for digest, rules in (told or {}).items()}


class _Opinion:
    """One artefact on one document."""

    def __init__(
        self,
        subject: Subject,
        result: UnitResult,
        artefact: Official,
        rules: Mapping[str, Rule],
        scrub: privacy.Scrubber,
    ) -> None:
        self.subject = subject
        self.result = result
        self.artefact = artefact
        self.rules = rules
        self.scrub = scrub
        self.id = scrub(plain(subject.id))
        self.places: dict[str, list[int]] = {}  # path of an element → our findings there
        for rank, finding in enumerate(result.findings):
            if finding.subject == self.id and finding.outcome == "failed" and not finding.rule.startswith("OFFICIAL-"):
                self.places.setdefault(finding.location.path.partition("/@")[0], []).append(rank)
        self.spoken: dict[str, int] = {}

    def add(self) -> None:
        view = self.subject.view
        assert view is not None  # noqa: S101  `add` chose it
        root = view.getroottree().getroot()
        self.result.official[self.artefact.sha256, "judged"] += 1
        count = sum(1 for _ in islice(root.iter(), _ELEMENTS + 1))
        if count > _ELEMENTS or self.subject.size > _SIZE:
            self.result.official[self.artefact.sha256, "failed"] += 1
            self._broken(_TOO_LARGE)
            return
        schemas = self._schemas(view)
        refused = False
        try:
            for said in judge_of(self.artefact).said(root, schemas):
                refused |= self._take(said)
            for schema in schemas:
                for file in judge_of(self.artefact).missing(schema):
                    self.result.not_checked["official_missing", f"{self.artefact.label} {file}"] += 1
        except SchematronError as error:
            self.result.official[self.artefact.sha256, "failed"] += 1
            self._broken(error.said)
            return
        except Exception as error:  # a defect of the tool must not stop the run, nor pass for a success
            self.result.official[self.artefact.sha256, "failed"] += 1
            cause = type(error).__name__
            self._broken(Text(f"l'outil n'a pas pu l'appliquer ({cause})", f"the tool could not apply it ({cause})"))
            return
        self.result.official[self.artefact.sha256, "refused" if refused else "accepted"] += 1

    def _schemas(self, view: Element) -> list[str]:
        if self.artefact.kind != "kit":
            return list(self.artefact.schemas)
        model = kit.model_of(view)
        own = kit.schema_of(Path(self.artefact.folder), model) if model is not None else None
        if model is not None and own is None:
            self.result.not_checked["official_model", f"{self.artefact.label} {model.id}"] += 1
        return [*self.artefact.schemas, *([own] if own else [])]

    def _take(self, said: "Said") -> bool:
        """Ours says it too: told beside it. Else a finding of the artefact. Gives whether the document is refused."""
        message = self._message(said)
        if said.kind != "broken":
            rank = self._ours(said)
            if rank is not None:
                ours = self.result.findings[rank]
                echo = Echo(self.artefact.sha256, said.schema, said.digest, message)
                if echo not in ours.also_official:
                    self.result.findings[rank] = replace(ours, also_official=(*ours.also_official, echo))
                return said.level == "error"
        level, outcome, text = self._spoken(said, message)
        name = _rule_name(said)
        known = OfficialRule(self.artefact.sha256, said.schema, level, said.context[:300], said.test[:300])
        self.result.official_rules.setdefault(name, known)
        self._found(name, level, outcome, said, text)
        return level == "error" and outcome == "failed"

    def _message(self, said: "Said") -> str:
        text = plain(said.message[: 4 * _MESSAGE])
        return shortened(self.scrub(text), _MESSAGE)

    def _spoken(self, said: "Said", message: str) -> tuple[Level, Outcome, Text]:
        """Level, outcome and sentence; a known defect of the artefact is told as such."""
        label = self.artefact.label
        if said.kind == "broken":
            text = Text(
                f"{label} : assertion de {said.schema} impossible à évaluer sur ce document.",
                f"{label}: an assert of {said.schema} cannot be evaluated on this document.",
            )
            return _LEVELS[said.level], "blocked", text
        absent = next((name for name in self.artefact.stand_ins if f"{name}." in said.message), None)
        if absent is not None:
            text = Text(
                f"{label} refuse ce code faute du fichier {absent}.xml, absent du kit : défaut du kit, "
                f"pas du document. Texte du kit : {message}",
                f"{label} refuses this code for want of the file {absent}.xml, which is not in the kit: a defect of "
                f"the kit, not of the document. Text of the kit: {message}",
            )
            return "info", "review", text
        return _LEVELS[said.level], "failed", Text(f"{label} : {message}", f"{label}: {message}")

    def _ours(self, said: "Said") -> int | None:
        """Our finding that says the same, if there is one."""
        if said.node is None or not self.places:
            return None
        element = path_of(said.node)
        tied = ties().get(said.digest, frozenset())
        if tied:
            for place in _around(element, self.places):
                for rank in self.places[place]:
                    if self.result.findings[rank].rule in tied:
                        return rank
        found = [
            rank
            for place in _around(element, self.places, steps=2)
            for rank in self.places[place]
            if self._same(said, element, self.result.findings[rank])
        ]
        return found[0] if len({self.result.findings[rank].rule for rank in found}) == 1 else None

    def _same(self, said: "Said", element: str, ours: Finding) -> bool:
        if ours.level != said.level or ours.rule not in self.rules:
            return False
        return same(said.kind, said.test, said.message, element, ours, self.rules[ours.rule])

    def _found(self, name: str, level: Level, outcome: Outcome, said: "Said", text: Text) -> None:
        self.spoken[name] = self.spoken.get(name, 0) + 1
        if self.spoken[name] == 1:
            self.result.count(name, outcome)
        if self.spoken[name] > PLACES:
            last = max(r for r, finding in enumerate(self.result.findings) if finding.rule == name)
            self.result.findings[last] = replace(self.result.findings[last], more=self.spoken[name] - PLACES)
            return
        location = locate(self.subject, said.node, said.attribute) if said.node is not None else Location()
        key = "|".join((name, unmark(self.id, lambda _: ""), location.path))
        self.result.findings.append(
            Finding(
                rule=name,
                level=level,
                outcome=outcome,
                subject=self.id,
                location=location,
                message=text,
                excerpt=self.scrub(privacy.excerpt(said.node)),
                fingerprint=hashlib.sha256(key.encode()).hexdigest()[:16],
            )
        )

    def _broken(self, why: Text) -> None:
        """The artefact could not judge this document: nothing is concluded from it."""
        name = f"OFFICIAL-{self.artefact.kind.upper()}"
        self.result.official_rules.setdefault(name, OfficialRule(self.artefact.sha256, "", "error", "", ""))
        self.result.count(name, "blocked")
        label = self.artefact.label
        text = Text(
            f"{label} n'a pas pu juger ce document : {self.scrub(plain(why.fr[:300]))}.",
            f"{label} could not judge this document: {self.scrub(plain(why.en[:300]))}.",
        )
        key = f"{name}|{unmark(self.id, lambda _: '')}|"
        fingerprint = hashlib.sha256(key.encode()).hexdigest()[:16]
        self.result.findings.append(Finding(name, "error", "blocked", self.id, Location(), text, "", fingerprint))


def _rule_name(said: "Said") -> str:
    schema = said.schema.removeprefix("CI-SIS_")
    return f"OFFICIAL-{'-'.join(schema.split())}-{said.digest}"


def _around(element: str, places: Collection[str], steps: int = 1) -> list[str]:
    """The places at an element, then those at most so many steps above and below it."""
    above = element
    out = [element]
    for _ in range(steps):
        above = above.rpartition("/")[0]
        out.append(above)
    depth = element.count("/")
    below = (place for place in places if place.startswith(f"{element}/") and place.count("/") <= depth + steps)
    return [place for place in (*out, *sorted(below)) if place in places]
