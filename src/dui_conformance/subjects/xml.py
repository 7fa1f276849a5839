"""The safe door for XML: no DTD, no entity, no network, bounded depth."""

import re
from dataclasses import dataclass

from lxml import etree

from dui_conformance.subjects.model import Budget, Defect, Element, Location

_BLANK = b" \t\r\n"
_ENCODINGS = re.compile(r"utf-?8|utf-?16(le|be)?|us-ascii|ascii|iso[-_]?8859-\d+|latin-?\d|windows-125\d|cp125\d", re.I)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_OTHER_HEADS = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff", b"<\x00\x00\x00", b"\x00\x00\x00<", b"Lo\xa7\x94")
_MARKS = 4_000_000  # of "<" and "=": tags and attributes, which take a hundred times their size in memory
_HUGE_TEXT = 9_000_000  # libxml2 refuses a text of 10 MB unless told otherwise; below this it never comes to that
_CAUSES = {
    etree.ErrorTypes.ERR_DOCUMENT_EMPTY: "xml.empty",
    etree.ErrorTypes.ERR_DOCUMENT_END: "xml.trailing",
    etree.ErrorTypes.ERR_TAG_NOT_FINISHED: "xml.truncated",
    etree.ErrorTypes.ERR_GT_REQUIRED: "xml.truncated",
    etree.ErrorTypes.ERR_LT_IN_ATTRIBUTE: "xml.attribute",
    etree.ErrorTypes.ERR_ATTRIBUTE_NOT_FINISHED: "xml.truncated",
    etree.ErrorTypes.ERR_ATTRIBUTE_NOT_STARTED: "xml.attribute",
    etree.ErrorTypes.ERR_ATTRIBUTE_REDEFINED: "xml.attribute",
    etree.ErrorTypes.ERR_COMMENT_NOT_FINISHED: "xml.truncated",
    etree.ErrorTypes.ERR_CDATA_NOT_FINISHED: "xml.truncated",
    etree.ErrorTypes.ERR_TAG_NAME_MISMATCH: "xml.mismatch",
    etree.ErrorTypes.ERR_UNDECLARED_ENTITY: "xml.entity",
    etree.ErrorTypes.WAR_UNDECLARED_ENTITY: "xml.entity",
    etree.ErrorTypes.ERR_ENTITY_LOOP: "xml.entity",
    etree.ErrorTypes.ERR_ENTITYREF_SEMICOL_MISSING: "xml.entity",
    etree.ErrorTypes.ERR_ENTITYREF_NO_NAME: "xml.entity",
    etree.ErrorTypes.ERR_INVALID_CHAR: "xml.character",
    etree.ErrorTypes.ERR_INVALID_CHARREF: "xml.character",
    etree.ErrorTypes.ERR_INVALID_ENCODING: "xml.encoding",
    etree.ErrorTypes.ERR_UNKNOWN_ENCODING: "xml.encoding",
    etree.ErrorTypes.ERR_UNSUPPORTED_ENCODING: "xml.encoding",
    etree.ErrorTypes.I18N_CONV_FAILED: "xml.encoding",
    etree.ErrorTypes.NS_ERR_UNDEFINED_NAMESPACE: "xml.namespace",
    etree.ErrorTypes.ERR_RESERVED_XML_NAME: "xml.late_declaration",
    etree.ErrorTypes.ERR_NO_MEMORY: "xml.too_deep",
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """`root` is None when the bytes could not be read, and then `defects` says why."""

    root: Element | None
    defects: tuple[Defect, ...] = ()


def looks_like_xml(data: bytes) -> bool:
    """Whether the first significant character opens a tag, whatever the Unicode encoding."""
    wide = _wide(data)
    if wide:
        return data[:8192].decode(wide, "ignore").lstrip("\ufeff \t\r\n")[:1] == "<"
    head = data[3:] if data[:3] == b"\xef\xbb\xbf" else data
    return head[:4096].lstrip(_BLANK)[:1] == b"<"


def parse(data: bytes, budget: Budget, *, forgive_leading_blanks: bool = False) -> Parsed:
    """Parse bytes that claim to be XML.

    `forgive_leading_blanks`: drop blanks before the document (official XDM metadata begin with some).
    Never raises: whatever is wrong comes back as a defect with its line and column.
    """
    defects = []
    if data[:3] == b"\xef\xbb\xbf":
        defects.append(Defect("xml.bom", {}, Location(1, 1)))
    if forgive_leading_blanks:
        data = data.removeprefix(b"\xef\xbb\xbf").lstrip(_BLANK)
    encoding = "UTF-32, EBCDIC" if data[:4] in _OTHER_HEADS else declared_encoding(data)
    if _ENCODINGS.fullmatch(encoding) is None:
        # libxml2 knows encodings (UTF-7, EBCDIC…) in which a DTD would not be seen below
        defects.append(Defect("xml.encoding", {"encoding": encoding}, Location(1, 1)))
        return Parsed(None, tuple(defects))
    wide = _wide(data)
    prolog = data.decode(wide, "ignore").encode() if wide else data
    doctype = _doctype_at(prolog)
    if doctype is not None:
        line = prolog.count(b"\n", 0, doctype) + 1
        column = doctype - prolog.rfind(b"\n", 0, doctype)
        defects.append(Defect("xml.dtd", {}, Location(line, column)))
        return Parsed(None, tuple(defects))
    if len(data) > _MARKS and data.count(b"<") + data.count(b"=") > _MARKS:
        defects.append(Defect("xml.too_many", {"limit": str(_MARKS)}))
        return Parsed(None, tuple(defects))
    huge = len(data) > _HUGE_TEXT
    if huge and _deeper_than(data, budget.xml_depth):
        defects.append(Defect("xml.too_deep", {"limit": str(budget.xml_depth)}))
        return Parsed(None, tuple(defects))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=huge, collect_ids=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        defects.append(_cause(error, data))
        return Parsed(None, tuple(defects))
    except ValueError:  # a NUL byte, or an encoding lxml refuses to look at
        defects.append(Defect("xml.encoding", {"encoding": declared_encoding(data)}, Location(1, 1)))
        return Parsed(None, tuple(defects))
    docinfo = root.getroottree().docinfo
    if docinfo.internalDTD is not None:
        defects.append(Defect("xml.dtd", {}, Location(1, 1)))
        return Parsed(None, tuple(defects))
    return Parsed(root, tuple(defects))


_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_safe(text: str) -> str:
    """The text without what XML cannot hold (controls, lone surrogates)."""
    return _FORBIDDEN.sub("\ufffd", text)


def root_name(data: bytes) -> str:
    """The local name of the first element tag, read from bytes that may not parse; empty if there is none."""
    head = data[:65536]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.decode("utf-16", "ignore").encode()
    for tag in re.finditer(rb"<([A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)", head):
        return tag[2].decode("ascii", "ignore")
    return ""


def declared_encoding(data: bytes) -> str:
    """The encoding the XML declaration names, UTF-8 if it names none (UTF-16 if the bytes show it)."""
    wide = _wide(data)
    if wide:
        data = data[:800].decode(wide, "ignore").encode()
    declaration = re.match(rb"[\xef\xbb\xbf\s]*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.-]{1,40})", data[:400])
    if declaration:
        return declaration[1].decode("ascii", "ignore")
    return "UTF-16" if wide else "UTF-8"


def _wide(data: bytes) -> str:
    """The codec of UTF-16 bytes, with or without a byte order mark; empty for other encodings."""
    head = data[:4]
    if head[:2] == b"\xff\xfe" or re.fullmatch(rb"[<\s]\x00[^\x00]\x00", head):
        return "utf-16-le"
    if head[:2] == b"\xfe\xff" or re.fullmatch(rb"\x00[<\s]\x00[^\x00]", head):
        return "utf-16-be"
    return ""


def _doctype_at(data: bytes) -> int | None:
    """The offset of a DOCTYPE in the prolog, or None. One pass, no backtracking.

    Reads single-byte compatible encodings; in UTF-16 the parser's own report (docinfo) serves.
    """
    at, end = 0, len(data)
    if data[:3] == b"\xef\xbb\xbf":
        at = 3
    while at < end:
        if data[at] in _BLANK:
            at += 1
        elif data.startswith(b"<?", at):
            close = data.find(b"?>", at)
            if close < 0:
                return None
            at = close + 2
        elif data.startswith(b"<!--", at):
            close = data.find(b"-->", at)
            if close < 0:
                return None
            at = close + 3
        else:
            return at if data[at : at + 9].upper() == b"<!DOCTYPE" else None
    return None


def _deeper_than(data: bytes, limit: int) -> bool:
    """Whether elements nest deeper than `limit`. Needed only where libxml2's own limit is lifted."""
    from xml.parsers import expat

    parser = expat.ParserCreate()
    depth = 0

    class _TooDeep(Exception):
        pass

    def start(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > limit:
            raise _TooDeep

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(data, True)
    except _TooDeep:
        return True
    except (expat.ExpatError, ValueError, LookupError):
        return False  # not well-formed: libxml2 will say so with a better place
    return False


def _unfinished(line: int | None, column: int | None, data: bytes) -> bool:
    """Whether no tag ends at or after a place: the parser then wanted more bytes than there are."""
    if line is None or column is None or _wide(data) or line != data.count(b"\n") + 1:
        return False
    last = data[data.rfind(b"\n") + 1 :].decode("utf-8", "replace")
    return ">" not in last[column - 1 :]


def _cause(error: etree.XMLSyntaxError, data: bytes) -> Defect:
    line, column = error.position if error.lineno else (None, None)
    where = Location(line, max(column, 1) if column is not None else None)
    message = error.msg or ""
    if "Excessive depth" in message:
        return Defect("xml.too_deep", {"limit": "256"}, where)
    code = _CAUSES.get(error.code, "xml.malformed")  # type: ignore[attr-defined]
    if _wide(data) and data[:2] not in _UTF16_MARKS:  # XML 1.0 §4.3.3 wants the mark
        code = "xml.encoding"
    elif "EntityRef" in message:
        code = "xml.entity"
    elif "CharRef" in message:
        code = "xml.character"
    elif "not proper UTF-8" in message or "conversion failed" in message or "encoding" in message.lower():
        code = "xml.encoding"
    elif "Extra content" in message:
        code = "xml.trailing"
    elif "Premature end" in message or "Couldn't find end" in message or "EndTag: '</' not found" in message:
        code = "xml.truncated"
    if code not in ("xml.mismatch", "xml.empty", "xml.trailing", "xml.too_deep") and _unfinished(line, column, data):
        code = "xml.truncated"
    if code == "xml.mismatch":
        tags = re.search(r"mismatch: ([\w:.-]{1,80}) line (\d+) and ([\w:.-]{1,80})", message)
        if tags:
            return Defect(code, {"opened": tags[1], "line": tags[2], "closed": tags[3]}, where)
        return Defect("xml.malformed", {}, where)
    if code == "xml.encoding":
        return Defect(code, {"encoding": declared_encoding(data)}, where)
    return Defect(code, {}, where)
