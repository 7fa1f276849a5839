"""Paths to subjects: walks folders, opens containers, and stays within its budget."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from dui_conformance.subjects import cda, fhir, mail, pdf, sniff, xdm, xds, xml, zip
from dui_conformance.subjects.model import Budget, Element, Kind, Subject
from dui_conformance.subjects.xml import xml_safe

_XSL_ROOTS = ("stylesheet", "transform")


@dataclass(frozen=True, slots=True)
class Unit:
    """One input that is judged as a whole: a file, or the folder of an unpacked XDM archive.

    `problem` names a defect met before opening (`input.symlink`, `input.unreadable`, …), `cause` its particulars.
    """

    id: str
    path: Path
    unpacked_archive: bool = False
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
                yield Unit(name, path, problem=_refusal(mode))
                continue
            children = sorted(os.listdir(path))
            archive = any(c.upper() == "IHE_XDM" and stat.S_ISDIR((path / c).lstat().st_mode) for c in children)
        except OSError as error:
            problem, cause = _failure(error)
            yield Unit(name, path, problem=problem, cause=cause)
            continue
        if archive:
            yield Unit(name, path, unpacked_archive=True)
            children = [child for child in children if not _part_of_archive(child)]
        stack += [(path / child, f"{name}/{child}") for child in reversed(children)]


def _part_of_archive(name: str) -> bool:
    return name.upper() in ("IHE_XDM", "README.TXT", "INDEX.HTM")


def _refusal(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "input.symlink"
    return "" if stat.S_ISREG(mode) else "input.special"


def open_unit(unit: Unit, budget: Budget) -> Subject:
    """The subject of a unit with everything inside it. Never raises for what the bytes or the disk do."""
    if unit.problem:
        return _refused(unit.id, unit.problem, cause=unit.cause)
    if unit.unpacked_archive:
        return _Intake(budget).unpacked(unit)
    try:
        data = _read(unit.path, budget.file_size)
    except OSError as error:
        problem, cause = _failure(error)
        return _refused(unit.id, problem, cause=cause)
    if len(data) > budget.file_size:
        return _refused(unit.id, "input.too_large", limit=_mebibytes(budget.file_size))
    return open_bytes(unit.id, data, budget)


def _refused(identifier: str, problem: str, parent: Subject | None = None, /, **values: str) -> Subject:
    """The subject of what is not opened, with the defect that says why."""
    identifier = xml_safe(identifier)
    subject = Subject(identifier, identifier.rsplit("/", 1)[-1], "unknown", b"", parent)
    subject.add(problem, **values)
    if parent is not None:
        parent.children.append(subject)
    return subject


def _read(path: Path, limit: int) -> bytes:
    """The bytes of a regular file, one more than `limit` at most; never waits on a pipe. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # it was one when the folder was walked
            raise _NotAFile
        return file.read(limit + 1)


class _NotAFile(OSError):
    pass


def _failure(error: OSError) -> tuple[str, str]:
    """The defect that an error of the operating system stands for, and its name there (`EIO`)."""
    cause = errno.errorcode.get(error.errno or 0, type(error).__name__)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "input.vanished", cause
    if isinstance(error, PermissionError):
        return "input.forbidden", cause
    if error.errno == errno.ELOOP:
        return "input.symlink", cause
    return ("input.special" if isinstance(error, _NotAFile | IsADirectoryError) else "input.unreadable"), cause


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:g}"


def open_bytes(identifier: str, data: bytes, budget: Budget) -> Subject:
    """The subject of bytes that lie under `identifier`, with everything inside it."""
    identifier = xml_safe(identifier)
    name = identifier.rsplit("!/", 1)[-1].rsplit("/", 1)[-1]
    return _Intake(budget).open(identifier, name, data, None)


