"""Files that a structured CDA embeds and that rules look at: the PDF copy of a prescription, the picture of its code.

They lie in `observationMedia/value`, in base64: FR-Document-PDF-copie (1.2.250.1.213.1.1.2.243) and FR-Code-a-barres
(1.2.250.1.213.1.1.2.223) of eP-MED-DM. What is not base64 is passed over: the rules on these sections say so.
"""

import binascii
import re
from collections.abc import Iterator
from typing import Literal

from dui_conformance.subjects.model import Element

_HL7 = "{urn:hl7-org:v3}"
_SECTIONS: dict[str, Literal["pdf", "picture"]] = {
    "1.2.250.1.213.1.1.2.243": "pdf",
    "1.2.250.1.213.1.1.2.223": "picture",
}
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8")
_BLANKS = re.compile(r"\s+")
_MOST = 8  # of one document
_EP_MED_DM = "1.2.250.1.213.1.1.1.39"


def files_of(document: Element) -> Iterator[tuple[Literal["pdf", "picture"], bytes]]:
    """What a prescription embeds, in its order: PDF copies and pictures of codes that are what they should be.

    Copies of other documents are left alone: no rule compares them with anything.
    """
    if document.find(f"{_HL7}templateId[@root='{_EP_MED_DM}']") is None:
        return
    count = 0
    for section in document.iterfind(f"{_HL7}component/{_HL7}structuredBody/{_HL7}component/{_HL7}section"):
        roots = {template.get("root", "") for template in section.iterfind(f"{_HL7}templateId")}
        wanted = next((_SECTIONS[root] for root in _SECTIONS if root in roots), None)
        if wanted is None:
            continue
        for media in section.iter(f"{_HL7}observationMedia"):
            data = _decoded(media.find(f"{_HL7}value"))
            fits = b"%PDF-" in data[:1024] if wanted == "pdf" else data.startswith(_PICTURES)
            if fits and count < _MOST:
                count += 1
                yield wanted, data


def _decoded(value: Element | None) -> bytes:
    if value is None or value.get("representation") != "B64":
        return b""
    try:
        return binascii.a2b_base64(_BLANKS.sub("", value.text or "").encode("ascii"), strict_mode=True)
    except (binascii.Error, ValueError):
        return b""
