"""What is compared inside a message of an interface engine, and with the document it carries."""

import pytest

from dui_conformance.checks import hl7v2
from dui_conformance.checks.verdict import Answer

MDM = ("MSH", "EVN", "PID", "PV1", "ORC", "OBR", "TXA", "OBX")
ALL = ("MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REP_LEGAUX", "CONNEXION_SECRETE", "MODIF_CONF_CODE", "DESTDMP")
FLAGS = (*ALL, "DESTMSSANTEPS", "DESTMSSANTEPAT")
V2 = "CISIS_CDA_HL7_V2"
LPS = "CISIS_CDA_HL7_LPS"


@pytest.mark.parametrize(
    ("kind", "segments", "answer"),
    [
        ("MDM", MDM, "passed"),
        ("MDM", (*MDM, "PRT", "OBX"), "passed"),
        ("MDM", MDM[:-1], "failed"),
        ("ACK", ("MSH",), "failed"),
        ("ADT", ("MSH",), "not_applicable"),
    ],
)
def test_required_segments(kind: str, segments: tuple[str, ...], answer: Answer) -> None:
    assert hl7v2.segments_are_there(kind, segments).answer == answer


@pytest.mark.parametrize(
    ("kind", "segments", "answer"),
    [
        ("MDM", MDM, "passed"),
        ("MDM", ("MSH", "SFT", "UAC", *MDM[1:], "PRT", "NTE", "OBX", "NTE"), "passed"),
        ("MDM", (*MDM[:3], "PD1", "ZBE", *MDM[3:]), "passed"),
        ("MDM", ("MSH", "EVN", "PV1", "PID", *MDM[4:]), "failed"),
        ("MDM", (*MDM, "TXA"), "failed"),
        ("MDM", MDM[:-1], "not_applicable"),
        ("ORU", ("MSH", "PID", "PV1", "ORC", "OBR", "TQ1", "OBX", "PRT", "OBX"), "passed"),
        ("ORU", ("MSH", "PID", "PV1", "OBR", "ORC", "OBX"), "failed"),
        ("ACK", ("MSH", "MSA", "ERR", "ERR"), "passed"),
        ("ACK", ("MSH", "ERR", "MSA"), "failed"),
        ("ZAM", ("MSH", "EVN", "OBX", "OBX", "ERR"), "passed"),
    ],
)
def test_order_of_segments(kind: str, segments: tuple[str, ...], answer: Answer) -> None:
    assert hl7v2.segments_are_in_order(kind, segments).answer == answer


@pytest.mark.parametrize(
    ("order", "status", "trigger", "answer"),
    [
        ("NW", "F", "T02", "passed"),
        ("RO", "C", "T10", "passed"),
        ("CA", "D", "T04", "passed"),
        ("NW", "F", "R01", "passed"),
        ("CA", "D", "R01", "passed"),
        ("NW", "F", "T10", "failed"),
        ("RO", "F", "T10", "failed"),
        ("CA", "F", "R01", "failed"),
        ("SC", "F", "T02", "not_applicable"),
        ("NW", "", "T02", "not_applicable"),
    ],
)
def test_coherence_of_a_request(order: str, status: str, trigger: str, answer: Answer) -> None:
    assert hl7v2.request_is_coherent(order, status, trigger).answer == answer


def test_type_of_document() -> None:
    types = {"34842-5": {"2.16.840.1.113883.6.1": "Grille"}, "AUTRE": {"1.2.250.1.213.1.1.4.12": "Autre"}}
    assert hl7v2.document_type_is_listed("34842-5", "LN", types).answer == "passed"
    assert hl7v2.document_type_is_listed("AUTRE", "TRE_A05", types).answer == "passed"
    assert hl7v2.document_type_is_listed("34842-5", "TRE_A05", types).answer == "failed"
    assert hl7v2.document_type_is_listed("0", "LN", types).answer == "failed"
    assert hl7v2.document_type_is_listed("34842-5", "LOINC", types).answer == "not_applicable"


