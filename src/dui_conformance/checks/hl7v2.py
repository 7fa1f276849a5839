"""HL7 v2 messages of an interface engine (PFI): segments, request, flags, recipients, and the document they carry.

Clauses: ANS, volets « Transmission de document(s) CDA en HL7v2 » 2.1 (TX) and « Transmission au LPS de documents CDA
provenant d'un courriel MSSanté » 1.1 (LPS); dmp-mssante E.2 to E.4.
"""

from collections.abc import Mapping

from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict, check, failed

_REQUIRED = {
    "MDM": ("MSH", "EVN", "PID", "PV1", "ORC", "OBR", "TXA", "OBX"),
    "ORU": ("MSH", "PID", "PV1", "ORC", "OBR", "OBX"),
    "ACK": ("MSH", "MSA"),
    "ZAM": ("MSH", "OBX"),
}
# what may follow a segment, of those that the profiles name; others (PD1, ROL, Z…) are passed over
_AFTER: Mapping[str, Mapping[str, str]] = {
    "MDM": {
        "MSH": "SFT UAC EVN",
        "SFT": "SFT UAC EVN",
        "UAC": "EVN",
        "EVN": "PID",
        "PID": "PV1",
        "PV1": "ORC TXA",
        "ORC": "TQ1 OBR",
        "TQ1": "TQ1 TQ2 OBR",
        "TQ2": "TQ1 TQ2 OBR",
        "OBR": "NTE ORC TXA",
        "TXA": "OBX",
        "OBX": "PRT NTE OBX",
        "PRT": "PRT NTE OBX",
        "NTE": "NTE ORC TXA OBX",
    },
    "ORU": {
        "MSH": "SFT PID",
        "SFT": "SFT PID",
        "PID": "NTE PV1 ORC OBR",
        "PV1": "ORC OBR",
        "ORC": "OBR",
        "OBR": "NTE TQ1 OBX ORC OBR",
        "TQ1": "TQ1 TQ2 OBX",
        "TQ2": "TQ1 TQ2 OBX",
        "OBX": "PRT NTE OBX ORC OBR",
        "PRT": "PRT NTE OBX ORC OBR",
        "NTE": "NTE PV1 TQ1 OBX ORC OBR",
    },
    "ACK": {"MSH": "SFT UAC MSA", "SFT": "SFT UAC MSA", "UAC": "MSA", "MSA": "ERR", "ERR": "ERR"},
    "ZAM": {"MSH": "SFT UAC EVN OBX", "EVN": "OBX", "OBX": "OBX ERR", "ERR": "ERR"},
}
# ORC-1 → trigger of an MDM, OBX-11 (TX, « événements déclenchants » and « le segment ORC »)
_REQUESTS = {"NW": ("T02", "F"), "RO": ("T10", "C"), "CA": ("T04", "D")}
_SYSTEMS = {"LN": "2.16.840.1.113883.6.1", "TRE_A05": "1.2.250.1.213.1.1.4.12"}
_FLAGS: Mapping[str, tuple[str, ...]] = {
    "CISIS_CDA_HL7_V2": (
        "MASQUE_PS",
        "INVISIBLE_PATIENT",
        "INVISIBLE_REP_LEGAUX",
        "CONNEXION_SECRETE",
        "MODIF_CONF_CODE",
        "DESTDMP",
        "DESTMSSANTEPS",
        "DESTMSSANTEPAT",
    ),
    "CISIS_CDA_HL7_LPS": ("MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REP_LEGAUX", "MODIF_CONF_CODE"),
}
# the volet heads the acknowledgements as optional and orders them after; the bodies of mails come last
_OPTIONAL_FLAGS = ("ACK_RECEPTION", "ACK_LECTURE_MSS", "CORPSMAIL_PS", "CORPSMAIL_PATIENT")
_PATIENT_MAILBOX = "@patient.mssante.fr"


def segments_are_there(kind: str, segments: tuple[str, ...]) -> Verdict:
    """The segments that the profile requires are there (TX and LPS, profiles of the messages)."""
    required = _REQUIRED.get(kind)
    if required is None:
        return NOT_APPLICABLE
    missing = [name for name in required if name not in segments]
    return check(not missing, missing=", ".join(missing))


