"""The FHIR packages that a user has added: where they are kept, what they are, what they lack.

They lie in a folder of the user, with a lock file that records the SHA-256 and the day of each. Nothing is fetched: a
dependency that was not added is told.
"""

import datetime
import io
import json
import os
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dui_conformance.fhir import Package

_LOCK = "artefacts.json"


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

    data = _packed(source) if source.is_dir() else source.read_bytes()
    package = read(data)
    if not package.resources:
        raise DefinitionsError(f"{source.name}: no FHIR resource in it")
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
    lock = {"format": 1, "packages": [asdict(item) for item in sorted((*kept, artefact), key=lambda i: i.name)]}
    partial = folder / f"{_LOCK}.{os.getpid()}"
    partial.write_text(json.dumps(lock, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    partial.replace(folder / _LOCK)
    return artefact


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


def lacking(items: Sequence[Artefact]) -> dict[str, str]:
    """The dependencies that are neither added, nor shipped, nor part of FHIR itself."""
    from dui_conformance.engine.guides import guides
    from dui_conformance.fhir.packages import BUILT_IN

    shipped = {guide["name"] for guide in guides()["guides"].values()} | {"hl7.fhir.fr.core"}
    held = {item.name for item in items} | shipped | set(BUILT_IN)
    return {name: version for item in items for name, version in sorted(item.needs.items()) if name not in held}


def known_profiles() -> set[str]:
    """The canonicals of every profile that is held: of FHIR, of the shipped guides, of the packages added."""
    from dui_conformance.engine.resources import validator

    return validator(packages()).definitions.urls("StructureDefinition")


@dataclass(frozen=True, slots=True)
class Example:
    """An example of a package judged: `errors` and `warnings` are (place, sentence in French, in English)."""

    name: str
    profiles: tuple[str, ...]
    errors: tuple[tuple[str, str, str], ...]
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
        asked = shown.get(name, ())
        result = judge.validate(resource, list(asked))
        errors = tuple(
            (issue.location.path, unmark(issue.message.fr, str), unmark(issue.message.en, str))
            for issue in result.errors
        )
        warnings = sum(issue.severity == "warning" for issue in result.issues)
        yield Example(name, tuple(asked), errors, warnings, sum(item.count for item in result.not_checked))


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
