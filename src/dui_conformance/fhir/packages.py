"""FHIR packages (`.tgz`): what they are, what they need, what they hold, their examples."""

import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from dui_conformance.fhir.pack import Resource

_MEMBER_LIMIT = 64 * 1024 * 1024  # bytes of one file in a package
_PACKAGE_LIMIT = 512 * 1024 * 1024  # bytes of all files of a package
_MEMBERS_LIMIT = 20_000
# Held already, in the core packs: a package that depends on them needs nothing more.
BUILT_IN = (
    "hl7.fhir.r4.core",
    "hl7.terminology.r4",
    "hl7.terminology",
    "hl7.fhir.uv.extensions.r4",
    "hl7.fhir.uv.extensions",
)


class DefinitionsError(ValueError):
    """A package or resource that cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Package:
    """A FHIR package. `dependencies` are those its manifest states: {name: version}."""

    name: str
    version: str
    dependencies: dict[str, str]
    fhir_versions: tuple[str, ...]
    resources: tuple[Resource, ...]
    examples: tuple[Resource, ...]
    sha256: str


def read(package: Path | bytes) -> Package:
    """Read a package from a `.tgz` (path or bytes), or from a folder of JSON resources.

    Raises DefinitionsError when the archive cannot be read or is beyond the limits. Files that are not JSON
    resources are passed over; nothing is written to disk.
    """
    if isinstance(package, Path) and package.is_dir():
        resources = [r for path in sorted(package.rglob("*.json")) if (r := _resource(path.read_bytes())) is not None]
        return Package(package.name, "", {}, (), tuple(resources), (), "")
    data = package.read_bytes() if isinstance(package, Path) else package
    manifest: dict[str, Any] = {}
    held: list[Resource] = []
    examples: list[Resource] = []
    for name, content in _members(data):
        value = _json(content)
        if name == "package.json":
            manifest = value
        elif "resourceType" in value:
            if "/" not in name:
                held.append(value)
            elif name.startswith(("example/", "examples/")):
                examples.append(value)
    stated = manifest.get("dependencies")
    needs = {str(k): str(v) for k, v in stated.items()} if isinstance(stated, dict) else {}
    versions = manifest.get("fhirVersions", manifest.get("fhir-version-list"))
    return Package(
        str(manifest.get("name", "")), str(manifest.get("version", "")), needs,
        tuple(str(v) for v in versions) if isinstance(versions, list) else (),
        tuple(held), tuple(examples), hashlib.sha256(data).hexdigest(),
    )  # fmt: skip


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The JSON files of a package; links, and what lies deeper, are passed over."""
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", _Bounded(data)), mode="r|") as archive:
            for count, member in enumerate(archive):
                if count >= _MEMBERS_LIMIT:
                    raise DefinitionsError("the package holds too many files")
                name = member.name.removeprefix("./").removeprefix("package/")
                if not member.isfile() or not name.endswith(".json") or name.count("/") > 1:
                    continue
                if member.size > _MEMBER_LIMIT:
                    raise DefinitionsError("the package is too large")
                stream = archive.extractfile(member)
                if stream is not None:
                    yield name, stream.read()
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise DefinitionsError(f"the package cannot be read: {error}") from error


class _Bounded:
    """A gzip stream that gives so many bytes and no more: a small file may hold terabytes."""

    def __init__(self, data: bytes) -> None:
        self._stream = gzip.GzipFile(fileobj=io.BytesIO(data))
        self._left = _PACKAGE_LIMIT

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _PACKAGE_LIMIT:
            raise DefinitionsError("the package is too large")
        content = self._stream.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise DefinitionsError("the package is too large")
        return content


def _json(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _resource(data: bytes) -> Resource | None:
    value = _json(data)
    return value if "resourceType" in value else None


def ordered(packages: Sequence[Package]) -> list[Package]:
    """Each package after those it depends on, so that what is nearest to the user lies on top."""
    by_name = {p.name: p for p in packages if p.name}
    out: list[Package] = []
    open_: set[str] = set()

    def put(package: Package) -> None:
        if package in out or package.name in open_:
            return
        open_.add(package.name)
        for name in sorted(package.dependencies):
            if name in by_name:
                put(by_name[name])
        out.append(package)

    for package in packages:
        put(package)
    return out


def missing(packages: Iterable[Package]) -> dict[str, str]:
    """The dependencies that are neither among the packages nor built in: {name: version}."""
    listed = list(packages)
    held = {p.name for p in listed}
    needs = [(n, v) for p in listed for n, v in p.dependencies.items()]
    return {n: v for n, v in sorted(needs) if n not in held and n not in BUILT_IN}
