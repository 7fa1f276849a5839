"""What an interface engine (PFI) says: acknowledgements of what it receives, business acknowledgements (ZAM).

Clauses: ANS, volet « Transmission de document(s) CDA en HL7v2 » 2.1: message d'acquittement, accusés métier
ZAM^Z01 to Z03, règles de gestion MSSanté; table messageErrorCondition (dmp-mssante E.2). Pure: bytes in, bytes out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dui_conformance.checks import hl7v2 as checks
from dui_conformance.subjects import er7, hl7v2
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget, Element, Subject

ENGINE = "PFI-SIMULATEUR"
PROFILE = "2.1^CISIS_CDA_HL7_V2"
YES_NO = "expandedYes-NoIndicator"
_BUDGET = Budget(file_size=64 << 20, unpacked_size=256 << 20, entries=200)
_KINDS = ("MDM^T02", "MDM^T04", "MDM^T10", "ORU^R01")
# ERR-3 and its label (table 0357)
ERRORS: Mapping[str, str] = {
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "199": "Other HL7 Error",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing",
    "203": "Unsupported version",
    "207": "Application error",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message is refused: code of ERR-3, place (ERR-2, `MSH^1^12`), and code of ERR-5 with its label."""

    code: str
    place: str = ""
    application: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """A message as the engine reads it. `view` is that of its first message, None if it cannot be read."""

    view: Element | None
    charset: str

    def get(self, name: str) -> str:
        """An attribute of the message: `id`, `type`, `trigger`, `version`, `profile`…"""
        return "" if self.view is None else self.view.get(name, "")

    def field(self, segment: str, n: int, component: int = 1) -> str:
        found = None if self.view is None else self.view.find(f"segment[@name='{segment}']")
        return "" if found is None else hl7v2.value(found, n, component)

    @property
    def operation(self) -> str:
        """`mdm-t02`, `oru-r01`, `ack`…: the type and the event, in lower case."""
        kind, trigger = self.get("type"), self.get("trigger")
        known = f"{kind}^{trigger}" in _KINDS
        return f"{kind}-{trigger}".lower() if known else ("ack" if kind == "ACK" else "unknown")

    def flag(self, name: str) -> str:
        """Y or N of a flag (MetaDMPMSS); empty if it is not there."""
        if self.view is not None:
            for obx in self.view.iterfind("segment[@name='OBX']"):
                if hl7v2.value(obx, 3) == name:
                    return hl7v2.value(obx, 5)
        return ""

    @property
    def mailboxes(self) -> tuple[str, ...]:
        """The addresses of the recipients (PRT RCT, PRT-15.4)."""
        if self.view is None:
            return ()
        found = [p for p in self.view.iter("segment") if p.get("name") == "PRT" and hl7v2.value(p, 4) == "RCT"]
        return tuple(address for p in found if (address := hl7v2.value(p, 15, 4)))


def received(data: bytes) -> Received:
    """Read one message. Never raises for what bytes do."""
    subject: Subject = open_bytes("message", data, _BUDGET)
    view = subject.view.find("message") if subject.kind == "hl7v2" and subject.view is not None else None
    charset = "" if view is None else view.get("charset", "")
    return Received(view, charset if charset in er7.CODECS else "UNICODE UTF-8")


def refusal(message: Received) -> Refusal | None:
    """Why the engine refuses a message, None if it takes it.

    Only what the volet says is refused, or what keeps the engine from doing its work.
    """
    if message.view is None:
        return Refusal("100", "MSH^1")
    kind = message.get("type")
    if kind not in ("MDM", "ORU"):
        return Refusal("200", "MSH^1^9")
    if f"{kind}^{message.get('trigger')}" not in _KINDS:
        return Refusal("201", "MSH^1^9")
    if message.get("version") != ("2.5" if kind == "ORU" else "2.6"):
        return Refusal("203", "MSH^1^12")
    if message.field("MSH", 11) not in ("P", "T", "D"):
        return Refusal("202", "MSH^1^11")
    if not message.get("id"):
        return Refusal("101", "MSH^1^10")
    segments = tuple(s.get("name", "") for s in message.view.iter("segment"))
    if checks.segments_are_there(kind, segments).answer == "failed":
        return Refusal("100")
    first = message.view.find("segment[@name='OBX']")
    status = "" if first is None else hl7v2.value(first, 11)
    order = message.field("ORC", 1)
    if order not in ("NW", "RO", "CA"):
        return Refusal("103", "ORC^1^1")
    if checks.request_is_coherent(order, status, message.get("trigger")).answer == "failed":
        return Refusal("199", "ORC^1^1")
    if message.get("carries") != "cda":
        return Refusal("102", "OBX^1^5")
    return None


