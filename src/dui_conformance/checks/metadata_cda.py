"""XDS metadata against the CDA document they describe.

Clauses: annex « Lien entre l'en-tête CDA et les métadonnées XDS » (ANS); each equality measured on the 107 CDA
documents of the official archives (dmp-mssante A.4, A.7, A.13, I.7).
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, timezone

from dui_conformance.checks import dates
from dui_conformance.checks.verdict import NOT_APPLICABLE, Verdict, check

_TIME = re.compile(r"[0-9]{14}")
_TO_THE_HOUR = 4  # parts of a moment: year, month, day, hour
_UNKNOWN_SEX = ("U", "O", "UN")
_IHE_PDF = "urn:ihe:iti:xds-sd:pdf:2008"
_FORMAT_OF_MEDIA = {
    "application/pdf": _IHE_PDF,
    "text/plain": "urn:ihe:iti:xds-sd:text:2008",
    "text/rtf": "urn:ihe:iti-fr:xds-sd:rtf:2010",
    "image/jpeg": "urn:ihe:iti-fr:xds-sd:jpeg:2010",
    "image/tiff": "urn:ihe:iti-fr:xds-sd:tiff:2010",
}


def is_the_same(found: str, expected: str) -> Verdict:
    """Both say the same, blanks apart."""
    return check(" ".join(found.split()) == " ".join(expected.split()), found=found, expected=expected)


def unique_id_is_that_of_document(unique_id: str, root: str, extension: str) -> Verdict:
    """uniqueId is ClinicalDocument/id: its root, or root^extension (DMP-UNIQUEID-CDA)."""
    expected = f"{root}^{extension}" if extension else root
    return check(unique_id == expected, found=unique_id, expected=expected)


def time_is_that_of_document(time: str, written: str) -> Verdict:
    """A time of the metadata is that of the document turned into UTC (DMP-CREATIONTIME-UTC, DMP-SERVICETIME).

    A time of the document without zone cannot be compared: where it was written nobody knows.
    """
    read = dates.moment(written)
    if _TIME.fullmatch(time) is None or read is None or read.zone is None or read.parts < _TO_THE_HOUR:
        return NOT_APPLICABLE
    try:
        instant = read.start.replace(tzinfo=timezone(read.zone)).astimezone(UTC)
    except OverflowError:  # the very first or last day that a datetime can hold
        return NOT_APPLICABLE
    expected = f"{instant:%Y%m%d%H%M%S}".rjust(14, "0")
    given = 2 + 2 * read.parts  # digits that the document gives
    return check(time[:given] == expected[:given], found=time, expected=expected, written=written)


def patient_is_in_document(identifier: str, roots: tuple[str, ...], extensions: tuple[str, ...]) -> Verdict:
    """A CX identifier is one of those of recordTarget (DMP-PATIENTID-CONSISTENT)."""
    parts = identifier.split("^")
    authority = parts[3].split("&") if len(parts) > 3 else []
    if len(authority) < 2 or not roots:
        return NOT_APPLICABLE  # the form of the identifier is another rule's business
    return check((authority[1], parts[0]) in zip(roots, extensions, strict=False), found=identifier)


def sex_is_that_of_document(found: str, expected: str) -> Verdict:
    """PID-8 is administrativeGenderCode, U or O standing for UN (DMP-SPI-TRAITS)."""
    same = found == expected or (found in _UNKNOWN_SEX and expected in _UNKNOWN_SEX)
    return check(same, found=found, expected=expected)


def birth_is_that_of_document(found: str, expected: str) -> Verdict:
    """PID-7 is the day of birthTime (DMP-SPI-TRAITS)."""
    return check(found[:8] == expected[:8], found=found, expected=expected[:8])


def is_one_of_document(found: str, expected: tuple[str, ...]) -> Verdict:
    """An identifier of the metadata is among those of the document."""
    return check(found in expected, found=found, expected=", ".join(expected)) if expected else NOT_APPLICABLE


def stop_is_in_document(stops: str, ends: str) -> Verdict:
    """The act has an end in the metadata if and only if it has one in the document (DMP-SERVICETIME).

    `stops`, `ends`: how many serviceStopTime, how many serviceEvent/effectiveTime/high.
    """
    return check((stops == "0") == (ends == "0"), stops=stops, ends=ends)


def author_institution_is_named_alike(
    institution: str, identifiers: tuple[str, ...], names: tuple[str, ...]
) -> Verdict:
    """The name of the structure of an author is that of the structure of this identifier in the document.

    `identifiers` and `names` follow one another: only structures that have both are given.
    """
    name, _, rest = institution.partition("^")
    identifier = rest.rpartition("^IDNST^^^")[2]
    known = [n for i, n in zip(identifiers, names, strict=False) if i == identifier]
    if not name.strip() or not identifier or not known:
        return NOT_APPLICABLE
    return check(told(name) in map(told, known), found=name, expected=" / ".join(dict.fromkeys(known)))


def person_is_named_alike(
    person: str, identifiers: tuple[str, ...], families: tuple[str, ...], givens: tuple[str, ...]
) -> Verdict:
    """Family and given name of an author or signatory are those of the person of this identifier in the document.

    Case, accents and hyphens apart: the metadata often follow the directory and the document the person's spelling.
    """
    identifier, *parts = person.split("^")
    known = [
        (family, given) for i, family, given in zip(identifiers, families, givens, strict=False) if i == identifier
    ]
    if len(parts) < 2 or not known:
        return NOT_APPLICABLE
    return check(
        any(told(parts[0]) == told(family) and told(parts[1]) == told(given) for family, given in known),
        found=f"{parts[0]} {parts[1]}",
        expected=" / ".join(f"{family} {given}" for family, given in known),
    )


def told(name: str) -> str:
    """A name as it is heard: without case, accents, hyphens and needless blanks."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(plain.replace("-", " ").replace("’", "'").casefold().split())


