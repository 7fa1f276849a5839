"""The FHIR packages that a user has added: where they are kept, what they are, what they lack.

They lie in a folder of the user, with a lock file that records the SHA-256 and the day of each. Nothing is fetched: a
dependency that was not added is told.
"""

import datetime
import io
import json
import os
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dui_conformance.fhir import Definitions, Package

_LOCK = "artefacts.json"
_PARTS = {"hl7.fhir.fr.core": "2.1.0"}  # of which the shipped guides hold what they build on
_FILE_LIMIT = 256 * 1024 * 1024  # bytes of a package file; the largest published has some 30 MB


@dataclass(frozen=True, slots=True)
class Artefact:
    """One package of the lock file; `needs` are the dependencies that it states."""

    name: str
    version: str
    sha256: str
    added: str
    file: str
    needs: dict[str, str] = field(default_factory=dict)


def home() -> Path:
    """DUI_CONFORMANCE_HOME, else `dui-conformance` in the user's data folder (XDG)."""
    if own := os.environ.get("DUI_CONFORMANCE_HOME"):
        return Path(own)
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "dui-conformance"


def added() -> list[Artefact]:
    """The packages of the lock file; none if there is no such file or it is not one."""
    try:
        told = json.loads((home() / _LOCK).read_bytes())
        return [Artefact(**item) for item in told["packages"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def packages() -> tuple[tuple[str, str], ...]:
    """The packages as validation takes them: path and digest of each."""
    folder = home()
    return tuple((str(folder / item.file), item.sha256) for item in added() if (folder / item.file).is_file())


def add(source: Path, today: datetime.date) -> Artefact:
    """Keep a package (`.tgz`, or a folder of JSON resources). Raises DefinitionsError, OSError."""
    from dui_conformance.fhir.packages import DefinitionsError, read

    data = _packed(source) if source.is_dir() else _bytes(source)
    package = read(data)
    if not package.resources:
        raise DefinitionsError(f"{source.name}: no FHIR resource in it")
    if foreign := not_of_r4(package):
        raise WrongVersionError(foreign)
    name = package.name or source.name.removesuffix(".tgz").removesuffix(".tar.gz")
    artefact = Artefact(
        name,
        package.version,
        package.sha256,
        today.isoformat(),
        f"packages/{package.sha256[:16]}.tgz",
        package.dependencies,
    )
    folder = home()
    (folder / "packages").mkdir(parents=True, exist_ok=True)
    (folder / artefact.file).write_bytes(data)
    kept = [item for item in added() if item.name != name]
    record("packages", [asdict(item) for item in sorted((*kept, artefact), key=lambda i: i.name)])
    return artefact


def recorded() -> dict[str, Any]:
    """The whole lock file; empty if there is no such file or it is not one."""
    try:
        told = json.loads((home() / _LOCK).read_bytes())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def record(part: str, items: Sequence[Mapping[str, Any]]) -> None:
    """Replace one list of the lock file (`packages`, `artefacts`), and leave the others. Raises OSError."""
    folder = home()
    folder.mkdir(parents=True, exist_ok=True)
    lock = {**recorded(), "format": 1, part: list(items)}
    partial = folder / f"{_LOCK}.{os.getpid()}"
    partial.write_text(json.dumps(lock, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    partial.replace(folder / _LOCK)


def read_package(source: Path) -> "Package":
    """A package file, or a folder of JSON resources. Raises DefinitionsError, OSError."""
    from dui_conformance.fhir.packages import read

    return read(_packed(source) if source.is_dir() else _bytes(source))


class WrongVersionError(ValueError):
    """A package of another version of FHIR than R4; the message is that version."""


def not_of_r4(package: "Package") -> str:
    """The versions of FHIR a package states, if none is R4 (4.0.x); empty if one is, or if it states none."""
    stated = package.fhir_versions or tuple(
        dict.fromkeys(str(r["fhirVersion"]) for r in package.resources if isinstance(r.get("fhirVersion"), str))
    )
    return "" if not stated or any(version.startswith("4.0") for version in stated) else ", ".join(stated)


def _bytes(source: Path) -> bytes:
    """The bytes of a package file. Raises DefinitionsError when it is larger than any package."""
    from dui_conformance.fhir.packages import DefinitionsError

    if source.stat().st_size > _FILE_LIMIT:
        raise DefinitionsError(f"{source.name}: larger than {_FILE_LIMIT >> 20} MiB")
    return source.read_bytes()


def _packed(folder: Path) -> bytes:
    """A folder of JSON resources as a package, the same bytes for the same files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=6) as archive:
        for path in sorted(folder.rglob("*.json")):
            if not path.is_file() or path.is_symlink():
                continue
            data = path.read_bytes()
            inside = "package/example" if path.parent.name in ("example", "examples") else "package"
            info = tarfile.TarInfo(f"{inside}/{path.name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    content = bytearray(out.getvalue())
    content[4:8] = bytes(4)  # the time in the header of gzip, which would change the digest
    return bytes(content)


@dataclass(frozen=True, slots=True)
class Need:
    """A dependency that is not met as stated: `held` is the version that stands for it, empty if there is none.

    `partial`: what is held was written for the shipped guides, and has only the profiles that they use.
    """

    name: str
    version: str
    held: str = ""
    partial: bool = False


def needs(items: Sequence[Artefact]) -> list[Need]:
    """The dependencies that are not among the packages added, nor part of FHIR itself, each once."""
    from dui_conformance.engine.guides import guides
    from dui_conformance.fhir.packages import BUILT_IN

    added_versions = {item.name: item.version for item in items}
    shipped = {guide["name"]: guide["version"] for guide in guides()["guides"].values()}
    out: dict[str, Need] = {}
    for name, version in ((n, v) for item in items for n, v in sorted(item.needs.items())):
        if name in BUILT_IN or added_versions.get(name) == version:
            continue
        if name in added_versions:
            out.setdefault(name, Need(name, version, added_versions[name]))
        elif name in shipped or name in _PARTS:
            held = shipped.get(name) or _PARTS[name]
            out.setdefault(name, Need(name, version, held, partial=name in _PARTS))
        else:
            out.setdefault(name, Need(name, version))
    return [need for need in out.values() if need.partial or need.held != need.version]


def known_profiles() -> set[str]:
    """The canonicals of every profile that is held: of FHIR, of the shipped guides, of the packages added."""
    from dui_conformance.engine.resources import validator

    return validator(packages()).definitions.urls("StructureDefinition")


@dataclass(frozen=True, slots=True)
class Fault:
    """An error on an example: `id` is the stable name of its cause, `place` a FHIRPath."""

    id: str
    place: str
    fr: str
    en: str

    @property
    def key(self) -> str:
        """How expected results name it."""
        return f"{self.id} {self.place}"


@dataclass(frozen=True, slots=True)
class Example:
    """An example of a package judged."""

    name: str
    profiles: tuple[str, ...]
    errors: tuple[Fault, ...]
    warnings: int
    not_checked: int


def examples(package: "Package") -> Iterator[Example]:
    """Each example of a package against the profiles it claims and those its ImplementationGuide says it shows."""
    from dui_conformance.engine.resources import validator
    from dui_conformance.fhir import Definitions, Validator
    from dui_conformance.text import unmark

    base: Definitions = validator(packages()).definitions
    judge = Validator(base.with_package(package))
    shown = _shown(package)
    for resource in package.examples:
        name = f"{resource.get('resourceType')}/{resource.get('id', '')}"
        asked = tuple(c for c in shown.get(name, ()) if _is_about(judge.definitions, c, resource))
        result = judge.validate(resource, list(asked))
        errors = tuple(
            Fault(issue.id, issue.location.path, unmark(issue.message.fr, str), unmark(issue.message.en, str))
            for issue in result.errors
        )
        warnings = sum(issue.severity == "warning" for issue in result.issues)
        yield Example(name, tuple(asked), errors, warnings, sum(item.count for item in result.not_checked))


def _is_about(definitions: "Definitions", canonical: str, resource: Mapping[str, Any]) -> bool:
    """Whether a profile that a guide names for an example is of its type: for a Bundle, guides name what is in it."""
    profile = definitions.get("StructureDefinition", canonical.partition("|")[0])
    return not isinstance(profile, dict) or profile.get("type") == resource.get("resourceType")


def expected_results(judged: Sequence[Example]) -> str:
    """The errors of each example as JSON, to be kept and compared with later."""
    told = {example.name: sorted(fault.key for fault in example.errors) for example in judged}
    return json.dumps({"format": 1, "examples": told}, ensure_ascii=False, indent=1) + "\n"


def read_expected(file: Path) -> dict[str, Counter[str]]:
    """The errors that each example is expected to have, how often. Raises ValueError, OSError."""
    told = json.loads(_bytes(file))
    listed = told.get("examples") if isinstance(told, dict) else None
    if not isinstance(listed, dict) or not all(
        isinstance(keys, list) and all(isinstance(key, str) for key in keys) for keys in listed.values()
    ):
        raise ValueError(file.name)
    return {str(name): Counter(keys) for name, keys in listed.items()}


def _shown(package: "Package") -> dict[str, tuple[str, ...]]:
    """Which profile an example is of (ImplementationGuide.definition.resource.exampleCanonical)."""
    out: dict[str, tuple[str, ...]] = {}
    for guide in package.resources:
        definition = guide.get("definition") if guide.get("resourceType") == "ImplementationGuide" else None
        listed = definition.get("resource") if isinstance(definition, dict) else None
        for item in listed if isinstance(listed, list) else ():
            canonical = item.get("exampleCanonical") if isinstance(item, dict) else None
            reference = item.get("reference") if isinstance(item, dict) else None
            if isinstance(canonical, str) and isinstance(reference, dict):
                out[str(reference.get("reference"))] = (canonical,)
    return out