class _Intake:
    """Opens one unit; keeps count of what is left of its budget."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.allowance = budget.unpacked_size
        self.entries = budget.entries
        self.taken: set[str] = set()

    def open(self, identifier: str, name: str, data: bytes, parent: Subject | None) -> Subject:
        subject = Subject(identifier, name, "unknown", data, parent)
        if parent is not None:
            parent.children.append(subject)
        self.entries -= 1
        self.allowance -= len(data) if parent is not None else 0
        if self.entries < 0 or self.allowance < 0:
            subject.add("input.budget", **self._limits(self.budget.unpacked_size))
            return subject
        if sum(1 for _ in subject.ancestors()) > self.budget.nesting:
            subject.add("input.too_nested", limit=str(self.budget.nesting))
            return subject
        form = sniff.format_of(data)
        if form == "empty":
            subject.add("input.empty")
        elif form == "zip":
            self._zip(subject)
        elif form == "pdf":
            subject.kind = "pdf"
            pdf.read(subject, self.budget)
        elif form == "xml":
            self._xml(subject)
        elif form == "json":
            subject.kind = "text"
            if sniff.is_fhir_json(data):
                self._fhir(subject, None)
        elif form == "hl7v2":
            subject.kind = "hl7v2"
        elif form == "mail":
            subject.kind = "mail"
            self._mail(subject)
        elif form in ("text", "html"):
            subject.kind = "text"
        return subject

    def _child(self, subject: Subject, name: str, data: bytes) -> Subject:
        identifier = self._identifier(subject, name)
        return self.open(identifier, identifier.rsplit("/", 1)[-1], data, subject)

    def _identifier(self, parent: Subject, name: str) -> str:
        """Where a child lies. Containers may hold two of one name, and names that no text can hold."""
        identifier = wanted = xml_safe(f"{parent.id}!/{name}")
        number = 1
        while identifier in self.taken:
            number += 1
            identifier = f"{wanted}#{number}"
        self.taken.add(identifier)
        return identifier

    def _xml(self, subject: Subject) -> None:
        parsed = xml.parse(subject.data, self.budget)
        subject.defects.extend(parsed.defects)
        if parsed.root is None:
            subject.kind = _claimed_kind(subject.data)
            return
        document = cda.document_of(parsed.root)
        request = xds.request_of(parsed.root)
        if document is not None:
            subject.kind = "cda"
            # libxml2 compares each element found with all the others: a header without bound would take hours
            if cda.header_size(document) > self.budget.header_elements:
                subject.add("cda.header", limit=str(self.budget.header_elements))
                return
            subject.view = document
            self._level1_body(subject, document)
        elif request is not None:
            subject.kind, subject.view = "xds", xds.project(subject, request)
        elif isinstance(parsed.root.tag, str) and etree.QName(parsed.root).namespace == fhir.FHIR:
            self._fhir(subject, parsed.root)
        else:
            subject.kind = "xml"

    def _fhir(self, subject: Subject, root: Element | None) -> None:
        subject.kind = "fhir"
        if subject.size > self.budget.fhir_size:
            subject.add("fhir.too_large", limit=_mebibytes(self.budget.fhir_size))
            return
        subject.view = fhir.view_of_json(subject.data) if root is None else root
        if subject.view is not None:
            for element, name, data in fhir.documents_of(subject.view):
                child = self._child(subject, name, data)
                element.set("kind", child.kind)
                if child.kind == "cda" and child.view is not None:
                    element.set("documentCode", cda.code_of(child.view))

    def _level1_body(self, subject: Subject, document: Element) -> None:
        text = cda.body_text(document)
        if text is None or text.get("representation") != "B64" or not (text.text or "").strip():
            return
        data = cda.decoded_body(text)
        if data is None:
            subject.add("cda.base64")
        else:
            self._child(subject, "nonXMLBody", data)

    def _zip(self, subject: Subject) -> None:
        subject.kind = "zip"
        opened = zip.read(subject.data, self.budget, self.allowance)
        self.allowance -= opened.wasted
        subject.defects.extend(opened.defects)
        if xdm.is_archive([entry.name for entry in opened.entries]):
            self._archive(subject, opened.entries, packed=True)
            return
        for entry in opened.entries:
            if entry.data is not None:
                self._child(subject, entry.name, entry.data)

    def _archive(self, subject: Subject, entries: Sequence[zip.Entry], *, packed: bool) -> None:
        subject.kind = "xdm"
        archive = xdm.project(subject, entries, packed=packed)
        documents = {
            entry.name: self._child(subject, entry.name, entry.data)
            for entry in archive.others
            if entry.data is not None
        }
        listed = {entry.name for entry in entries}
        for entry in archive.metadata:
            described = self._metadata(subject, entry, documents, listed)
            if described is not None:
                xdm.mark_referenced(subject, entry.name.rpartition("/")[0], described)

    def _metadata(
        self, archive: Subject, entry: zip.Entry, documents: dict[str, Subject], listed: set[str]
    ) -> set[str] | None:
        """Open METADATA.XML and tie its DocumentEntry elements to the documents of its folder.

        Gives the names of the entries it describes, None if it cannot be read.
        """
        data = entry.data or b""
        identifier = self._identifier(archive, entry.name)
        subject = Subject(identifier, identifier.rsplit("/", 1)[-1], "xds", data, archive)
        archive.children.append(subject)
        parsed = xml.parse(data, self.budget, forgive_leading_blanks=True)
        subject.defects.extend(parsed.defects)
        request = None if parsed.root is None else xds.request_of(parsed.root)
        if request is None:
            if parsed.root is not None:
                subject.add("xds.root", found=str(etree.QName(parsed.root).localname))
            return None
        view = xds.project(subject, request)
        view.set("archive", "true")
        subject.view = view
        folder = entry.name.rpartition("/")[0]
        described = set()
        for document_entry in view.iterfind("DocumentEntry"):
            uri = document_entry.findtext("slot[@name='URI']/value", "").strip()
            name = f"{folder}/{uri}" if folder else uri
            described.add(name)
            document = documents.get(name)
            if document is not None:
                document_entry.set("subject", document.id)
                # the hash attribute of XDS is SHA-1 (ITI TF-3 §4.2.3.2.10): an identity of bytes, not a safety
                document_entry.set("documentSha1", hashlib.sha1(document.data).hexdigest().upper())  # noqa: S324
                document_entry.set("documentSize", str(document.size))
            elif uri:
                document_entry.set("document", "unreadable" if name in listed else "absent")
        return described

    def _mail(self, subject: Subject) -> None:
        for attachment in mail.read(subject, self.budget):
            child = self._child(subject, attachment.name, attachment.data)
            attachment.part.set("subject", child.id)
            attachment.part.set("kind", child.kind)
            attachment.part.set("sha256", child.sha256)

    def unpacked(self, unit: Unit) -> Subject:
        """An XDM archive that lies unpacked in a folder."""
        subject = Subject(xml_safe(unit.id), xml_safe(unit.path.name), "xdm", b"")
        entries: list[zip.Entry] = []
        refusals: list[tuple[str, str, str]] = []
        left = self.budget.file_size
        stack = [(unit.path, "")]
        while stack:
            path, name = stack.pop()
            data: bytes | None = None
            try:
                mode = path.lstat().st_mode
                if stat.S_ISDIR(mode):
                    names = [child for child in sorted(os.listdir(path)) if name or _part_of_archive(child)]
                    stack += [(path / child, f"{name}/{child}" if name else child) for child in reversed(names)]
                elif _refusal(mode):
                    refusals.append((name, _refusal(mode), ""))
                elif len(entries) < self.budget.entries:
                    data = _read(path, left)
                    left -= len(data)
            except OSError as error:
                refusals.append((name, *_failure(error)))
                continue
            if left < 0 or len(entries) >= self.budget.entries:
                subject.add("input.budget", **self._limits(self.budget.file_size))
                break
            if name:
                entries.append(zip.Entry(name, stat.S_ISDIR(mode), 0, False, data))
        self._archive(subject, entries, packed=False)
        for name, problem, cause in refusals:
            _refused(self._identifier(subject, name), problem, subject, cause=cause)
        return subject

    def _limits(self, size: int) -> dict[str, str]:
        return {"entries": str(self.budget.entries), "size": _mebibytes(size)}


def _claimed_kind(data: bytes) -> Kind:
    """What unreadable XML claims to be, so that the finding says what could not be judged."""
    name = xml.root_name(data)
    if name == "ClinicalDocument" or (name in _XSL_ROOTS and b"ClinicalDocument" in data):
        return "cda"
    return "xds" if name in ("SubmitObjectsRequest", "ProvideAndRegisterDocumentSetRequest") else "xml"
