"""The files of what a user adds: a file, a folder or a zip, read under a budget, under harmless relative names."""

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from dui_conformance.official.expressions import SchematronError
from dui_conformance.subjects import zip as zip_door
from dui_conformance.subjects.model import Budget

_LARGEST = 64 * 2**20  # of one file; the largest of the kit has 3.4 MB
_WHOLE = 1024 * 2**20
_MANY = 60_000


@dataclass(frozen=True, slots=True)
class Bundle:
    """`files`: bytes by path, `/` between steps. `dates`: of the entries of a zip (YYYY-MM-DD). `name` as given.

    `commit`: of the git clone that a folder is, empty otherwise.
    """

    name: str
    files: Mapping[str, bytes]
    dates: Mapping[str, str] = field(default_factory=dict)
    commit: str = ""

    @property
    def sha256(self) -> str:
        """Of the names and contents, whatever the order and the container."""
        whole = hashlib.sha256()
        for path in sorted(self.files):
            whole.update(path.encode() + b"\0" + hashlib.sha256(self.files[path]).digest())
        return whole.hexdigest()

    def below(self, folder: str) -> "Bundle":
        """What lies below a folder, under shorter paths; the whole when the folder is empty."""
        if not folder:
            return self
        start = f"{folder}/"
        files = {path[len(start) :]: data for path, data in self.files.items() if path.startswith(start)}
        dates = {path[len(start) :]: date for path, date in self.dates.items() if path.startswith(start)}
        return Bundle(self.name, files, dates, self.commit)

    def only(self, *suffixes: str) -> "Bundle":
        """The files of some kinds."""
        files = {path: data for path, data in self.files.items() if path.lower().endswith(suffixes)}
        dates = {path: date for path, date in self.dates.items() if path in files}
        return Bundle(self.name, files, dates, self.commit)

    def write(self, folder: Path) -> None:
        """Write every file below a folder. Paths were made harmless on reading."""
        for path, data in self.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


class BundleError(SchematronError):
    """What was given cannot be read as a whole."""


def read(source: Path) -> Bundle:
    """The files of a path. Raises BundleError, OSError."""
    if source.is_dir():
        return Bundle(source.resolve().name, dict(_of_folder(source)), commit=_commit(source))
    if source.stat().st_size > _WHOLE:
        raise BundleError(f"{source.name} est trop gros", f"{source.name} is too large")
    data = source.read_bytes()
    if zip_door.is_zip(data):
        return _of_zip(source.name, data)
    return Bundle(source.name, {source.name: data})


def _of_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    total = count = 0
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_symlink() or not path.is_file() or any(step.startswith(".") for step in inside.parts):
            continue
        size = path.stat().st_size
        total, count = total + size, count + 1
        if total > _WHOLE or count > _MANY:
            raise BundleError(f"{folder.name} est trop gros", f"{folder.name} is too large")
        if size <= _LARGEST:
            yield inside.as_posix(), path.read_bytes()


def _commit(folder: Path) -> str:
    """The commit that a clone stands at, 8 hexadecimal digits; empty when the folder is no clone."""
    try:
        head = (folder / ".git" / "HEAD").read_text(encoding="ascii").strip()
        if head.startswith("ref: "):
            head = (folder / ".git" / head.removeprefix("ref: ")).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
    return head[:8] if re.fullmatch(r"[0-9a-f]{40}", head) else ""


def _of_zip(name: str, data: bytes) -> Bundle:
    budget = Budget(entries=_MANY, ratio=1000)
    opened = zip_door.read(data, budget, _WHOLE)
    refused = sorted({defect.code for defect in opened.defects})
    files: dict[str, bytes] = {}
    for entry in opened.entries:
        if entry.is_dir:
            continue
        path = _harmless(entry.name)
        if entry.data is None or path is None:
            raise BundleError(
                f"{name} : entrée refusée ({', '.join(refused) or 'nom dangereux'})",
                f"{name}: entry refused ({', '.join(refused) or 'dangerous name'})",
            )
        if len(entry.data) <= _LARGEST and not any(step.startswith(".") for step in path.split("/")):
            files[path] = entry.data
    if not files:
        raise BundleError(f"{name} : zip vide ou illisible", f"{name}: empty or unreadable zip")
    return Bundle(name, files, _dates(data))


def _dates(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {
            info.filename: "{:04}-{:02}-{:02}".format(*info.date_time[:3])
            for info in archive.infolist()
            if not info.is_dir() and info.date_time[0] > 1980
        }


def _harmless(name: str) -> str | None:
    """The name of an entry if it stays below the folder it is written to."""
    path = PurePosixPath(name.replace("\\", "/"))
    steps = path.parts
    if path.is_absolute() or not steps or any(s in ("..", "") or ":" in s or ord(min(s)) < 32 for s in steps):
        return None
    return path.as_posix()