def test_identifiers_of_the_patient() -> None:
    roots, numbers = ("1.2.3", "4.5.6"), ("11", "22")
    assert hl7v2.identifier_is_in_document("22", "4.5.6", roots, numbers).answer == "passed"
    assert hl7v2.identifier_is_in_document("22", "1.2.3", roots, numbers).answer == "failed"
    assert hl7v2.identifier_is_in_document("22", "", roots, numbers).answer == "passed"
    assert hl7v2.identifier_is_in_document("22", "", (), ()).answer == "not_applicable"
    assert hl7v2.identifiers_are_in_message(("11",), numbers).values["missing"] == "22"
    assert hl7v2.identifiers_are_in_message(("22", "11"), numbers).answer == "passed"
    assert hl7v2.identifiers_are_in_message((), numbers).answer == "not_applicable"


@pytest.mark.parametrize(
    ("first", "firsts", "answer"),
    [
        ("MARGUERITE", ("MARGUERITE",), "passed"),
        ("Marguerite", ("MARGUERITE",), "passed"),
        ("MARGUERITE", (), "passed"),
        ("MARGUERITE ODILE", (), "passed"),
        ("ODILE", ("MARGUERITE",), "failed"),
        ("", ("MARGUERITE",), "failed"),
    ],
)
def test_name_of_the_patient(first: str, firsts: tuple[str, ...], answer: Answer) -> None:
    families, givens = ("BERGERONNEAU",), ("MARGUERITE ODILE",)
    assert hl7v2.name_is_that_of_document("BERGERONNEAU", first, families, firsts, givens).answer == answer
    assert hl7v2.name_is_that_of_document("X", first, families, firsts, givens).answer == "failed"
    assert hl7v2.name_is_that_of_document("X", first, (), firsts, givens).answer == "not_applicable"


@pytest.mark.parametrize(
    ("number", "authority", "root", "extension", "answer"),
    [
        ("1.2.3", "", "1.2.3", "", "passed"),
        ("9", "1.2.3", "1.2.3", "9", "passed"),
        ("1.2.3.9", "", "1.2.3", "9", "failed"),
        ("1.2.4", "", "1.2.3", "", "failed"),
        ("1.2.3", "", "", "", "not_applicable"),
    ],
)
def test_number_of_the_document(number: str, authority: str, root: str, extension: str, answer: Answer) -> None:
    assert hl7v2.document_number_is_that_of_document(number, authority, root, extension).answer == answer


