"""The validator: bytes or a tree in, issues with places, lines and texts out."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dui_conformance.fhir import conformity, messages, narrative, places, references, resources
from dui_conformance.fhir.definitions import Definitions
from dui_conformance.fhir.fhirpath.engine import Undecided
from dui_conformance.fhir.fhirpath.values import Node
from dui_conformance.fhir.found import Found
from dui_conformance.fhir.issues import Issue, Location, NotChecked, Result
from dui_conformance.fhir.overlay import Profile, Profiles
from dui_conformance.fhir.reading import Source, measured, own, read
from dui_conformance.fhir.schema import Types
from dui_conformance.fhir.scope import Scope
from dui_conformance.fhir.terminology import Terminology, codings
from dui_conformance.fhir.walk import Walk


@dataclass(frozen=True, slots=True)
class Options:
    """How strict to be where R4 leaves it to the user.

    `unknown_extensions`: `information` lists them as not checked, `error` refuses them (what a publisher of
    profiles wants), except those whose URL starts with one of `extension_domains`. `contained`: `ignore`
    passes over contained resources. `now`: the clock, for reproducible results (ISO 8601).
    """

    unknown_extensions: str = "information"
    extension_domains: tuple[str, ...] = ()
    example_urls: bool = True
    best_practice: bool = False
    no_html_in_markdown: bool = False
    no_experimental: bool = False
    contained: str = "check"
    references: str = ""  # `exist`: each one must lead to something supplied
    narrative_links: str = "warning"
    now: str = ""
    max_issues: int = 2000


_LARGE = 1_000_000  # bytes


@contextmanager
def _uncollected(size: int) -> Iterator[None]:
    """Keep the collector of cycles still over something large: reading and walking make none, and going over the whole
    tree again and again would take a sixth of the time."""
    if size < _LARGE or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Services:
    """What FHIRPath asks of a walk under way."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk

    def resolve(self, reference: str, node: Node | None) -> Node | None:
        target = references.resolved(self.walk, reference, self.walk.scope)
        found = references.as_node(self.walk, target)
        if found is None and target.status == "external":
            raise Undecided("resolve")
        return found

    def member_of(self, node: Any, value_set: str) -> bool:
        held = self.walk.terminology.value_set(value_set)
        if held is None:
            raise Undecided("memberOf")
        value = node.value if isinstance(node, Node) else node
        answers = [held.has(s if isinstance(value, dict) else None, c) for s, c in codings(value) if c is not None]
        if True in answers:
            return True
        if None in answers:
            raise Undecided("memberOf")
        return False

    def conforms_to(self, node: Node, profile: str) -> bool:
        held = self.walk.profiles.get(profile)
        if held is None:
            raise Undecided("conformsTo")
        if held.type not in self.walk.types.lineage(node.type):
            return False
        if not isinstance(node.value, dict):
            raise Undecided("conformsTo")
        scope = None
        if node.plan.kind == "resource":
            here = self.walk.scope
            scope = here if node.value is here.node else Scope(
                node.value, node.plan, here.place, None, here.bundle, here.entry, outer=here
            )  # fmt: skip
        place = self.walk.scope.place
        said = conformity.verdict(self.walk, node.value, node.plan, held, place, scope=scope, placed=False, quick=False)
        return not said.kept_out

    def html_checks(self, text: str) -> bool:
        return narrative.safe(text)


