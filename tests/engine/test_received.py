"""Documents that the DUI received are listed and compared, and not judged as its exports."""

from dui_conformance.engine.evaluate import evaluate
from dui_conformance.engine.plan import plan
from dui_conformance.rules import catalogue
from dui_conformance.rules.mutations import mutated
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget
from dui_conformance.text import unmark
from tests.places import READY, settings_of

PLAN = plan(catalogue.load(), settings_of(READY / "dui.toml"))
RECEPTION = "prescriptions/recues.zip"


def read(name: str) -> bytes:
    return (READY / "exports" / name).read_bytes()


def test_a_fault_of_what_was_received_is_not_the_receivers() -> None:
    change = {"in": f"{RECEPTION}!/recues/ordonnance-2022.xml", "set": "languageCode/@code", "to": "fr"}
    name, data = mutated(read, change, catalogue.load().constants)
    assert evaluate(open_bytes(name, data, Budget()), PLAN).findings == []
    made = read("prescriptions/produites/ordonnance-2022.xml").replace(b'"fr-FR"', b'"fr"')
    alone = evaluate(open_bytes("a.xml", made, Budget()), PLAN)
    assert [finding.rule for finding in alone.findings] == ["CDA-HDR-030"]


def test_received_documents_are_listed_without_being_evidence() -> None:
    result = evaluate(open_bytes(RECEPTION, read(RECEPTION), Budget()), PLAN)
    received = [subject for subject in result.subjects if "/recues/" in subject.id and subject.kind == "cda"]
    assert len(received) == 8
    assert not any(subject.judged or subject.evidence for subject in received)
    assert result.not_checked["received", "cda"] == 8


def test_a_difference_is_placed_in_the_report_and_hides_persons() -> None:
    instruction = {"json": "documents.0.lines.0.toPatient", "to": "Prévenir Mme VALMORIN"}
    change = {"in": f"{RECEPTION}!/integration.json", **instruction}
    name, data = mutated(read, change, catalogue.load().constants)
    (finding,) = evaluate(open_bytes(name, data, Budget()), PLAN).findings
    assert finding.rule == "INT-LIN-023"
    assert finding.location.path == "integration.documents[0].lines[0].toPatient"
    assert finding.location.line is not None
    assert "VALMORIN" not in unmark(finding.message.fr, lambda _: "***")