def segments_are_in_order(kind: str, segments: tuple[str, ...]) -> Verdict:
    """Each segment may follow the one before it; segments that the profile does not name are passed over."""
    after = _AFTER.get(kind)
    if after is None or not set(_REQUIRED[kind]) <= set(segments):
        return NOT_APPLICABLE
    known = {name for following in after.values() for name in following.split()} | {"MSH"}
    before = ""
    for number, name in enumerate(segments, 1):
        if name not in known:
            continue
        if before and name not in after.get(before, "").split():
            return failed(found=name, before=before, number=str(number))
        before = name
    return PASSED


def control_of_batch_is_right(announced: str, counted: str) -> Verdict:
    """BTS-1 (or FTS-1) is the number of messages (of batches) before it (HL7 v2.6 §2.14.3, §2.14.7)."""
    if not announced.strip().isdigit() or len(announced) > 9:
        return NOT_APPLICABLE
    return check(int(announced) == int(counted), found=announced.strip(), expected=counted)


def request_is_coherent(order: str, status: str, trigger: str) -> Verdict:
    """ORC-1, OBX-11 and, in an MDM, the trigger say the same: NW T02 F, RO T10 C, CA T04 D (TX, segment ORC).

    An incoherent message is refused by the engine, says the volet.
    """
    expected = _REQUESTS.get(order)
    if expected is None or not status:
        return NOT_APPLICABLE
    wanted = (expected[0] if trigger.startswith("T") else trigger, expected[1])
    return check(
        (trigger, status) == wanted,
        found=f"{order}, {trigger}, OBX-11 {status}",
        expected=f"{order}, {wanted[0]}, OBX-11 {wanted[1]}",
    )


def document_type_is_listed(code: str, system: str, types: Mapping[str, Mapping[str, str]]) -> Verdict:
    """OBR-4 is a code of JDV_J07 under the name of its system, LN or TRE_A05 (TX, segment OBR)."""
    expected = _SYSTEMS.get(system)
    if expected is None:
        return NOT_APPLICABLE
    return check(expected in types.get(code, {}), found=f"{code} ({system})")


def identifier_is_in_document(
    number: str, authority: str, roots: tuple[str, ...], extensions: tuple[str, ...]
) -> Verdict:
    """An identifier of PID-3 is one of recordTarget: « identique » (TX, PID-3).

    `authority`: the OID of its assigning authority; without one, the number alone is compared.
    """
    if not extensions:
        return NOT_APPLICABLE
    pairs = list(zip(extensions, roots, strict=False))
    same = (number, authority) in pairs if authority else number in extensions
    return check(same, found=number)


def identifiers_are_in_message(numbers: tuple[str, ...], extensions: tuple[str, ...]) -> Verdict:
    """Each identifier of recordTarget is in PID-3 (TX, PID-3)."""
    missing = [extension for extension in extensions if extension not in numbers]
    return check(not missing, missing=", ".join(missing)) if numbers else NOT_APPLICABLE


def name_is_that_of_document(
    family: str, first: str, families: tuple[str, ...], firsts: tuple[str, ...], givens: tuple[str, ...]
) -> Verdict:
    """The birth name and the first given name of PID-5 (type L) are those of recordTarget (HL7-PID-CDA).

    `firsts`: given names marked as the first of the birth certificate; without one, the first word of the list.
    """
    known = {_plain(name) for name in firsts} or {_plain(name).split(" ")[0] for name in givens} | {
        _plain(name) for name in givens
    }
    if not families or not known:
        return NOT_APPLICABLE
    same = _plain(family) in {_plain(name) for name in families} and _plain(first) in known
    return check(
        same,
        found=f"{family} {first}".strip(),
        expected=f"{families[0]} {(firsts or givens)[0]}",
    )


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def document_number_is_that_of_document(number: str, authority: str, root: str, extension: str) -> Verdict:
    """TXA-12 (or TXA-13) is the id of the document: the OID alone, or extension^^root^ISO (TX, rule of TXA-12).

    What stands in its second component is not compared: the official examples name the organisation there.
    """
    if not root:
        return NOT_APPLICABLE
    found = f"{number}^^{authority}" if authority else number
    expected = f"{extension}^^{root}" if extension else root
    return check(found == expected, found=found, expected=expected)


