"""The door for HL7 v2: files, MLLP blocks and batches, as a tree; the documents that messages carry.

The view, in no namespace:

    <hl7v2 framing="file|mllp" messages="1">
      <segment name="FHS|BHS|BTS|FTS" …>                     of a batch, with its fields
      <message type="MDM" trigger="T02" structure="MDM_T02" id="MSH-10" version="MSH-12.1" charset="MSH-18"
               profile="MSH-21.2" profile_version="MSH-21.1" carries="cda" subject="id of the first document">
        <segment name="OBX" index="7" rank="1" kind="cda" subject="id of the document">
          <field n="5" text="as written, if short">
            <repetition>
              <component n="2">text</component>
              <component n="9"><subcomponent n="2">1.2.250…</subcomponent></component>
            </repetition>
          </field>
          <segment name="PRT" …/>                            PRT and NTE lie in the OBX, OBR or ORC they follow
        </segment>
      </message>
    </hl7v2>

`index` counts segments of the message from 1, `rank` those of one name. Fields, repetitions and components that are
empty are not there, and neither is the data of an ED that is a document: that is a subject of its own. `kind` of an OBX
says what its data is: the kind of that subject, `text` for a plain text, `none` where it cannot be decoded. Values are
free of escape sequences.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lxml import etree

from dui_conformance.subjects import er7, sniff
from dui_conformance.subjects.model import Element, Location, Subject
from dui_conformance.subjects.xml import xml_safe

SEGMENTS = 20_000  # of one input; a message has some twenty
_VALUES = 400_000  # fields, repetitions, components and sub-components of one input
_SHORT = 250  # characters of a field that are also given as written
_TOLD = 50  # defects of one kind that are told
_HOLDERS = ("OBX", "OBR", "ORC", "TXA")
_HELD = ("PRT", "NTE")
_TRAILERS = ("BTS", "FTS")
_BOUNDS = ("FHS", "BHS", *_TRAILERS, "MSH")
_BLANKS = re.compile(r"\s+")

Open = Callable[[str, bytes], Subject]


@dataclass(slots=True)
class _Message:
    """A message that is being read."""

    element: Element
    marks: er7.Delimiters
    codec: str
    ranks: dict[str, int] = field(default_factory=dict)
    index: int = 0
    holder: Element | None = None


def read(subject: Subject, opened: Open) -> None:
    """Give a subject its view, its defects and its lines; `opened` makes a child of a document taken out."""
    _Reader(subject, opened).read()


class _Reader:
    def __init__(self, subject: Subject, opened: Open) -> None:
        self.subject = subject
        self.opened = opened
        self.view = etree.Element("hl7v2")
        self.left = _VALUES
        self.told: dict[str, int] = {}
        self.batch = (er7.Delimiters("|", "^", "~", "\\", "&"), "utf-8")  # of the last header of a batch

    def read(self) -> None:
        found = er7.split(self.subject.data, SEGMENTS)
        self.view.set("framing", "mllp" if found.framed else "file")
        for problem in found.problems:
            self._tell(problem.code, problem.line, **problem.values)
        if len(found.lines) > SEGMENTS:
            self._tell("hl7v2.too_large", SEGMENTS, limit=str(SEGMENTS))
            return
        number = 0
        for block in _blocks(found.lines):
            first = block[0]
            if er7.is_header(first):
                number += first.data.startswith(b"MSH")
                self._block(block, number)
            elif first.name in _TRAILERS:
                self._segment(_Message(self.view, *self.batch), first)
                if len(block) > 1:
                    self._tell("hl7v2.no_header", block[1].number)
            else:
                self._tell("hl7v2.no_header", first.number)
            if self.left < 0:
                self._tell("hl7v2.too_large", first.number, limit=str(_VALUES))
                self.subject.lines.clear()
                return
        if not number:
            self._tell("hl7v2.no_message", 1)
        self.view.set("messages", str(number))
        self.subject.view = self.view

    def _tell(self, code: str, line: int, **values: str) -> None:
        self.told[code] = self.told.get(code, 0) + 1
        if self.told[code] <= _TOLD:
            self.subject.add(code, Location(line), **values)

    def _block(self, lines: list[er7.Line], number: int) -> None:
        """One message, or one header or trailer of a batch, each with its own delimiters and character set."""
        header = lines[0]
        whole = b"\r".join(line.data for line in lines)
        declared = er7.declared_charset(header)
        codec, really = er7.read_charset(whole, declared)
        if really:
            self._tell("hl7v2.charset", _first_accent(lines), declared=declared, found=really)
        marks = er7.delimiters(er7.text_of(header.data, codec))
        is_message = header.data.startswith(b"MSH")
        if not is_message:
            self.batch = (marks, codec)
        element = etree.SubElement(self.view, "message") if is_message else self.view
        message = _Message(element, marks, codec)
        for line in lines:
            if er7.is_segment(line):
                self._segment(message, line)
            else:
                self._tell("hl7v2.segment", line.number, found=_start(line.data))
            if self.left < 0:
                return
        if is_message:
            self.subject.lines[element] = header.number
            _describe(element)
            self._documents(message, number)

    def _segment(self, message: _Message, line: er7.Line) -> None:
        text = er7.text_of(line.data, message.codec)
        name = line.name
        message.index += 1
        message.ranks[name] = message.ranks.get(name, 0) + 1
        above = message.holder if name in _HELD and message.holder is not None else message.element
        element = etree.SubElement(above, "segment")
        element.attrib.update({"name": name, "index": str(message.index), "rank": str(message.ranks[name])})
        self.subject.lines[element] = line.number
        if name in _HOLDERS:
            message.holder = element
        elif name not in _HELD:
            message.holder = None
        fields = er7.parts(text, message.marks.field)
        if text[3:4] != message.marks.field and len(text) > 3:
            self._tell("hl7v2.segment", line.number, found=_start(line.data))
            return
        shift = 1 if name in ("MSH", "FHS", "BHS") else 0
        if shift:  # the delimiters are fields 1 and 2, and have no parts
            self._leaf_field(element, 1, message.marks.field)
            self._leaf_field(element, 2, fields[1] if len(fields) > 1 else "")
        for n, written in enumerate(fields[1 + shift :], 1 + 2 * shift):
            if written:
                self._field(message, element, n, written, line.number)
            if self.left < 0:
                return

    def _leaf_field(self, segment: Element, n: int, text: str) -> None:
        if text:
            made = etree.SubElement(segment, "field", n=str(n), text=xml_safe(text[:_SHORT]))
            component = etree.SubElement(etree.SubElement(made, "repetition"), "component", n="1")
            component.text = xml_safe(text[:_SHORT])

    def _field(self, message: _Message, segment: Element, n: int, written: str, line: int) -> None:
        made = etree.SubElement(segment, "field", n=str(n))
        if len(written) <= _SHORT:
            made.set("text", xml_safe(written))
        marks = message.marks
        for repetition in er7.parts(written, marks.repetition):
            self.left -= 1
            if not repetition:
                continue
            place = etree.SubElement(made, "repetition")
            for number, value in enumerate(er7.parts(repetition, marks.component), 1):
                self.left -= 1
                if self.left < 0:
                    return
                if value:
                    component = etree.SubElement(place, "component", n=str(number))
                    self._component(message, component, value, line)

    def _component(self, message: _Message, component: Element, value: str, line: int) -> None:
        mark = message.marks.subcomponent
        if not mark or mark not in value:
            component.text = self._leaf(message, value, line)
            return
        for number, part in enumerate(value.split(mark), 1):
            self.left -= 1
            if self.left < 0:
                return
            if part:
                etree.SubElement(component, "subcomponent", n=str(number)).text = self._leaf(message, part, line)

    def _leaf(self, message: _Message, value: str, line: int) -> str:
        text, wrong = er7.unescaped(value, message.marks, message.codec)
        if wrong:
            self._tell("hl7v2.escape", line, found=wrong)
        return xml_safe(text)

    def _documents(self, message: _Message, number: int) -> None:
        """Take the documents out of the OBX of type ED (encapsulated data)."""
        first: Subject | None = None
        for obx in message.element.iterfind("segment[@name='OBX']"):
            if value(obx, 2) != "ED":
                continue
            data, holder, padded = _data_of(obx)
            if not padded:
                self._tell("hl7v2.padding", self.subject.lines[obx], rank=obx.get("rank", ""))
            if data is None:
                obx.set("kind", "none")
                self._tell("hl7v2.base64", self.subject.lines[obx], rank=obx.get("rank", ""))
                continue
            if holder is None:
                continue
            if _is_text(data):
                obx.set("kind", "text")
                continue
            name = f"OBX-{obx.get('rank')}"
            child = self.opened(name if number == 1 else f"message{number}/{name}", data)
            obx.set("kind", child.kind)
            obx.set("subject", child.id)
            holder.text = ""
            if child.kind == "cda" and first is None:
                first = child
        if first is not None:
            message.element.set("carries", "cda")
            message.element.set("subject", first.id)


def _blocks(lines: list[er7.Line]) -> Iterator[list[er7.Line]]:
    """Messages, and the headers and trailers of batches one by one; what comes before any header, together."""
    block: list[er7.Line] = []
    for line in lines:
        if block and (line.opens or line.name in _BOUNDS):
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def _describe(message: Element) -> None:
    header = message.find("segment[@name='MSH']")
    if header is None:
        return
    kinds = {"type": (9, 1), "trigger": (9, 2), "structure": (9, 3), "id": (10, 1), "version": (12, 1)}
    kinds |= {"charset": (18, 1), "profile_version": (21, 1), "profile": (21, 2)}
    for name, (n, component) in kinds.items():
        found = value(header, n, component).strip()
        if found:
            message.set(name, found)


def value(segment: Element, n: int, component: int = 1) -> str:
    """The text of a component of the first repetition of a field; empty if it is not there."""
    found = segment.find(f"field[@n='{n}']/repetition/component[@n='{component}']")
    return "" if found is None else "".join(map(str, found.itertext()))


def place_of(subject: Subject, node: Element) -> Location:
    """Where an element of the view stands: the line of its segment, and `PID-3.1`, `message[2]/OBX[3]-5`."""
    steps: list[str] = []
    line: int | None = None
    current: Element | None = node
    while current is not None and current.tag not in ("message", "hl7v2"):
        if current.tag == "segment":
            several = current.get("rank", "1") != "1" or current.get("name") == "OBX"
            name = f"{current.get('name')}[{current.get('rank')}]" if several else str(current.get("name"))
            steps = [name + ("-" if steps else "") + ".".join(steps)]
            line = subject.lines.get(current)
            current = next(current.iterancestors("message"), None)
            break
        if current.tag in ("field", "component", "subcomponent"):
            steps.insert(0, str(current.get("n")))
        current = current.getparent()
    if current is not None and current.tag == "message":
        line = line or subject.lines.get(current)
        if subject.view is not None and subject.view.get("messages", "1") != "1":
            number = 1 + sum(1 for _ in current.itersiblings("message", preceding=True))
            steps.insert(0, f"message[{number}]")
    return Location(line, None, "/".join(steps))


def _data_of(obx: Element) -> tuple[bytes | None, Element | None, bool]:
    """OBX-5.5 decoded as OBX-5.4 says, the element that holds it, and whether base64 has its padding.

    No bytes if it is not what OBX-5.4 says. Padding is forgiven: five official examples lack it.
    """
    holder = obx.find("field[@n='5']/repetition/component[@n='5']")
    encoding = value(obx, 5, 4).strip().lower()
    text = "" if holder is None else "".join(map(str, holder.itertext()))
    compact = _BLANKS.sub("", text)
    if not compact or encoding not in ("base64", "hex"):
        return b"", None, True
    missing = -len(compact) % 4 if encoding == "base64" and not compact.endswith("=") else 0
    try:
        data = (
            base64.b64decode(compact + "=" * missing, validate=True) if encoding == "base64" else bytes.fromhex(compact)
        )
    except (binascii.Error, ValueError):
        return None, holder, True
    return data, holder, not missing


def _is_text(data: bytes) -> bool:
    """Whether data is a plain text (the body of a mail) and no document."""
    return sniff.format_of(data) in ("text", "empty")


def _first_accent(lines: list[er7.Line]) -> int:
    return next((line.number for line in lines if not line.data.isascii()), lines[0].number)


def _start(data: bytes) -> str:
    """How a line begins, as far as it cannot be anybody's: its name, or how long it is."""
    head = data[:3].decode("ascii", "replace")
    return head if head.isalnum() and head.isupper() else f"{len(data)} octets"
