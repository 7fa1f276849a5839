"""Line and column of elements. lxml keeps only a line (of the tag's end); a reader wants the tag itself."""

from array import array
from typing import cast
from xml.parsers import expat

from lxml import etree

from dui_conformance.subjects import fhir, hl7v2
from dui_conformance.subjects.model import Element, Location, Subject


def locate(subject: Subject, node: Element | None, attribute: str = "") -> Location:
    """Where an element of the subject's view (or its attribute) stands in the subject's bytes.

    An element of a projection is followed to the source element it stands for.
    """
    if node is None:
        return Location()
    if subject.kind == "hl7v2":
        return hl7v2.place_of(subject, node)
    if node in subject.lines:
        return Location(subject.lines[node], None, path_of(node, attribute))
    if subject.kind in ("fhir", "integration"):
        is_json = subject.data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
        line, column = fhir.position_in_json(subject.data, node) if is_json else _position(subject, node)
        return Location(line, column, fhir.path_of(node))
    source = node
    while source not in subject.origin and subject.origin and source.getparent() is not None:
        source = source.getparent()  # type: ignore[assignment]
    source = subject.origin.get(source, node)
    if subject.kind in ("cda", "xds", "xml"):
        line, column = _position(subject, source)
        return Location(line, column, path_of(source, attribute if source is node else ""))
    return Location(None, None, path_of(node, attribute))


def path_of(node: Element, attribute: str = "") -> str:
    """`/ClinicalDocument/recordTarget/patientRole/id[2]/@extension`: local names, index where siblings share one."""
    steps = []
    current: Element | None = node
    while current is not None and isinstance(current.tag, str):
        name = etree.QName(current).localname
        parent = current.getparent()
        if parent is not None:
            before = sum(1 for _ in current.itersiblings(current.tag, preceding=True))
            if before or next(current.itersiblings(current.tag), None) is not None:
                name += f"[{before + 1}]"
        steps.append(name)
        current = parent
    path = "/" + "/".join(reversed(steps))
    return f"{path}/@{attribute}" if attribute else path


_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_RANK = etree.XPath("count(preceding::*) + count(ancestor::*)")


def _position(subject: Subject, node: Element) -> tuple[int | None, int | None]:
    """Expat knows where each tag begins. One more parse, that only subjects with findings pay for, once."""
    if subject.tag_places is None:
        subject.tag_places = _tag_places(subject.data)
    rank = int(cast(float, _RANK(node)))
    if 2 * rank + 1 < len(subject.tag_places):
        return subject.tag_places[2 * rank], subject.tag_places[2 * rank + 1]
    return cast("int | None", node.sourceline), None


def _tag_places(data: bytes) -> "array[int]":
    """Line and column of each start tag in document order, flat; shorter if expat gives up midway."""
    places = array("L")
    body = data.removeprefix(_UTF8_MARK).lstrip(b" \t\r\n")  # as the door for metadata forgives them
    before = data[: len(data) - len(body)].removeprefix(_UTF8_MARK)
    skipped = before.count(b"\n")
    # what stands before the first line's tags: the blanks left out, less the mark that expat counts in UTF-16
    shift = len(before) - before.rfind(b"\n") - 1 - (body[:2] in _UTF16_MARKS)
    parser = expat.ParserCreate()

    def start(_name: str, _attributes: dict[str, str]) -> None:
        line = parser.CurrentLineNumber
        places.append(line + skipped)
        places.append(parser.CurrentColumnNumber + 1 + (shift if line == 1 else 0))

    parser.StartElementHandler = start
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError):
        pass  # what was read so far is right; libxml2 read the rest and its line will do
    return places
