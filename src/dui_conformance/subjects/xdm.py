"""IHE XDM archives (ITI TF-2 §3.32), zipped or unpacked.

View: `<xdm packed="true|false" name>` (name: the file's own) holding `<entry name dir encrypted size role>` in the
archive's order (role: readme, index, metadata, document, other; the text of README.TXT and INDEX.HTM is the element's
text). `referenced="true|false"` on a document whose folder has readable metadata: whether these describe it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from dui_conformance.subjects.model import Element, Subject
from dui_conformance.subjects.xml import xml_safe
from dui_conformance.subjects.zip import Entry

_TEXT_LIMIT = 65536


@dataclass(frozen=True, slots=True)
class Archive:
    """The entries of an archive, by what they are."""

    metadata: tuple[Entry, ...]
    others: tuple[Entry, ...]


def is_archive(names: Sequence[str]) -> bool:
    """Whether entry names make an XDM archive: an IHE_XDM folder, or metadata in a sub-folder."""
    upper = [name.upper() for name in names]
    return any(name.startswith("IHE_XDM/") or "/IHE_XDM/" in name or name.endswith("/METADATA.XML") for name in upper)


def project(subject: Subject, entries: Sequence[Entry], *, packed: bool) -> Archive:
    """Give the subject its view, and sort its entries."""
    view = etree.Element("xdm", packed="true" if packed else "false", name=xml_safe(subject.name))
    subject.view = view
    metadata, others = [], []
    for entry in entries:
        role = _role(entry)
        element = etree.SubElement(
            view,
            "entry",
            name=xml_safe(entry.name),
            dir="true" if entry.is_dir else "false",
            encrypted="true" if entry.encrypted else "false",
            role=role,
        )
        if entry.data is not None:
            element.set("size", str(len(entry.data)))
            if role in ("readme", "index"):
                _text(element, entry.data[:_TEXT_LIMIT])
            elif role == "metadata":
                metadata.append(entry)
            elif not entry.is_dir:
                others.append(entry)
    return Archive(tuple(metadata), tuple(others))


def mark_referenced(subject: Subject, folder: str, described: set[str]) -> None:
    """Say of each document below the folder of a METADATA.XML whether a DocumentEntry describes it."""
    if subject.view is None:
        return
    for element in subject.view.iterfind("entry[@role='document']"):
        name = element.get("name", "")
        if name.startswith(f"{folder}/"):
            element.set("referenced", "true" if name in described else "false")


def _role(entry: Entry) -> str:
    if entry.is_dir:
        return "other"
    name = entry.name.upper().rsplit("/", 1)
    if name[-1] == "METADATA.XML":
        return "metadata"
    if entry.name.upper() in ("README.TXT", "INDEX.HTM"):
        return "readme" if name[-1] == "README.TXT" else "index"
    return "document" if len(name) == 2 and "IHE_XDM" in name[0] else "other"


def _text(element: Element, data: bytes) -> None:
    element.set("ascii", "true" if data.isascii() else "false")
    element.set("crlf", "true" if data.count(b"\n") == data.count(b"\r\n") else "false")
    element.text = xml_safe(data.decode("utf-8", "replace"))