class TestFlags:
    def test_presence(self) -> None:
        assert hl7v2.flags_are_there(V2, FLAGS).answer == "passed"
        assert hl7v2.flags_are_there(V2, FLAGS[:-1]).values["missing"] == "DESTMSSANTEPAT"
        assert hl7v2.flags_are_there(V2, (*FLAGS, "DESTDMP")).values["missing"] == "DESTDMP ×2"
        assert hl7v2.flags_are_there(LPS, ("MASQUE_PS",)).answer == "failed"
        assert hl7v2.flags_are_there("AUTRE", ()).answer == "not_applicable"
        assert hl7v2.flags_are_there(V2, FLAGS * 10_000).answer == "failed"

    @pytest.mark.parametrize(
        ("flags", "answer"),
        [
            (FLAGS, "passed"),
            ((*FLAGS, "ACK_RECEPTION", "ACK_LECTURE_MSS", "CORPSMAIL_PS"), "passed"),
            ((*FLAGS, "CORPSMAIL_PS", "ACK_RECEPTION", "ACK_LECTURE_MSS"), "passed"),
            ((*FLAGS, "ACK_LECTURE_MSS", "ACK_RECEPTION"), "failed"),
            (("ACK_RECEPTION", *FLAGS), "failed"),
            ((FLAGS[1], FLAGS[0], *FLAGS[2:]), "failed"),
        ],
    )
    def test_order(self, flags: tuple[str, ...], answer: Answer) -> None:
        assert hl7v2.flags_are_in_order(V2, flags).answer == answer

    @pytest.mark.parametrize(
        ("masked", "hidden", "professionals", "patient", "answer"),
        [
            ("N", "N", "Y", "Y", "passed"),
            ("Y", "N", "N", "Y", "passed"),
            ("N", "Y", "Y", "N", "passed"),
            ("Y", "Y", "N", "N", "passed"),
            ("Y", "N", "Y", "N", "failed"),
            ("N", "Y", "N", "Y", "failed"),
        ],
    )
    def test_masks(self, masked: str, hidden: str, professionals: str, patient: str, answer: Answer) -> None:
        assert hl7v2.masks_allow_sending(masked, hidden, professionals, patient).answer == answer

    @pytest.mark.parametrize(
        ("guardians", "secret", "dmp", "professionals", "patient", "answer"),
        [
            ("N", "Y", "Y", "Y", "Y", "passed"),
            ("Y", "N", "N", "N", "Y", "passed"),
            ("Y", "N", "Y", "Y", "N", "failed"),
            ("N", "Y", "N", "N", "Y", "failed"),
            ("N", "N", "Y", "N", "Y", "failed"),
            ("Y", "Y", "Y", "N", "N", "not_applicable"),
        ],
    )
    def test_matrix(
        self, guardians: str, secret: str, dmp: str, professionals: str, patient: str, answer: Answer
    ) -> None:
        assert hl7v2.flags_are_in_matrix(guardians, secret, dmp, professionals, patient).answer == answer


class TestRecipients:
    PRO, PATIENT = "a.b@cabinet.mssante.fr", "244023523820559@patient.mssante.fr"

    @pytest.mark.parametrize(
        ("professionals", "patient", "addresses", "missing"),
        [
            ("Y", "Y", (PRO, PATIENT), ""),
            ("Y", "Y", (PATIENT,), "DESTMSSANTEPS"),
            ("Y", "Y", (PRO,), "DESTMSSANTEPAT"),
            ("Y", "N", (), "DESTMSSANTEPS"),
            ("N", "N", (), ""),
        ],
    )
    def test_each_destination_has_one(
        self, professionals: str, patient: str, addresses: tuple[str, ...], missing: str
    ) -> None:
        verdict = hl7v2.destinations_have_recipients(professionals, patient, addresses)
        assert (verdict.answer, verdict.values.get("found", "")) == ("failed" if missing else "passed", missing)

    def test_each_has_a_destination(self) -> None:
        assert hl7v2.recipients_have_destinations("N", "Y", self.PATIENT).answer == "passed"
        assert hl7v2.recipients_have_destinations("Y", "N", self.PATIENT).values["found"] == "DESTMSSANTEPAT"
        assert hl7v2.recipients_have_destinations("N", "Y", self.PRO).values["found"] == "DESTMSSANTEPS"

    def test_the_mailbox_of_the_patient(self) -> None:
        assert hl7v2.patient_mailbox_is_that_of_matricule(self.PATIENT, ("244023523820559",)).answer == "passed"
        assert hl7v2.patient_mailbox_is_that_of_matricule(self.PATIENT, ("1",)).answer == "failed"
        assert hl7v2.patient_mailbox_is_that_of_matricule(self.PATIENT, ()).answer == "not_applicable"


def test_batches_and_errors() -> None:
    assert hl7v2.control_of_batch_is_right("3", "3").answer == "passed"
    assert hl7v2.control_of_batch_is_right("4", "3").answer == "failed"
    assert hl7v2.control_of_batch_is_right("beaucoup", "3").answer == "not_applicable"
    assert hl7v2.error_is_told("AA", ()).answer == "not_applicable"
    assert hl7v2.error_is_told("AE", ("207",)).answer == "passed"
    assert hl7v2.error_is_told("AR", ()).answer == "failed"