def acknowledgement(
    message: Received, control: str, now: datetime, refused: Refusal | None = None, *, answered: str | None = None
) -> bytes:
    """The ACK of a message, with MSH-3 to MSH-6 turned round (table of the volet).

    `answered`: MSA-2, if it is to be another than MSH-10 of the message (a fault).
    """
    trigger = message.get("trigger")
    header = _header(
        (message.field("MSH", 5) or ENGINE, message.field("MSH", 6), message.field("MSH", 3), message.field("MSH", 4)),
        f"ACK^{trigger}^ACK" if trigger else "ACK",
        control,
        message.get("version") or "2.6",
        now,
        message.charset,
        processing=message.field("MSH", 11) or "T",
    )
    about = message.get("id") if answered is None else answered
    lines = [header, f"MSA|{'AA' if refused is None else 'AE'}|{_safe(about)}"]
    if refused is not None:
        error = f"{refused.code}^{ERRORS.get(refused.code, 'Other HL7 Error')}^messageErrorCondition"
        lines.append(f"ERR||{refused.place}|{error}|E" + (f"|{refused.application}" if refused.application else ""))
    return encoded(lines, message.charset)


@dataclass(frozen=True, slots=True)
class Business:
    """A business acknowledgement: its event (Z01, Z02, Z03) and what it says; `error`: ERR-5 of a negative one."""

    event: str
    mailbox: str = ""
    error: str = ""


_CODES: Mapping[str, Sequence[str]] = {
    "Z01": ("ACK_RECEPTION_DMP^Accusé de réception DMP",),
    "Z02": ("ACK_RECEPTION_MSS^Accusé de réception MSSanté", "DESTINATAIRE_MSS^Destinataire MSSanté"),
    "Z03": ("ACK_LECTURE_MSS^Accusé de lecture", "LECTEUR_MSS^Lecteur du courriel MSSanté"),
}


def asked(message: Received) -> list[Business]:
    """The business acknowledgements that a message asks for: of the DMP, of each mailbox (received, read)."""
    wanted: list[Business] = []
    if message.flag("ACK_RECEPTION") == "Y":
        if message.flag("DESTDMP") == "Y":
            wanted.append(Business("Z01"))
        wanted += [Business("Z02", address) for address in message.mailboxes]
    if message.flag("ACK_LECTURE_MSS") == "Y":
        wanted += [Business("Z03", address) for address in message.mailboxes]
    return wanted


def business(message: Received, what: Business, control: str, now: datetime) -> bytes:
    """The ZAM of a message, to the application that sent it."""
    header = _header(
        (ENGINE, message.field("MSH", 6), message.field("MSH", 3), message.field("MSH", 4)),
        f"ZAM^{what.event}^ZAM_Z01",
        control,
        "2.6",
        now,
        message.charset,
        processing=message.field("MSH", 11) or "T",
        profile=PROFILE,
    )
    status, *whom = _CODES[what.event]
    answer = "N" if what.error else "Y"
    about = _safe(message.get("id"))
    lines = [header, f"EVN||{now:%Y%m%d%H%M%S%z}", _obx(1, "CWE", status, about, f"{answer}^^{YES_NO}")]
    lines += [_obx(2, "XTN", code, "", f"^^X.400^{_safe(what.mailbox)}") for code in whom]
    if what.error:
        lines.append(f"ERR|||207^{ERRORS['207']}^messageErrorCondition|E|{what.error}")
    return encoded(lines, message.charset)


def _obx(rank: int, kind: str, code: str, about: str, value: str) -> str:
    return f"OBX|{rank}|{kind}|{code}^AckMetierZAM|{about}|{value}||||||F"


def _header(
    parties: tuple[str, str, str, str],
    kind: str,
    control: str,
    version: str,
    now: datetime,
    charset: str,
    *,
    processing: str,
    profile: str = "",
) -> str:
    names = "|".join(_safe(party) for party in parties)
    head = f"MSH|^~\\&|{names}|{now:%Y%m%d%H%M%S%z}||{kind}|{control}|{_safe(processing)}|{_safe(version)}"
    return f"{head}|||||FRA|{charset}" + (f"|||{profile}" if profile else "")


def _safe(value: str) -> str:
    """A value with the delimiters escaped, and on one line (HL7 v2.6 §2.7)."""
    for mark, name in (("\\", "E"), ("|", "F"), ("^", "S"), ("&", "T"), ("~", "R")):
        value = value.replace(mark, f"\\{name}\\") if mark != "\\" else value.replace("\\", "\\E\\")
    return value.replace("\r", " ").replace("\n", " ")[:200]


def encoded(lines: Sequence[str], charset: str) -> bytes:
    """Segments as bytes, each ended by a carriage return."""
    return "".join(f"{line}\r" for line in lines).encode(er7.CODECS[charset], "replace")


def framed(message: bytes) -> bytes:
    """A message in its MLLP block."""
    return er7.START + message + er7.END + er7.RETURN