def flags_are_there(profile: str, flags: tuple[str, ...]) -> Verdict:
    """The flags that the volet requires are there, once each."""
    required = _FLAGS.get(profile)
    if required is None:
        return NOT_APPLICABLE
    missing = [name for name in required if name not in flags]
    twice = sorted({name for name in flags if flags.count(name) > 1}) if len(flags) < 100 else ["…"]
    return check(not missing and not twice, missing=", ".join([*missing, *(f"{name} ×2" for name in twice)]))


def flags_are_in_order(profile: str, flags: tuple[str, ...]) -> Verdict:
    """The flags come in the order of the volet (« dans l'ordre indiqué »).

    The bodies of mails may come before or after the requests of acknowledgement: the official examples of 2.0 and 2.1
    differ.
    """
    required = _FLAGS.get(profile)
    if required is None:
        return NOT_APPLICABLE
    order = {name: rank for rank, name in enumerate((*required, *_OPTIONAL_FLAGS[:2]))}
    ranked = [name for name in flags if name in order]
    expected = sorted(ranked, key=lambda name: order[name])
    if ranked == expected:
        return PASSED
    at = next(n for n, (name, other) in enumerate(zip(ranked, expected, strict=True)) if name != other)
    return failed(found=ranked[at], expected=expected[at])


def masks_allow_sending(masked: str, hidden: str, to_professionals: str, to_patient: str) -> Verdict:
    """No document masked to professionals goes to one, none that the patient may not see goes to the patient."""
    wrong = []
    if to_professionals == "Y" and masked == "Y":
        wrong.append("MASQUE_PS = Y, DESTMSSANTEPS = Y")
    if to_patient == "Y" and hidden == "Y":
        wrong.append("INVISIBLE_PATIENT = Y, DESTMSSANTEPAT = Y")
    return check(not wrong, found=" ; ".join(wrong))


def flags_are_in_matrix(guardians: str, secret: str, to_dmp: str, to_professionals: str, to_patient: str) -> Verdict:
    """Beside the masks, the combination is one that the volet lists for sending by MSSanté (« liste exhaustive »).

    The matrix has no row for a document sent to professionals alone that nobody is kept from seeing; the official
    example of a replacement is such a one, so that this is not told.
    """
    if "Y" not in (to_professionals, to_patient):
        return NOT_APPLICABLE
    wrong = []
    if to_professionals == "Y" and guardians == "Y":
        wrong.append("INVISIBLE_REP_LEGAUX = Y, DESTMSSANTEPS = Y")
    if to_professionals != "Y":
        wrong += [f"{name} = Y" for name, flag in (("CONNEXION_SECRETE", secret), ("DESTDMP", to_dmp)) if flag == "Y"]
    return check(not wrong, found=", ".join(wrong))


def destinations_have_recipients(to_professionals: str, to_patient: str, addresses: tuple[str, ...]) -> Verdict:
    """A destination of MSSanté has a recipient (PRT RCT) with its address in PRT-15.4 (TX, segment PRT)."""
    patients = [address for address in addresses if address.strip().lower().endswith(_PATIENT_MAILBOX)]
    missing = []
    if to_professionals == "Y" and len(patients) == len(addresses):
        missing.append("DESTMSSANTEPS")
    if to_patient == "Y" and not patients:
        missing.append("DESTMSSANTEPAT")
    return check(not missing, found=", ".join(missing))


def recipients_have_destinations(to_professionals: str, to_patient: str, address: str) -> Verdict:
    """A recipient is of a destination that is asked for."""
    flag = to_patient if address.strip().lower().endswith(_PATIENT_MAILBOX) else to_professionals
    return check(flag != "N", found="DESTMSSANTEPAT" if flag is to_patient else "DESTMSSANTEPS")


def patient_mailbox_is_that_of_matricule(address: str, numbers: tuple[str, ...]) -> Verdict:
    """The patient's mailbox is named after the matricule INS of PID-3 (Référentiel #2, ECO.2.2.6)."""
    local = address.strip().partition("@")[0]
    return check(local in numbers, found=local) if numbers else NOT_APPLICABLE


def error_is_told(code: str, errors: tuple[str, ...]) -> Verdict:
    """An acknowledgement that refuses (AE, AR) has an ERR segment with its code in ERR-3 (TX and LPS, segment ERR)."""
    if code not in ("AE", "AR"):
        return NOT_APPLICABLE
    return check(bool(errors), found=code)
