"""Predicates on mails: each clause with what it admits, what it refuses, and what it does not judge."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dui_conformance.checks import mail
from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict

OBJECT = "XDM/1.0/DDM+Lettre de liaison à la sortie d'une stru BERGERONNEAU MARGUERITE 14/05/1938"


def failed(verdict: Verdict) -> bool:
    return verdict.answer == "failed"


@pytest.mark.parametrize(
    "title",
    [
        OBJECT,
        OBJECT.removesuffix(" 14/05/1938"),
        "[Annule et remplace] " + OBJECT,
        "XDM/1.0/DDM+2 documents D'ARGENTRE JEAN-BAPTISTE 02/11/1981",
        "XDM/1.0/DDM+CR DE LA TOUR Anne",
    ],
)
def test_objects_that_are_formed(title: str) -> None:
    assert mail.object_is_formed(title) == PASSED


@pytest.mark.parametrize(
    "title",
    [
        "",
        "Lettre de liaison",
        "Re: " + OBJECT,
        "XDM/1.0/DDM BERGERONNEAU MARGUERITE",
        "XDM/1.0/DDM+BERGERONNEAU MARGUERITE",  # no type
        "XDM/1.0/DDM+CR BERGERONNEAU",
        "XDM/1.0/DDM+CR Bergeronneau Marguerite",
        "XDM/1.0/DDM+CR BERGERONNEAU MARGUERITE 1938-05-14",
        "XDM/1.0/DDM+CR QUILLEVÉRÉ ANNICK",
        "XDM/1.0/DDM+CR QUILLEVERE Anaïs",
        "[annule et remplace] " + OBJECT,
        "XDM/1.0/DDM+" + "A " * 200_000,
    ],
)
def test_objects_that_are_not(title: str) -> None:
    assert failed(mail.object_is_formed(title))


def test_the_object_names_the_document() -> None:
    label = "Lettre de liaison à la sortie d'une structure sociale ou médico-sociale"
    assert mail.object_names_the_document(OBJECT, ("83981-1",), (label,)) == PASSED
    assert mail.object_names_the_document(OBJECT.replace("à", "a"), ("83981-1",), (label,)) == PASSED
    two = "XDM/1.0/DDM+2 documents BERGERONNEAU MARGUERITE"
    assert mail.object_names_the_document(two, ("a", "b"), (label, label)) == PASSED
    assert failed(mail.object_names_the_document(two, ("a", "b", "c"), (label,)))
    short = mail.object_names_the_document("XDM/1.0/DDM+Lettre BERGERONNEAU MARGUERITE", ("a",), (label,))
    assert short.values["expected"] == label[:40].rstrip()
    assert mail.object_names_the_document("Lettre", ("a",), (label,)) == NOT_APPLICABLE
    assert mail.object_names_the_document(OBJECT, ("a",), ()) == NOT_APPLICABLE


def test_the_object_names_the_user() -> None:
    births, givens = ("BERGERONNEAU",), ("MARGUERITE ODILE", "MARGUERITE")
    assert mail.object_names_the_user(OBJECT, births, givens) == PASSED
    assert mail.object_names_the_user("XDM/1.0/DDM+CR BERGERONNEAU Marguerite", births, givens) == PASSED
    assert mail.object_names_the_user("XDM/1.0/DDM+CR BERGERONNEAU MARGUERITE ODILE", births, givens) == PASSED
    assert failed(mail.object_names_the_user("XDM/1.0/DDM+CR VALMORIN MARGUERITE", births, givens))
    assert failed(mail.object_names_the_user("XDM/1.0/DDM+CR BERGERONNEAU ODILE", births, givens))
    argentre = "XDM/1.0/DDM+CR D'ARGENTRE JEAN-BAPTISTE"
    assert mail.object_names_the_user(argentre, ("D’ARGENTRÉ",), ("JEAN-BAPTISTE LEON",)) == PASSED
    assert mail.object_names_the_user(OBJECT, (), givens) == NOT_APPLICABLE
    assert mail.object_names_the_user("", births, givens) == NOT_APPLICABLE


def test_the_object_dates_the_user() -> None:
    assert mail.object_dates_the_user(OBJECT, ("19380514",)) == PASSED
    assert mail.object_dates_the_user(OBJECT, ("193805140000+0100",)) == PASSED
    assert mail.object_dates_the_user(OBJECT, ("19380515",)).values["expected"] == "15/05/1938"
    assert mail.object_dates_the_user(OBJECT.removesuffix(" 14/05/1938"), ("19380514",)) == NOT_APPLICABLE
    for unknown in (("1938",), ("19381399",), ("",), ()):
        assert mail.object_dates_the_user(OBJECT, unknown) == NOT_APPLICABLE


def test_headers_that_sum_up_the_documents() -> None:
    assert mail.codes_are_listed("83981-1, 74207-2", ("74207-2", "83981-1")) == PASSED
    assert mail.codes_are_listed("83981-1", ("83981-1", "83981-1")) == PASSED
    assert mail.codes_are_listed("83981-1", ("83981-1", "74207-2")).values["expected"] == "83981-1,74207-2"
    assert failed(mail.codes_are_listed("83981-1;74207-2", ("74207-2", "83981-1")))
    assert mail.flag_says_ins("O", ("true", "true")) == PASSED
    assert mail.flag_says_ins("N", ("true", "false")) == PASSED
    assert failed(mail.flag_says_ins("O", ("true", "false")))
    assert failed(mail.flag_says_ins("N", ("true",)))
    assert mail.flag_says_ins("oui", ("true",)) == NOT_APPLICABLE
    assert mail.header_is_as_declared("A", "A") == PASSED
    assert failed(mail.header_is_as_declared("a", "A"))


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        ("<a@b>", True),
        ("<20260127172500.lettre@ehpad.mssante.fr>", True),
        ("<a@[192.0.2.1]>", True),
        ("a@b", False),
        ("<a>", False),
        ("<a@b@c>", False),
        ("<a b@c>", False),
        ("<a@b> <c@d>", False),
        ("", False),
        ("<@>", False),
    ],
)
def test_message_ids(value: str, holds: bool) -> None:
    assert failed(mail.message_id_is_formed(value)) is not holds


def test_message_ids_are_unique_but_for_copies() -> None:
    records = [
        ("a.eml", {"id": "<1@x>", "sha256": "s"}),
        ("b.eml", {"id": "<1@x>", "sha256": "s"}),
        ("c.eml", {"id": "<1@x>", "sha256": "t"}),
        ("d.eml", {"id": "", "sha256": "u"}),
        ("e.eml", {"id": "", "sha256": "v"}),
    ]
    answers = dict(mail.ids_are_unique(records))
    assert {index: verdict.answer for index, verdict in answers.items()} == {1: "passed", 2: "failed"}
    assert answers[2].values["other"] == "a.eml"


def test_references() -> None:
    assert mail.references_end_with("<a@b> <c@d>", "<c@d>") == PASSED
    assert failed(mail.references_end_with("<c@d> <a@b>", "<c@d>"))
    assert failed(mail.references_end_with("", "<c@d>"))
    assert failed(mail.references_end_with("<c@d>", ""))


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("Dr Hélène FONTANGES EHPAD Les Tilleuls", True),
        ("Secrétariat EHPAD Les Tilleuls", True),
        ("", False),
        ("helene.fontanges@ehpad.mssante.fr", False),
        ("Helene Fontanges", False),  # the local part again
    ],
)
def test_senders(name: str, holds: bool) -> None:
    assert failed(mail.sender_is_named(name, "helene.fontanges@ehpad.mssante.fr")) is not holds


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("Dr Hélène FONTANGES EHPAD Les Tilleuls", "passed"),
        ("Mme Claire MORVAN-DUVAL EHPAD", "passed"),
        ("M. Karim BENHALIMA Foyer de vie Le Grand Pré", "passed"),
        ("Dr Paul-Émile SARRAZIN Cabinet du Lavoir", "passed"),
        ("Dr Hélène FONTANGES", "failed"),
        ("Dr Hélène Fontanges EHPAD", "failed"),  # no entity once EHPAD is the only word in capitals
        ("Dr", "failed"),
        ("Secrétariat médical", "not_applicable"),
        ("", "not_applicable"),
    ],
)
def test_people(name: str, answer: str) -> None:
    assert mail.person_is_named(name).answer == answer


@pytest.mark.parametrize(
    ("domain", "holds"),
    [
        ("ch.mssante.fr", True),
        ("mssante.fr", True),
        ("a.b.mssante.fr.", True),
        ("patient.mssante.fr", True),
        ("sante.example", True),
        ("sous.sante.example", True),
        ("xmssante.fr", False),
        ("mssante.fr.example", False),
        ("gmail.com", False),
        ("", False),
    ],
)
def test_domains(domain: str, holds: bool) -> None:
    assert failed(mail.domain_is_mssante(domain, ("@Sante.example", ""))) is not holds


def test_a_domain_that_nobody_declares() -> None:
    assert failed(mail.domain_is_mssante("sante.example", ()))
    assert failed(mail.domain_is_mssante("sante.example", ""))


def test_the_address_of_a_user() -> None:
    assert mail.patient_address_is_a_matricule("244023523820559") == PASSED
    assert mail.patient_address_is_a_matricule("181112A00411763") == PASSED
    assert mail.patient_address_is_a_matricule("181112a00411763") == PASSED
    for wrong in ("244023523820558", "2440235238205", "annick", "", "24402352382055９"):
        assert failed(mail.patient_address_is_a_matricule(wrong))
    cx = "244023523820559^^^&1.2.250.1.213.1.4.10&ISO^NH"
    assert mail.patient_address_is_of_the_documents("244023523820559", (cx, cx)) == PASSED
    assert failed(mail.patient_address_is_of_the_documents("238055313004220", (cx,)))
    assert mail.patient_address_is_of_the_documents("244023523820558", (cx,)) == NOT_APPLICABLE
    assert mail.patient_address_is_of_the_documents("244023523820559", ()) == NOT_APPLICABLE


def test_what_goes_to_a_user() -> None:
    assert mail.every_document_has_the_ins(("true", "true")) == PASSED
    assert mail.every_document_has_the_ins(("true", "false")).values == {"count": "1"}
    assert mail.one_user(("a", "a", "")) == PASSED
    assert mail.one_user(("a", "b")).values == {"count": "2"}
    assert mail.size_is_delivered("26214400", "26214400") == PASSED
    assert mail.size_is_delivered("26214401", "26214400").values["size_fr"] == "25,0"
    assert failed(mail.nobody_sees_what_is_hidden(("N", "MASQUE_PS"), "MASQUE_PS"))
    assert mail.nobody_sees_what_is_hidden(("N", "INVISIBLE_PATIENT"), "MASQUE_PS") == PASSED


def test_documents_and_their_pdf() -> None:
    assert mail.each_document_has_its_pdf(("a", "b"), ("2", "3")) == PASSED
    assert failed(mail.each_document_has_its_pdf(("a", "b"), ("2",)))
    assert failed(mail.no_pdf_without_document(("a",), ("2", "3")))
    assert mail.no_pdf_without_document(("a", "b"), ("2",)) == PASSED
    assert mail.bodies_are_attached(("s",), ("t", "s")) == PASSED
    assert mail.bodies_are_attached(("s",), ("t",)).values == {"count": "1"}
    assert mail.bodies_are_attached((), ("t",)) == NOT_APPLICABLE
    assert mail.bodies_are_attached(("s",), ()) == NOT_APPLICABLE
    assert mail.metadata_give_the_ins(("a", "b"), ("x", "y")) == PASSED
    assert mail.metadata_give_the_ins(("a", "b"), ("x",)).values == {"count": "1"}


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("20260127_Lettre de liaison_BERGERONNEAU_MARGUERITE.pdf", True),
        ("20260127_Lettre de liaison_BERGERONNEAU_MARGUERITE_E00127.PDF", True),
        ("20260127_Évaluation_D'ARGENTRE_JEAN-BAPTISTE.pdf", True),
        ("20260127_E\u0301valuation_D'ARGENTRE_JEAN-BAPTISTE.pdf", True),
        ("document.pdf", False),
        ("20260231_Lettre_BERGERONNEAU_MARGUERITE.pdf", False),
        ("2026-01-27_Lettre_BERGERONNEAU_MARGUERITE.pdf", False),
        ("20260127_" + "x" * 41 + "_BERGERONNEAU_MARGUERITE.pdf", False),
        ("20260127_Lettre_BERGERONNEAU.pdf", False),
        ("20260127_Lettre_BERGERONNEAU_MARGUERITE.docx", False),
        ("", False),
        ("20260127_" + "a_" * 100_000, False),
    ],
)
def test_names_of_pdf(name: str, holds: bool) -> None:
    assert failed(mail.pdf_name_is_formed(name)) is not holds


def test_names_of_pdf_against_the_documents() -> None:
    name = "20260127_Lettre de liaison_BERGERONNEAU_MARGUERITE.pdf"
    births, givens = ("BERGERONNEAU",), ("MARGUERITE ODILE",)
    assert mail.pdf_names_name_the_user((name,), births, givens) == PASSED
    assert failed(mail.pdf_names_name_the_user((name, name.replace("MARG", "JARG")), births, givens))
    assert mail.pdf_names_name_the_user(("document.pdf",), births, givens) == PASSED  # its form is said elsewhere
    assert mail.pdf_names_name_the_user((name,), (), givens) == NOT_APPLICABLE
    assert mail.pdf_names_tell_the_act((name,), ("20260127170000+0100",), ("Lettre de liaison",)) == PASSED
    assert failed(mail.pdf_names_tell_the_act((name,), ("20260128",), ("Lettre de liaison",)))
    assert failed(mail.pdf_names_tell_the_act((name,), ("20260127",), ("Compte rendu",)))
    assert mail.pdf_names_tell_the_act((name,), (), ("Lettre",)) == NOT_APPLICABLE
    wrong = name.replace("0127", "0231")
    assert mail.pdf_names_tell_the_act((wrong,), ("20260127",), ("Lettre de liaison",)) == PASSED
    assert mail.name_is_composed("évaluation.pdf") == PASSED
    assert failed(mail.name_is_composed("e\u0301valuation.pdf"))


def test_replacements() -> None:
    announced = "[Annule et remplace] " + OBJECT
    assert mail.replacement_is_announced(announced, ("1.2",)) == PASSED
    assert failed(mail.replacement_is_announced(OBJECT, ("1.2",)))
    assert mail.replacement_is_announced(OBJECT, ()) == NOT_APPLICABLE
    assert failed(mail.announced_replacement_is_one(announced, ()))
    assert mail.announced_replacement_is_one(announced, ("1.2",)) == PASSED
    assert mail.announced_replacement_is_one(OBJECT, ()) == NOT_APPLICABLE


def test_replacements_over_a_run() -> None:
    def records(title: str, first: str = "a.eml") -> list[tuple[str, dict[str, str]]]:
        return [
            (first, {"title": OBJECT}),
            (f"{first}!/IHE_XDM.ZIP!/DOC0001.XML", {"id": "1", "replaces": ""}),
            ("lot.zip!/b.eml", {"title": title}),
            ("lot.zip!/b.eml!/IHE_XDM.ZIP!/DOC0001.XML", {"id": "2", "replaces": "1"}),
            ("seul.xml", {"id": "3", "replaces": "1"}),
        ]

    assert [(at, v.answer) for at, v in mail.replaced_is_announced(records(OBJECT))] == [(2, "failed")]
    told = records("[Annule et remplace] " + OBJECT)
    assert [(at, v.answer) for at, v in mail.replaced_is_announced(told)] == [(2, "passed")]
    assert list(mail.replaced_is_announced(records(OBJECT)[2:])) == []  # the first was never sent


@pytest.mark.parametrize(
    ("value", "formed", "coded", "with_error"),
    [
        ("automatic-action/MDN-sent-automatically; processed", True, False, False),
        ("automatic-action/MDN-sent-automatically; processed/error", True, False, True),
        ("automatic-action/MDN-sent-automatically;processed/Error", True, False, True),
        ("manual-action/MDN-sent-manually; displayed", True, False, False),
        ("automatic-action/MDN-sent-automatically; processed/Error: 902^Patient inconnu", True, True, None),
        ("automatic-action/MDN-sent-automatically", False, None, None),
        ("automatic-action; processed", False, None, None),
        ("", False, None, None),
    ],
)
def test_dispositions(value: str, formed: bool, coded: bool | None, with_error: bool | None) -> None:
    assert failed(mail.disposition_is_formed(value)) is not formed
    if coded is not None:
        assert failed(mail.disposition_has_no_code(value)) is coded
    if with_error is None:
        assert mail.error_is_told(value, "902^x") == NOT_APPLICABLE
    else:
        assert failed(mail.error_is_told(value, "902^x")) is not with_error
        assert failed(mail.error_is_told(value, "")) is with_error


def test_codes_of_failures() -> None:
    table = {"902": {"none": "Patient inconnu"}}
    assert mail.error_code_is_known("902^Patient inconnu", table) == PASSED
    for wrong in ("907^x", "902", "902^", "^x", ""):
        assert failed(mail.error_code_is_known(wrong, table))
    title = "[KO Intégration système !][902] " + OBJECT
    assert mail.failure_is_in_the_object(title, "902^Patient inconnu") == PASSED
    assert failed(mail.failure_is_in_the_object(title, "903^x"))
    assert failed(mail.failure_is_in_the_object(OBJECT, "902^x"))


@pytest.mark.parametrize(
    ("kind", "automatic", "path", "holds"),
    [
        ("multipart/mixed; boundary=b", "", "<a@b>", True),
        ("", "no", "", True),
        ("multipart/report; report-type=delivery-status", "", "", False),
        ("text/plain", "auto-replied", "", False),
        ("text/plain", "", "<>", False),
    ],
)
def test_reports_answer_people(kind: str, automatic: str, path: str, holds: bool) -> None:
    assert failed(mail.original_is_no_report(kind, automatic, path)) is not holds


_TEXTS = st.text(max_size=80)
_MANY = st.lists(_TEXTS, max_size=4).map(tuple)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(_TEXTS, _TEXTS, _TEXTS, _MANY, _MANY)
def test_hostile_values_never_raise(a: str, b: str, c: str, many: tuple[str, ...], more: tuple[str, ...]) -> None:
    calls: list[Callable[[], Verdict]] = [
        lambda: mail.object_is_formed(a),
        lambda: mail.object_names_the_document(a, many, more),
        lambda: mail.object_names_the_document("XDM/1.0/DDM+CR NOM PRENOM", many, more),
        lambda: mail.object_names_the_user("XDM/1.0/DDM+CR NOM PRENOM", many, more),
        lambda: mail.object_dates_the_user("XDM/1.0/DDM+CR NOM PRENOM 01/01/2000", many),
        lambda: mail.codes_are_listed(a, many),
        lambda: mail.message_id_is_formed(a),
        lambda: mail.references_end_with(a, b),
        lambda: mail.sender_is_named(a, b),
        lambda: mail.person_is_named("Dr " + a),
        lambda: mail.domain_is_mssante(a, many),
        lambda: mail.patient_address_is_a_matricule(a),
        lambda: mail.patient_address_is_of_the_documents("244023523820559", many),
        lambda: mail.pdf_name_is_formed(a),
        lambda: mail.pdf_names_name_the_user(("20260127_a_B_C.pdf", a), many, more),
        lambda: mail.pdf_names_tell_the_act(("20260127_a_B_C.pdf", a), many, more),
        lambda: mail.disposition_is_formed(a),
        lambda: mail.error_is_told(a, b),
        lambda: mail.error_code_is_known(a, {}),
        lambda: mail.failure_is_in_the_object(a, b),
        lambda: mail.original_is_no_report(a, b, c),
    ]
    for call in calls:
        assert call().answer in ("passed", "failed", "not_applicable")
    records = [(value, {"id": value, "sha256": b, "title": a, "replaces": c}) for value in many]
    list(mail.ids_are_unique(records))
    list(mail.replaced_is_announced(records))
