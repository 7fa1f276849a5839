"""The definitions a validator works with: the R4 core, and whatever packages are laid over it."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from dui_conformance.fhir.pack import Pack
from dui_conformance.fhir.pack import Resource as Resource
from dui_conformance.fhir.packages import DefinitionsError as DefinitionsError
from dui_conformance.fhir.packages import Package, ordered
from dui_conformance.fhir.packages import read as read_package
from dui_conformance.fhir.reduce import reduced

CORE = "http://hl7.org/fhir/StructureDefinition/"
_CORE_FOLDER = ("fhir", "core-4.0.1")


def without_version(canonical: str) -> str:
    """A canonical URL without its `|version` and its `#fragment`."""
    return canonical.split("|", 1)[0].split("#", 1)[0]


@cache
def _core_pack(name: str) -> Pack:
    here = Path(__file__).resolve().parent
    for root in (here.parent / "_profiles", here.parents[2] / "profiles"):
        path = root.joinpath(*_CORE_FOLDER, name)
        if path.is_file():
            return Pack.open(path)
    raise DefinitionsError(f"{name}: the core definitions are not installed")


class Definitions:
    """Definitions by canonical URL. Never changed once made: each `with_…` gives another one.

    Lookups go to the resources added last, then to the core packs, one record at a time.
    """

    def __init__(self, added: dict[str, dict[str, Resource]], examples: tuple[Resource, ...] = ()) -> None:
        self._added = added
        self.supporting = examples
        # resource type -> the profiles that implementation guides ask of every instance (ImplementationGuide.global)
        self.globals: dict[str, list[str]] = {}
        for resource in examples:
            guide = resource.get("global") if resource.get("resourceType") == "ImplementationGuide" else None
            for rule in guide if isinstance(guide, list) else ():
                if isinstance(rule, dict) and isinstance(rule.get("profile"), str):
                    self.globals.setdefault(str(rule.get("type")), []).append(rule["profile"])
        self._cache: dict[tuple[str, str], Resource | None] = {}

    @classmethod
    def core(cls) -> "Definitions":
        """FHIR R4 4.0.1, the HL7 extension pack and the HL7 terminology."""
        return cls({})

    def with_resources(self, resources: Iterable[Resource]) -> "Definitions":
        """The same, with conformance resources (whole or reduced) laid over it.

        Questionnaires and other resources are kept as they are: a QuestionnaireResponse or a reference is
        resolved against them.
        """
        added = {kind: dict(held) for kind, held in self._added.items()}
        supporting = list(self.supporting)
        for resource in resources:
            kept = reduced(resource)
            if kept is not None:
                added.setdefault(kept["resourceType"], {})[kept["url"]] = kept
            if isinstance(resource.get("resourceType"), str):
                supporting.append(resource)
                url = resource.get("url")
                if isinstance(url, str) and resource["resourceType"] == "Questionnaire":
                    added.setdefault("Questionnaire", {})[url] = resource
        return Definitions(added, tuple(supporting))

    def with_package(self, *packages: "Path | bytes | Package") -> "Definitions":
        """The same, with FHIR packages (`.tgz`, or folders of JSON resources) laid over it.

        Packages are laid in the order of their dependencies, whatever the order given. Raises DefinitionsError.
        """
        read = [p if isinstance(p, Package) else read_package(p) for p in packages]
        return self.with_resources(resource for package in ordered(read) for resource in package.resources)

    def get(self, kind: str, canonical: str) -> Resource | None:
        """One reduced definition by resource type and canonical URL; a stated version is not compared."""
        key = (kind, canonical)
        if key in self._cache:
            return self._cache[key]
        found = self._find(kind, without_version(canonical))
        self._cache[key] = found
        return found

    def _find(self, kind: str, url: str) -> Resource | None:
        held = self._added.get(kind, {}).get(url)
        if held is not None:
            return held
        if kind == "StructureDefinition":
            return _core_pack("structures.pack").get(kind, url)
        if kind in ("ValueSet", "CodeSystem"):
            return _core_pack("terminology.pack").get(kind, url)
        return None

    def structure(self, canonical: str) -> Resource | None:
        """A StructureDefinition, by canonical URL or, for a core type, by its bare name."""
        return self.get("StructureDefinition", canonical if ":" in canonical else CORE + canonical)

    def urls(self, kind: str) -> set[str]:
        """Every canonical URL held for a resource type."""
        name = "structures.pack" if kind == "StructureDefinition" else "terminology.pack"
        return {*self._added.get(kind, {}), *_core_pack(name).urls(kind)}

    def added(self, kind: str) -> Iterable[Resource]:
        """What was laid over the core, for one resource type."""
        return self._added.get(kind, {}).values()
