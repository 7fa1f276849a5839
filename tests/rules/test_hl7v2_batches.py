"""Several HL7 v2 messages in one file: each is compared with its own document."""

from dui_conformance.engine.evaluate import evaluate
from dui_conformance.engine.plan import plan
from dui_conformance.rules import catalogue
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget
from tests.places import READY, settings_of

EXPORTS = READY / "exports" / "hl7v2"
PLAN = plan(catalogue.load(), settings_of(READY / "dui.toml"))


def spoken(data: bytes) -> list[tuple[str, str]]:
    return [(f.rule, f.location.path) for f in evaluate(open_bytes("lot.hl7", data, Budget()), PLAN).findings]


def test_messages_of_several_persons_and_character_sets_raise_nothing() -> None:
    names = ("mdm-t02", "mdm-t10-remplacement", "oru-r01", "recu-mdm-t02", "ack-patient-inconnu")
    assert spoken(b"".join((EXPORTS / f"{name}.hl7").read_bytes() for name in names)) == []


def test_the_message_that_is_wrong_is_told() -> None:
    good, other = ((EXPORTS / f"{name}.hl7").read_bytes() for name in ("mdm-t02", "recu-mdm-t02"))
    wrong = other.replace(b"|19380514|F|", b"|19380515|F|")
    assert spoken(good + wrong) == [("HL7-PID-005", "message[2]/PID")]
