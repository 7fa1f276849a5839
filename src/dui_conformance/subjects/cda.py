"""Finding the ClinicalDocument and what a level 1 body carries."""

import binascii
import re

from lxml import etree

from dui_conformance.subjects.model import Element

HL7 = "urn:hl7-org:v3"
_CLINICAL_DOCUMENT = f"{{{HL7}}}ClinicalDocument"
_STYLESHEET = "{http://www.w3.org/1999/XSL/Transform}stylesheet"
_TRANSFORM = "{http://www.w3.org/1999/XSL/Transform}transform"
_BLANKS = re.compile(r"\s+")


def document_of(root: Element) -> Element | None:
    """The ClinicalDocument: the root, or inside the root stylesheet of a self-presenting document."""
    if root.tag == _CLINICAL_DOCUMENT:
        return root
    if root.tag in (_STYLESHEET, _TRANSFORM):
        return next(root.iter(_CLINICAL_DOCUMENT), None)
    if isinstance(root.tag, str) and etree.QName(root).localname == "ClinicalDocument":
        return root  # of another namespace: a rule says so
    return None


def header_size(document: Element) -> int:
    """How many elements the header has: what stands beside the body."""
    return sum(1 for child in document if child.tag != f"{{{HL7}}}component" for _ in child.iter("*"))


def code_of(document: Element) -> str:
    """The code that says what document it is."""
    code = document.find(f"{{{HL7}}}code")
    return "" if code is None else code.get("code", "")


def body_text(document: Element) -> Element | None:
    """The `text` of a level 1 body."""
    return document.find(f"{{{HL7}}}component/{{{HL7}}}nonXMLBody/{{{HL7}}}text")


def decoded_body(text: Element) -> bytes | None:
    """The bytes of a base64 level 1 body; None if it is not base64."""
    compact = _BLANKS.sub("", text.text or "")
    try:
        return binascii.a2b_base64(compact.encode("ascii"), strict_mode=True)
    except (binascii.Error, ValueError):
        return None