class Validator:
    """A validator over some definitions. Plans are compiled on first use and kept: keep the validator too."""

    def __init__(self, definitions: Definitions | None = None, options: Options | None = None) -> None:
        self.definitions = definitions or Definitions.core()
        self.options = options or Options()
        watched = {"xhtml", "canonical"}
        if not self.options.example_urls:
            watched |= {"uri", "url"}
        if self.options.no_html_in_markdown:
            watched.add("markdown")
        self.types = Types(self.definitions, frozenset(watched))
        self.profiles = Profiles(self.definitions, self.types)
        self.terminology = Terminology(self.definitions)
        self.target_names: dict[tuple[str, ...], list[str] | None] = {}  # what reference targets stand for

    def services(self, walk: Walk) -> Services:
        return Services(walk)

    @staticmethod
    def is_error(rule: str) -> bool:
        """Whether a message id is that of an error."""
        return messages.CATALOGUE[rule].severity in ("fatal", "error")

    def validate(
        self, data: bytes | str | dict[str, Any], profiles: Sequence[str] = (), of_their_type: Sequence[str] = ()
    ) -> Result:
        """Validate one resource against its base type, the profiles it claims, and those given (canonicals).

        `profiles` are asked of this resource, and one of another type is an error. `of_their_type` are asked of each
        resource of their own type, in the entries of a bundle too; `Result.unapplied` tells those that met none.
        Never raises on what the resource holds; a profile that is not held is listed in `not_checked`.
        """
        if isinstance(data, dict):
            if not measured(data):
                return self._deep()
            return self._validated(Source(own(data), [], "tree"), profiles, of_their_type)
        encoded = data.encode() if isinstance(data, str) else data
        with _uncollected(len(encoded)):
            return self._validated(read(encoded, self.types), profiles, of_their_type)

    def _validated(self, source: Source, profiles: Sequence[str], of_their_type: Sequence[str]) -> Result:
        walk = Walk(self)
        for defect in source.defects:
            walk.found.append(Found(defect.id, defect.place, "", "", dict(defect.values)))
        name = ""
        if source.tree is not None:
            stated = source.tree.get("resourceType")
            name = stated[:64] if isinstance(stated, str) and stated.isalpha() else ""
            asked = self._asked(walk, name, profiles, of_their_type)
            try:
                walk.resource(source.tree, None, asked)
                references.settle(walk)
            except RecursionError:
                walk.report("tree.deep", None, limit="120")
        return self._result(walk, source, name, tuple(profiles))

    def _asked(
        self, walk: Walk, name: str, profiles: Sequence[str], of_their_type: Sequence[str]
    ) -> tuple[Profile, ...]:  # fmt: skip
        """The profiles that the resource itself is to meet; those of a type are left with the walk."""
        out = []
        for canonical in (*profiles, *of_their_type):
            profile = self.profiles.get(canonical)
            if profile is None:
                walk.not_checked("profile", canonical, None, "profile-unknown")
            elif canonical not in profiles:
                walk.of_their_type[canonical] = profile
            elif profile.type not in self.types.lineage(name):
                walk.report("profile.wrong-type", None, profile.url, claim=canonical, type=profile.type, found=name)
            else:
                resources.told(walk, profile, None)
                out.append(profile)
        return tuple(out)

    def _deep(self) -> Result:
        walk = Walk(self)
        walk.report("tree.deep", None, limit="120")
        return self._result(walk, Source(None, [], "tree"), "", ())

    def _result(self, walk: Walk, source: Source, name: str, profiles: tuple[str, ...]) -> Result:
        walk.end()
        unapplied = tuple(c for c in walk.of_their_type if c not in walk.applied)
        if not walk.found and not walk.unchecked:
            return Result(name, profiles, (), (), unapplied)
        positions = self._positions(walk, source)
        issues: dict[tuple[Any, ...], Issue] = {}
        for found in walk.found:
            entry = messages.CATALOGUE[found.id]
            message, fix = messages.texts(found, name)
            path = places.path(name, found.place)
            line, column = positions.get(found.place, (None, None))
            issue = Issue(
                "FHIR-" + found.id.upper().replace(".", "-"),
                found.severity or entry.severity,
                entry.code,
                Location(path, line, column),
                message,
                fix,
                found.profile,
                found.element,
                str(found.values.get("key", "")) if found.id == "invariant.failed" else "",
            )
            issues.setdefault((issue.id, path, message.en), issue)
        unchecked = tuple(
            NotChecked(kind, subject, count, places.path(name, place), messages.reason(reason))
            for (kind, subject, reason), (count, place) in walk.unchecked.items()
        )
        ordered = sorted(issues.values(), key=lambda i: (i.location.line or 0, i.location.column or 0))
        return Result(name, profiles, tuple(ordered), unchecked, unapplied)

    @staticmethod
    def _positions(walk: Walk, source: Source) -> dict[Any, Any]:
        out: dict[Any, Any] = {}
        wanted = {f.place for f in walk.found}
        if wanted and source.tree is not None:
            if source.format == "json":
                out = places.in_json(source.text, wanted)
            elif source.format == "xml":
                out = places.in_xml(source.data, wanted)
        for defect in source.defects:
            if defect.position is not None:
                out.setdefault(defect.place, defect.position)
        return out
