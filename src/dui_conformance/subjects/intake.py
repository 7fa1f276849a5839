"""Units to subjects: opens containers, and stays within its budget. `subjects.disk` finds the units."""

import hashlib
import json
import os
import stat
from collections.abc import Mapping, Sequence

from lxml import etree

from dui_conformance.subjects import (
    attached,
    cda,
    disk,
    fhir,
    hl7v2,
    integration,
    mail,
    pdf,
    sniff,
    soap,
    xdm,
    xds,
    xml,
    zip,
)
from dui_conformance.subjects import exchange as exchanges
from dui_conformance.subjects.disk import Skipped, Unit, units
from dui_conformance.subjects.model import Budget, Element, Kind, Subject
from dui_conformance.subjects.xml import xml_safe

__all__ = ("Skipped", "Unit", "open_bytes", "open_unit", "units")


def open_unit(unit: Unit, budget: Budget) -> Subject:
    """The subject of a unit with everything inside it. Never raises for what the bytes or the disk do."""
    if unit.problem:
        return _refused(unit.id, unit.problem, cause=unit.cause)
    if unit.unpacked_archive:
        return _Intake(budget).unpacked(unit)
    if unit.exchange:
        return _Intake(budget).exchange_folder(unit)
    if unit.reception:
        return _Intake(budget).reception_folder(unit)
    try:
        data = disk.read(unit.path, budget.file_size)
    except OSError as error:
        problem, cause = disk.failure(error)
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
            elif integration.is_report(data):
                subject.kind = "integration"
                integration.read(subject, {})
            elif sniff.is_session_json(data):
                subject.kind, subject.view = "session", exchanges.session_view(json.loads(data))
        elif form == "hl7v2":
            subject.kind = "hl7v2"
            hl7v2.read(subject, lambda name, inside: self._child(subject, name, inside))
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
            subject.kind = sniff.claimed_kind(subject.data)
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
            for kind, data in attached.files_of(document):
                self._attached(subject, kind, data)
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
                element.set("subject", child.id)
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

    def _attached(self, subject: Subject, kind: Kind, data: bytes) -> None:
        if kind == "pdf":
            self._child(subject, "observationMedia", data)
        else:
            identifier = self._identifier(subject, "observationMedia")
            picture = Subject(identifier, "observationMedia", kind, data, subject, view=etree.Element(kind))
            subject.children.append(picture)

    def _zip(self, subject: Subject) -> None:
        subject.kind = "zip"
        opened = zip.read(subject.data, self.budget, self.allowance)
        self.allowance -= opened.wasted
        subject.defects.extend(opened.defects)
        files = {entry.name: entry.data for entry in opened.entries if entry.data is not None}
        if exchanges.is_exchange(set(files)):
            self._exchange(subject, {name: files[name] for name in files if exchanges.is_file_of_exchange(name)})
            return
        if integration.is_report(files.get(integration.NAME, b"")):
            self._reception(subject, f"{subject.id}!/", files)
            return
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
                _describe(document_entry, document)
            elif uri:
                document_entry.set("document", "unreadable" if name in listed else "absent")
        return described

    def _mail(self, subject: Subject) -> None:
        for attachment in mail.read(subject, self.budget):
            child = self._child(subject, attachment.name, attachment.data)
            attachment.part.set("subject", child.id)
            attachment.part.set("kind", child.kind)
            attachment.part.set("sha256", child.sha256)

    def _exchange(self, subject: Subject, files: Mapping[str, bytes]) -> None:
        """A recorded exchange: its view, and what the DUI's side of it carried."""
        subject.kind = "exchange"
        subject.sha256 = exchanges.digest(files)
        carried, envelopes = exchanges.project(subject, files, self.budget)
        for thing in carried:
            self._carried(subject, thing.name, thing.data, thing.element)
        for envelope in envelopes:
            documents = {
                name: self._carried(subject, f"{envelope.file}{name or 'document'}", data, element)
                for name, (element, data) in envelope.documents.items()
            }
            if envelope.request is not None:
                request = self._child(subject, f"{envelope.file}SubmitObjectsRequest", soap.bytes_of(envelope.request))
                for entry in request.view.iterfind("DocumentEntry") if request.view is not None else ():
                    document = documents.get(entry.get("id", ""))
                    if document is not None:
                        _describe(entry, document)

    def _carried(self, subject: Subject, name: str, data: bytes, element: Element) -> Subject:
        child = self._child(subject, name, data)
        element.set("subject", child.id)
        element.set("kind", child.kind)
        return child

    def exchange_folder(self, unit: Unit) -> Subject:
        """An exchange that lies in a folder."""
        files: dict[str, bytes] = {}
        refusals: list[tuple[str, str, str]] = []
        left = self.budget.file_size
        try:
            names = [name for name in sorted(os.listdir(unit.path)) if exchanges.is_file_of_exchange(name)]
        except OSError as error:
            problem, cause = disk.failure(error)
            return _refused(unit.id, problem, cause=cause)
        for name in names:
            try:
                mode = (unit.path / name).lstat().st_mode
                if disk.refusal(mode):
                    refusals.append((name, disk.refusal(mode), ""))
                    continue
                files[name] = disk.read(unit.path / name, left)
                left -= len(files[name])
            except OSError as error:
                refusals.append((name, *disk.failure(error)))
            if left < 0:
                return _refused(unit.id, "input.too_large", limit=_mebibytes(self.budget.file_size))
        subject = Subject(xml_safe(unit.id), xml_safe(unit.path.name), "exchange", files.get(exchanges.FACTS, b""))
        self._exchange(subject, files)
        for name, problem, cause in refusals:
            _refused(self._identifier(subject, name), problem, subject, cause=cause)
        return subject

    def _reception(self, parent: Subject | None, place: str, files: Mapping[str, bytes]) -> Subject:
        """An integration report and the documents received that lie with it, under the ids that they have there."""
        report = Subject(
            xml_safe(place + integration.NAME), integration.NAME, "integration", files[integration.NAME], parent
        )
        if parent is not None:
            parent.children.append(report)
        received = {}
        for name, data in files.items():
            if name != integration.NAME:
                identifier = xml_safe(place + name)
                received[name] = self.open(identifier, identifier.rsplit("/", 1)[-1], data, report)
        integration.read(report, received)
        return report

    def reception_folder(self, unit: Unit) -> Subject:
        """An integration report in the folder of the documents that it speaks of."""
        files, refusals, within = disk.files_below(unit.path, self.budget.file_size, self.budget.entries)
        if not within or integration.NAME not in files:
            return _refused(unit.id, "input.budget", **self._limits(self.budget.file_size))
        report = self._reception(None, f"{unit.id}/", files)
        for name, problem, cause in refusals:
            _refused(f"{unit.id}/{name}", problem, report, cause=cause)
        return report

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
                    names = [child for child in sorted(os.listdir(path)) if name or disk.part_of_archive(child)]
                    stack += [(path / child, f"{name}/{child}" if name else child) for child in reversed(names)]
                elif disk.refusal(mode):
                    refusals.append((name, disk.refusal(mode), ""))
                elif len(entries) < self.budget.entries:
                    data = disk.read(path, left)
                    left -= len(data)
            except OSError as error:
                refusals.append((name, *disk.failure(error)))
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


def _describe(entry: Element, document: Subject) -> None:
    """Tie a DocumentEntry to the document it describes."""
    entry.set("subject", document.id)
    # the hash attribute of XDS is SHA-1 (ITI TF-3 §4.2.3.2.10): an identity of bytes, not a safety
    entry.set("documentSha1", hashlib.sha1(document.data).hexdigest().upper())  # noqa: S324
    entry.set("documentSize", str(document.size))
