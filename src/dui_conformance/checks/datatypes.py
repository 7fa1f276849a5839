"""HL7 v3 data types of the CDA header that XPath cannot judge: identifiers, codes, addresses, declared types.

Clauses: CI-SIS Structuration minimale 1.16 and its header profile (types II, CE, CD, AD, xsi:type).
"""

import re
from collections.abc import Hashable, Iterable
from typing import TypeVar

from dui_conformance.checks.dates import moment
from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict, check, failed

T = TypeVar("T", bound=Hashable)

_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

# A zone of one or three digits, which the schema of the CDA admits and the definition of TS does not.
_TRUNCATED_ZONE = re.compile(r"([0-9.]+)([+-](?:[0-9]|[0-9]{3}))")

_TYPES = {
    "addr": "AD",
    "telecom": "TEL",
    "low": "IVXB_TS",
    "high": "IVXB_TS",
    "birthTime": "TS",
    "title": "ST",
    "versionNumber": "INT",
    "realmCode": "CS",
    "languageCode": "CS",
    "signatureCode": "CS",
    "statusCode": "CS",
    "translation": "CD",
    "qualifier": "CR",
    "originalText": "ED",
} | dict.fromkeys(("id", "templateId", "setId", "accessionNumber"), "II")
_CODED = frozenset(
    (
        "code",
        "functionCode",
        "confidentialityCode",
        "administrativeGenderCode",
        "standardIndustryClassCode",
        "dischargeDispositionCode",
    )
)
_INSTANTS = frozenset(("ClinicalDocument", "author", "dataEnterer", "legalAuthenticator", "authenticator"))
_PERIODS = frozenset(("participant", "performer", "encounterParticipant", "serviceEvent", "encompassingEncounter"))


def is_oid(oid: str) -> Verdict:
    """An OID: digits and dots, no leading zero in an arc (type CD, @codeSystem)."""
    return check(_OID.fullmatch(oid) is not None)


def root_is_oid_or_uuid(root: str) -> Verdict:
    """The root of an identifier is an OID or a UUID (type II)."""
    return check(_OID.fullmatch(root) is not None or _UUID.fullmatch(root) is not None)


def date_exists(value: str) -> Verdict:
    """The timestamp is well formed and in the calendar, whatever the length of its zone (type TS)."""
    truncated = _TRUNCATED_ZONE.fullmatch(value)
    return check(moment(truncated[1] if truncated else value) is not None)


def zone_is_complete(value: str) -> Verdict:
    """The zone is written with two or four digits (HL7 v3 data types R1, TS: +ZZzz)."""
    truncated = _TRUNCATED_ZONE.fullmatch(value)
    return PASSED if truncated is None else failed(zone=truncated[2])


def identifiers_differ(roots: tuple[str, ...], extensions: tuple[str, ...], bare: tuple[str, ...]) -> Verdict:
    """No identifier comes twice among siblings (type II, RIM-002).

    `roots` and `extensions` go in pairs; `bare` are the roots of identifiers without extension, which are the
    same as any other of that root.
    """
    twice = _first_twice([*zip(roots, extensions, strict=False)]) or _first_twice([(root, "") for root in bare])
    if twice is None:
        named = set(roots)
        twice = next(((root, "") for root in bare if root in named), None)
    return PASSED if twice is None else failed(root=twice[0])


def codes_differ(codes: tuple[str, ...], systems: tuple[str, ...]) -> Verdict:
    """No code comes twice among the translations of one (types CE and CD, RIM-002)."""
    twice = _first_twice(zip(codes, systems, strict=False))
    return PASSED if twice is None else failed(code=twice[0])


def addresses_differ(used: tuple[str, ...], uses: tuple[str, ...], unused: tuple[str, ...]) -> Verdict:
    """No address comes twice among siblings, for the same use (type AD, RIM-002).

    `used` and `uses` go in pairs: the text of an address and its use; `unused` are addresses without use.
    """
    texts = [(" ".join(text.split()), use) for text, use in zip(used, uses, strict=False)]
    texts += [(" ".join(text.split()), "") for text in unused]
    written = [text for text in texts if text[0]]  # null addresses have no text
    return check(_first_twice(written) is None)


def declared_type_is_expected(declared: str, name: str, owner: str) -> Verdict:
    """An xsi:type says the type that its element has in the CI-SIS header."""
    expected = _expected_type(name, owner)
    if not expected:
        return NOT_APPLICABLE
    return check(declared.rpartition(":")[2].strip() == expected, expected=expected)


def _expected_type(name: str, owner: str) -> str:
    if name in ("time", "effectiveTime"):
        return "TS" if owner in _INSTANTS else "IVL_TS" if owner in _PERIODS else ""
    if name in _CODED:
        return "CE"
    if name == "name":
        return "ON" if owner.endswith("Organization") else ""
    return _TYPES.get(name, "")


def _first_twice(items: Iterable[T]) -> T | None:
    seen: set[T] = set()
    for item in items:
        if item in seen:
            return item
        seen.add(item)
    return None
