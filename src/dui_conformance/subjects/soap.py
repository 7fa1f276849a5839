"""SOAP envelopes (1.1 and 1.2) of recorded exchanges: their projection, and the XDS request and documents inside.

The documents of an ITI-41 request are `xds:Document` elements, in base64 or by XOP (`xop:Include href="cid:…"`), each
with the id of the ExtrinsicObject that describes it (ITI TF-2 §3.41; dmp-mssante A.2).
"""

import binascii
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from dui_conformance.subjects import projections, xds
from dui_conformance.subjects.model import Element

_ENVELOPES = (
    "{http://www.w3.org/2003/05/soap-envelope}Envelope",
    "{http://schemas.xmlsoap.org/soap/envelope/}Envelope",
)
_DOCUMENT = f"{{{xds.XDS}}}Document"
_INCLUDE = "{http://www.w3.org/2004/08/xop/include}Include"
_BLANKS = re.compile(r"\s+")
_SIZE = 64 << 20


@dataclass(frozen=True, slots=True)
class Envelope:
    """`request`: the SubmitObjectsRequest, if there is one; `documents`: id of the ExtrinsicObject → where the view
    shows it, and its bytes. `file` begins the names of what is inside."""

    file: str
    request: Element | None
    documents: Mapping[str, tuple[Element, bytes]]


def envelope_of(
    element: Element, root: Element, file: str, parts: Mapping[str, tuple[Element, bytes]]
) -> Envelope | None:
    """Append the projection `<envelope>` of a SOAP message; None if it is not one.

    `parts`: the parts of an XOP package by their Content-ID. A Document of the projection says what it leads to:
    `@part` (its number), or `@dangling` when no part has that id.
    """
    if root.tag not in _ENVELOPES:
        return None
    known = projections.put_xml(element, root, "envelope")
    request = next(root.iter(f"{{{xds.LCM}}}SubmitObjectsRequest"), None)
    documents: dict[str, tuple[Element, bytes]] = {}
    for document in root.iter(_DOCUMENT):
        shown = known.get(document)
        if shown is None:
            continue
        include = document.find(_INCLUDE)
        name = document.get("id", "")
        if include is None:
            content = _decoded(document.text or "")
            if content is None:
                shown.set("damaged", "true")
            else:
                documents.setdefault(name, (shown, content))
            continue
        href = urllib.parse.unquote(include.get("href", "").removeprefix("cid:"))
        if href in parts:
            part, content = parts[href]
            shown.set("part", part.get("n", ""))
            documents.setdefault(name, (part, content))
        else:
            shown.set("dangling", "true")
    return Envelope(file, request, documents)


def _decoded(text: str) -> bytes | None:
    if len(text) > _SIZE:
        return None
    try:
        return binascii.a2b_base64(_BLANKS.sub("", text).encode("ascii"), strict_mode=True)
    except (binascii.Error, ValueError):
        return None


def bytes_of(request: Element) -> bytes:
    """The SubmitObjectsRequest as a document of its own."""
    return etree.tostring(request, xml_declaration=True, encoding="UTF-8", with_tail=False)
