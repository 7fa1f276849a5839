"""XDS metadata by themselves: what a DocumentEntry and a SubmissionSet must hold, and in what form.

Clauses: IHE ITI TF-3 §4.2 and the French attributes of the DMP and of XDM archives (dmp-mssante A.3 to A.7, A.13).
"""

import re
from collections import Counter
from collections.abc import Mapping

from dui_conformance.checks import dates
from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict, check, failed

Codes = Mapping[str, Mapping[str, str]]  # code → system → label, as the catalogue gives value sets

_SHA1 = re.compile(r"[0-9A-Fa-f]{40}")
_TIME = re.compile(r"[0-9]{14}")
_DIGITS = re.compile(r"[0-9]{1,18}")


def required_are_there(**counts: str) -> Verdict:
    """Each attribute of cardinality 1..1 or 1..* is there (DMP-META-REQUIRED); `counts` by name of attribute."""
    missing = [name for name, count in counts.items() if count == "0"]
    return check(not missing, missing=", ".join(missing))


def singles_are_alone(**counts: str) -> Verdict:
    """Each attribute of cardinality 0..1 or 1..1 is written once (DMP-META-REQUIRED)."""
    repeated = [f"{name} ({count})" for name, count in counts.items() if count not in ("0", "1")]
    return check(not repeated, repeated=", ".join(repeated))


def hash_form_is_right(declared: str) -> Verdict:
    """The hash is a SHA-1 in hexadecimal (ITI TF-3 §4.2.3.2.10)."""
    return check(_SHA1.fullmatch(declared.strip()) is not None, found=declared, length=str(len(declared.strip())))


def hash_is_that_of_file(declared: str, computed: str) -> Verdict:
    """The hash is that of the bytes of the file (DMP-HASH-MATCH)."""
    if _SHA1.fullmatch(declared.strip()) is None:
        return NOT_APPLICABLE
    return check(declared.strip().upper() == computed, found=declared.strip(), expected=computed)


def size_is_that_of_file(declared: str, computed: str) -> Verdict:
    """The size is that of the file, in bytes (DMP-SIZE-MATCH)."""
    if _DIGITS.fullmatch(declared.strip()) is None:
        return failed(found=declared, expected=computed)
    return check(int(declared) == int(computed), found=declared.strip(), expected=computed)


def time_form_is_right(time: str) -> Verdict:
    """Fourteen digits, YYYYMMDDhhmmss in UTC, of an instant that exists (dmp-mssante A.4)."""
    return check(_TIME.fullmatch(time) is not None and dates.moment(time) is not None, found=time)


def stop_is_not_before_start(start: str, stop: str) -> Verdict:
    """serviceStopTime is not before serviceStartTime (DMP-SERVICETIME)."""
    if "failed" in (time_form_is_right(start).answer, time_form_is_right(stop).answer):
        return NOT_APPLICABLE
    return check(start <= stop, start=start, stop=stop)


def code_is_known(code: str, scheme: str, first: Codes, second: Codes) -> Verdict:
    """The code and its scheme are in one of two value sets: that of the CI-SIS and that of the DMP."""
    schemes = {**first.get(code, {}), **second.get(code, {})}
    if scheme in schemes:
        return PASSED
    return failed(code=code, scheme=scheme, expected=", ".join(sorted(schemes)))


def code_is_listed(code: str, first: Codes, second: Codes) -> Verdict:
    """The code alone is in one of two value sets: official examples write several schemes for one format."""
    return check(code in first or code in second, code=code)


def class_is_that_of_type(code: str, kind: str, scheme: str, classes: Codes) -> Verdict:
    """classCode is the class that the terminologies associate with typeCode (ASS_X04)."""
    expected = classes.get(kind, {}).get(scheme, "").split()
    return check(code in expected, code=code, kind=kind, expected=" / ".join(expected)) if expected else NOT_APPLICABLE


def are_members_once(entries: tuple[str, ...], members: tuple[str, ...]) -> Verdict:
    """One HasMember association ties each DocumentEntry to the SubmissionSet (DMP-ASSOC-HASMEMBER)."""
    counts = Counter(members)
    wrong = [f"{entry} ({counts[entry]})" for entry in dict.fromkeys(entries) if counts[entry] != 1]
    return check(not wrong, wrong=", ".join(wrong))


def new_members_are_original(entries: tuple[str, ...], members: tuple[str, ...], originals: tuple[str, ...]) -> Verdict:
    """A document of the submission has SubmissionSetStatus Original (DMP-ASSOC-HASMEMBER)."""
    known, original = set(members), set(originals)
    wrong = [entry for entry in dict.fromkeys(entries) if entry in known and entry not in original]
    return check(not wrong, wrong=", ".join(wrong))


def are_among(values: tuple[str, ...], known: tuple[str, ...]) -> Verdict:
    """Every value is a known one (ends of associations)."""
    admitted = set(known)
    strays = list(dict.fromkeys(value for value in values if value not in admitted))
    return check(not strays, strays=", ".join(strays))


def replacements_are_tied(sources: tuple[str, ...], targets: tuple[str, ...], entries: tuple[str, ...]) -> Verdict:
    """RPLC goes from a document of the submission to an entryUUID of the registry (DMP-ASSOC-RPLC)."""
    inside = set(entries)
    wrong = [
        f"{source} → {target}"
        for source, target in zip(sources, targets, strict=False)
        if source not in inside or target in inside or not target.startswith("urn:uuid:")
    ]
    return check(not wrong, wrong=", ".join(wrong))


def signatures_are_tied(
    signatures: tuple[str, ...], sources: tuple[str, ...], targets: tuple[str, ...], sets: tuple[str, ...]
) -> Verdict:
    """Each signature has an association `signs` to the SubmissionSet (DMP-SIG-PRESENT)."""
    if not signatures:
        return NOT_APPLICABLE
    owners = set(sets)
    tied = {source for source, target in zip(sources, targets, strict=False) if target in owners}
    wrong = [signature for signature in signatures if signature not in tied]
    return check(not wrong, wrong=", ".join(wrong))


def are_distinct(values: tuple[str, ...]) -> Verdict:
    """No value comes twice."""
    repeated = [value for value, count in Counter(values).items() if count > 1]
    return check(not repeated, repeated=", ".join(repeated))


def are_the_same(values: tuple[str, ...]) -> Verdict:
    """All values are one (one patient: DMP-SS-ONE-PATIENT, XDM-ONE-PATIENT)."""
    distinct = dict.fromkeys(values)
    return check(len(distinct) <= 1, count=str(len(distinct)), found=", ".join(distinct))
