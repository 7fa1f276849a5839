"""What a subject is: a thing to judge, where it lies, and what its bytes gave."""

import hashlib
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from lxml import etree

Kind = Literal[
    "cda",
    "xdm",
    "xds",
    "mail",
    "pdf",
    "picture",
    "zip",
    "fhir",
    "hl7v2",
    "exchange",
    "session",
    "integration",
    "proof",
    "xml",
    "text",
    "unknown",
]

Element = etree._Element


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a subject: line and column count from 1; `path` is an XPath-like path without namespaces."""

    line: int | None = None
    column: int | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class Defect:
    """What kept a door from reading bytes: `code` names the cause (`xml.dtd`), `values` the particulars.

    A defect is a fact; whether it is an error is said by the rule that names its code.
    """

    code: str
    values: Mapping[str, str] = field(default_factory=dict)
    location: Location = Location()


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits under which hostile bytes are read. Sizes in bytes."""

    file_size: int = 512 * 2**20
    unpacked_size: int = 1024 * 2**20  # everything one input unpacks to
    entries: int = 10_000  # subjects one input may hold
    ratio: int = 200  # inflated over deflated, beyond the first 8 MiB
    nesting: int = 12  # containers inside containers
    mail_nesting: int = 60  # MIME parts inside parts
    xml_depth: int = 256
    fhir_size: int = 64 * 2**20  # of one resource, which takes thirty times its size in memory
    header_elements: int = 10_000  # of a CDA; the largest official example has 1 090


@dataclass(eq=False, slots=True)
class Subject:
    """A thing to judge.

    `id` says where it lies (`lot.eml!/IHE_XDM.ZIP!/IHE_XDM/SUBSET01/DOC0001.XML`); `name` is its last step.
    `view` is an element tree that the rules read: the ClinicalDocument itself for a CDA, a projection for
    other kinds (see `subjects.xds`, `subjects.xdm`, `subjects.mail`, `subjects.pdf`); None if unreadable.
    `origin` maps elements of a projection to the source element they stand for, `lines` to a line number.
    """

    id: str
    name: str
    kind: Kind
    data: bytes
    parent: "Subject | None" = None
    children: "list[Subject]" = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)
    view: Element | None = None
    origin: dict[Element, Element] = field(default_factory=dict)
    lines: dict[Element, int] = field(default_factory=dict)
    tag_places: "array[int] | None" = None  # filled by `subjects.positions` when a place is asked for
    sha256: str = ""

    def __post_init__(self) -> None:
        self.sha256 = hashlib.sha256(self.data).hexdigest()

    @property
    def size(self) -> int:
        return len(self.data)

    def walk(self) -> "Iterator[Subject]":
        """This subject, then everything inside it, depth first."""
        stack = [self]
        while stack:
            subject = stack.pop()
            yield subject
            stack.extend(reversed(subject.children))

    def ancestors(self) -> "Iterator[Subject]":
        subject = self.parent
        while subject is not None:
            yield subject
            subject = subject.parent

    @property
    def received(self) -> bool:
        """Whether it is another software's document, that an integration report speaks of."""
        return any(around.kind == "integration" for around in self.ancestors())

    def add(self, code: str, location: Location | None = None, /, **values: str) -> None:
        """Record a defect of these bytes."""
        self.defects.append(Defect(code, values, location or Location()))
