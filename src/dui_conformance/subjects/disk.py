"""Paths on disk to units: walks folders, and reads files whose bytes and whose kind are hostile."""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dui_conformance.subjects import exchange as exchanges
from dui_conformance.subjects import integration


@dataclass(frozen=True, slots=True)
class Unit:
    """One input that is judged as a whole: a file, or a folder (an unpacked XDM archive, an exchange, a reception).

    `problem` names a defect met before opening (`input.symlink`, `input.unreadable`, …), `cause` its particulars.
    """

    id: str
    path: Path
    unpacked_archive: bool = False
    exchange: bool = False
    reception: bool = False
    problem: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that lies in an input and is not looked at."""

    id: str


def units(paths: Sequence[Path], base: Path) -> Iterator[Unit | Skipped]:
    """The units of the given files and folders, in a stable order.

    Ids are relative to `base` where a path lies under it, else they begin with the path's own name.
    Links are not followed, hidden entries are skipped (and said so), special files are not opened.
    """
    taken: dict[str, int] = {}
    for path in paths:
        absolute = Path(os.path.abspath(path))
        try:
            name = absolute.relative_to(base).as_posix()
        except ValueError:
            name = absolute.name
        name = absolute.name if name == "." else name
        taken[name] = taken.get(name, 0) + 1
        if taken[name] > 1:
            name = f"{name}#{taken[name]}"
        yield from _walk(absolute, name)


def _walk(top: Path, name: str) -> Iterator[Unit | Skipped]:
    stack = [(top, name)]  # folders may lie deeper than Python recurses
    while stack:
        path, name = stack.pop()
        if path.name.startswith(".") and path is not top:
            yield Skipped(name)
            continue
        try:
            mode = (path.stat() if path is top else path.lstat()).st_mode
            if not stat.S_ISDIR(mode):
                yield Unit(name, path, problem=refusal(mode))
                continue
            children = sorted(os.listdir(path))
            archive = any(c.upper() == "IHE_XDM" and stat.S_ISDIR((path / c).lstat().st_mode) for c in children)
        except OSError as error:
            problem, cause = failure(error)
            yield Unit(name, path, problem=problem, cause=cause)
            continue
        if exchanges.is_exchange(set(children)):
            yield Unit(name, path, exchange=True)
            continue
        if integration.NAME in children and _is_reception(path):
            yield Unit(name, path, reception=True)
            yield from (Skipped(f"{name}/{child}") for child in children if child.startswith("."))
            continue
        if archive:
            yield Unit(name, path, unpacked_archive=True)
            children = [child for child in children if not part_of_archive(child)]
        stack += [(path / child, f"{name}/{child}") for child in reversed(children)]


def _is_reception(folder: Path) -> bool:
    """Whether the `integration.json` of a folder is a report of ours."""
    report = folder / integration.NAME
    try:
        return not refusal(report.lstat().st_mode) and integration.is_report(read(report, integration.HEAD))
    except OSError:
        return False


def files_below(folder: Path, size: int, count: int) -> tuple[dict[str, bytes], list[tuple[str, str, str]], bool]:
    """The files of a folder and its folders by relative name, hidden ones left out; what was refused and why (name,
    defect, cause); and whether the limits of size (bytes) and count were kept."""
    files: dict[str, bytes] = {}
    refusals: list[tuple[str, str, str]] = []
    stack = [(folder, "")]
    while stack:
        path, name = stack.pop()
        try:
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode):
                names = [child for child in sorted(os.listdir(path)) if not child.startswith(".")]
                stack += [(path / child, f"{name}/{child}" if name else child) for child in reversed(names)]
            elif refusal(mode):
                refusals.append((name, refusal(mode), ""))
            elif len(files) >= count:
                return files, refusals, False
            else:
                data = read(path, size)
                size -= len(data)
                if size < 0:
                    return files, refusals, False
                files[name] = data
        except OSError as error:
            refusals.append((name, *failure(error)))
    return files, refusals, True


def part_of_archive(name: str) -> bool:
    """Whether a name in a folder is of the XDM archive unpacked there."""
    return name.upper() in ("IHE_XDM", "README.TXT", "INDEX.HTM")


def refusal(mode: int) -> str:
    """The defect of what is not a regular file; empty for one."""
    if stat.S_ISLNK(mode):
        return "input.symlink"
    return "" if stat.S_ISREG(mode) else "input.special"


def read(path: Path, limit: int) -> bytes:
    """The bytes of a regular file, one more than `limit` at most; never waits on a pipe. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # it was one when the folder was walked
            raise _NotAFile
        return file.read(limit + 1)


class _NotAFile(OSError):
    pass


def failure(error: OSError) -> tuple[str, str]:
    """The defect that an error of the operating system stands for, and its name there (`EIO`)."""
    cause = errno.errorcode.get(error.errno or 0, type(error).__name__)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "input.vanished", cause
    if isinstance(error, PermissionError):
        return "input.forbidden", cause
    if error.errno == errno.ELOOP:
        return "input.symlink", cause
    return ("input.special" if isinstance(error, _NotAFile | IsADirectoryError) else "input.unreadable"), cause