def code_is_that_of_document(code: str, scheme: str, expected: str, system: str) -> Verdict:
    """A coded attribute has the code and the system of the document's header."""
    return check((code, scheme) == (expected, system), found=f"{code} ({scheme})", expected=f"{expected} ({system})")


def format_fits_body(code: str, unstructured: str, listed: str) -> Verdict:
    """A format of level 1 (xds-sd) describes an unstructured body, and no other does (DMP-FORMATCODE-LEVEL).

    `unstructured`, `listed`: `true` or `false`, whether the body is unstructured and the format one of level 1.
    """
    return check(unstructured == listed, code=code)


def format_fits_media(code: str, media: str) -> Verdict:
    """The level-1 format is that of the type of the embedded file (TRE_R222)."""
    expected = _FORMAT_OF_MEDIA.get(media)
    if expected is None or code not in _FORMAT_OF_MEDIA.values():
        return NOT_APPLICABLE
    return check(code == expected, code=code, expected=expected, media=media)


def format_fits_model(code: str, templates: tuple[str, ...], formats: Mapping[str, Mapping[str, str]]) -> Verdict:
    """The format is the one associated with a templateId of the document (ASS_A11)."""
    expected: list[str] = []
    for template in templates:
        for labels in formats.get(template, {}).values():
            expected += labels.split()
    if not expected:
        return NOT_APPLICABLE
    return check(code in expected, code=code, expected=" / ".join(dict.fromkeys(expected)))


def events_hold_acts(events: tuple[str, ...], acts: tuple[str, ...]) -> Verdict:
    """eventCodeList holds the code of each act of the document (dmp-mssante I.7)."""
    absent = [act for act in acts if act not in events]
    return check(not absent, missing=", ".join(absent)) if acts else NOT_APPLICABLE


def replacement_is_announced(action: str, replaces: str) -> Verdict:
    """A document that replaces another one is sent with the action slot C, or D to delete (dmp-mssante A.9)."""
    return check(replaces != "true" or action in ("C", "D"))


def replacement_is_in_document(action: str, replaces: str) -> Verdict:
    """The action slot C goes with a relatedDocument RPLC (dmp-mssante A.9)."""
    return check(action != "C" or replaces == "true")


def media_type_fits_document(media: str, stylesheet: str) -> Verdict:
    """A CDA is text/xml, and application/xslt+xml may be said of a self-presenting one (DMP-MIME)."""
    admitted = ("text/xml", "application/xslt+xml") if stylesheet == "true" else ("text/xml",)
    return check(media in admitted, found=media)
