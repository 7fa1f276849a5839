"""Personal values: found in subjects, marked in texts, masked or shown at the very end."""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable

from dui_conformance.subjects.model import Element, Subject
from dui_conformance.text import personal, plain

_HL7 = "urn:hl7-org:v3"
_SHOWN_ATTRIBUTES = frozenset(
    "root code codeSystem codeSystemName codeSystemVersion displayName nullFlavor use qualifier typeCode classCode "
    "moodCode unit mediaType representation assigningAuthorityName contextControlCode inversionInd "
    "associationType objectType mimeType status name nodeRepresentation classificationScheme "
    "identificationScheme type disposition charset encoding role dir encrypted version pages pdfa_part "
    "pdfa_conformance scheme display flavour patient operator".split()
)
_SHORT = 3  # shorter values would mask half of any text
_EXCERPT = 240


def values_of(subject: Subject) -> set[str]:
    """The personal values that a subject holds: names, identifiers, dates of birth, addresses, telecoms."""
    view = subject.view
    if view is None:
        return set()
    if subject.kind == "cda":
        return set(_cda_values(view))
    if subject.kind == "xds":
        return set(_xds_values(view))
    if subject.kind == "mail":
        return {a.get(name, "") for a in view.iter("address") for name in ("local", "name")}
    return set()


def _cda_values(document: Element) -> Iterable[str]:
    for child in document:
        if not isinstance(child.tag, str) or child.tag == f"{{{_HL7}}}component":
            continue
        for element in child.iter("{*}given", "{*}family", "{*}streetAddressLine", "{*}telecom", "{*}streetName"):
            yield from (element.text or "", element.get("value", ""))
        for element in child.iter("{*}name"):
            yield element.text or ""
    role = document.find(f"{{{_HL7}}}recordTarget/{{{_HL7}}}patientRole")
    if role is not None:
        yield from (element.get("extension", "") for element in role.iter(f"{{{_HL7}}}id"))
        for element in role.iter(f"{{{_HL7}}}birthTime"):
            date = element.get("value", "")[:8]
            yield date
            if len(date) == 8:
                yield f"{date[6:]}/{date[4:6]}/{date[:4]}"
                yield f"{date[:4]}-{date[4:6]}-{date[6:]}"


def _xds_values(view: Element) -> Iterable[str]:
    for element in view.iter("authorPerson"):
        yield from (element.text or "").split("^")[:3]
    for element in view.iter("patientId"):
        yield element.get("value", "").split("^")[0]
    for slot in view.iter("slot"):
        if slot.get("name") in ("sourcePatientId", "sourcePatientInfo", "legalAuthenticator"):
            for value in slot.iter("value"):
                text = (value.text or "").rsplit("|", 1)[-1]
                yield from (part for part in text.split("^") if part and "&" not in part)


def folded(value: str) -> str:
    """Lower case without accents, so that DUPONT in a file name is the Dupont of the header."""
    decomposed = unicodedata.normalize("NFKD", value)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


class Scrubber:
    """Marks known personal values wherever they stand in a text, whatever their case and accents."""

    def __init__(self, values: Iterable[str]) -> None:
        words = sorted({folded(plain(v).strip()) for v in values if len(v.strip()) >= _SHORT}, key=len, reverse=True)
        words = [word for word in words if not word.isascii() or not word.isalpha() or len(word) >= _SHORT]
        self._pattern = re.compile("|".join(map(re.escape, words))) if words else None

    def __call__(self, text: str) -> str:
        if self._pattern is None or "\ue000" in text:
            return text
        flat = folded(text)
        if len(flat) != len(text):  # folding changed offsets: compare without the help of accents
            flat = text.casefold() if len(text.casefold()) == len(text) else text
        out, at = [], 0
        for match in self._pattern.finditer(flat):
            out += [text[at : match.start()], personal(text[match.start() : match.end()])]
            at = match.end()
        return "".join([*out, text[at:]])


def excerpt(node: Element | None, attribute: str = "") -> str:
    """The start tag of an element, its values marked as personal unless they are known not to be."""
    if node is None or not isinstance(node.tag, str):
        return ""
    parts = []
    for name, value in node.attrib.items():
        local = str(name).rsplit("}", 1)[-1]
        shown = plain(str(value))[:_EXCERPT]
        parts.append(f'{local}="{shown if local in _SHOWN_ATTRIBUTES else personal(shown)}"')
    text = " ".join((node.text or "").split())[:_EXCERPT]
    head = " ".join([node.tag.rsplit("}", 1)[-1], *parts])
    name = node.tag.rsplit("}", 1)[-1]
    return f"<{head}>{personal(text)}</{name}>" if text else f"<{head}/>"


class Tokens:
    """Stands for personal values: the same value has the same token within a run.

    The key is drawn from the judged bytes themselves (their digests under a key of their own, never published),
    so that a run gives the same report each time and nobody without the inputs can try values out.
    """

    def __init__(self, secrets: Iterable[bytes]) -> None:
        self._key = hashlib.blake2b(b"".join(sorted(secrets)), person=b"dui-conf-tokens").digest()

    def mask(self, value: str) -> str:
        token = hmac.new(self._key, value.encode(), hashlib.sha256).hexdigest()[:6]
        return f"‹{token}›"


def secret_of(data: bytes) -> bytes:
    """A digest of bytes that cannot be had from their published SHA-256."""
    return hashlib.blake2b(data, digest_size=16, person=b"dui-conf-secret").digest()
