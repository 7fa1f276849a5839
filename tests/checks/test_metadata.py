"""XDS metadata by themselves and against the CDA; XDM archives."""

import inspect
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.checks import archive, metadata, metadata_cda
from dui_conformance.checks.verdict import Verdict

SHA1 = "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"


def test_required_and_single_attributes() -> None:
    assert metadata.required_are_there(hash="1", size="0", URI="0").values == {"missing": "size, URI"}
    assert metadata.required_are_there(hash="1", size="2").answer == "passed"
    assert metadata.singles_are_alone(hash="1", size="2", URI="0").values == {"repeated": "size (2)"}
    assert metadata.singles_are_alone(hash="0", size="1").answer == "passed"


def test_hash_and_size() -> None:
    assert metadata.hash_form_is_right(SHA1.lower()).answer == "passed"
    assert metadata.hash_form_is_right("2jmj7l5rSw0yVb/vlWAYkK/YBwk=").answer == "failed"
    assert metadata.hash_is_that_of_file(SHA1.lower(), SHA1).answer == "passed"
    assert metadata.hash_is_that_of_file("0" * 40, SHA1).answer == "failed"
    assert metadata.hash_is_that_of_file("0", SHA1).answer == "not_applicable"
    assert metadata.size_is_that_of_file("1024", "1024").answer == "passed"
    assert metadata.size_is_that_of_file(" 1024 ", "1025").answer == "failed"
    assert metadata.size_is_that_of_file("1 Ko", "1024").answer == "failed"


@pytest.mark.parametrize("time", ["20260127165000+0100", "202601271650", "20260230000000", "2026-01-27T16:50:00"])
def test_times_that_are_refused(time: str) -> None:
    assert metadata.time_form_is_right(time).answer == "failed"
    assert metadata.stop_is_not_before_start("20260127165000", time).answer == "not_applicable"


def test_times() -> None:
    assert metadata.time_form_is_right("20260127165000").answer == "passed"
    assert metadata.stop_is_not_before_start("20260127165000", "20260127165000").answer == "passed"
    assert metadata.stop_is_not_before_start("20260127165001", "20260127165000").answer == "failed"


def test_codes_of_two_lists() -> None:
    first, second = {"10": {"1.2.3": "Compte rendu"}}, {"10": {"1.2.4": "Compte rendu"}, "95": {"1.2.4": "Gestion"}}
    assert metadata.code_is_known("10", "1.2.3", first, second).answer == "passed"
    assert metadata.code_is_known("95", "1.2.4", first, second).answer == "passed"
    assert metadata.code_is_known("10", "9.9", first, second).values["expected"] == "1.2.3, 1.2.4"
    assert metadata.code_is_known("99", "1.2.3", first, second).answer == "failed"
    assert metadata.code_is_listed("95", first, second).answer == "passed"
    assert metadata.code_is_listed("99", first, second).answer == "failed"


def test_class_of_a_type() -> None:
    classes = {"18748-4": {"loinc": "31 10"}}
    assert metadata.class_is_that_of_type("10", "18748-4", "loinc", classes).answer == "passed"
    assert metadata.class_is_that_of_type("11", "18748-4", "loinc", classes).values["expected"] == "31 / 10"
    assert metadata.class_is_that_of_type("11", "0-0", "loinc", classes).answer == "not_applicable"


def test_members_and_duplicates() -> None:
    assert metadata.are_members_once(("a",), ("a", "b")).answer == "passed"
    assert metadata.are_members_once(("a", "c"), ("b", "c", "c")).values == {"wrong": "a (0), c (2)"}
    assert metadata.are_distinct(("a", "b", "a")).values == {"repeated": "a"}
    assert metadata.are_distinct(("a", "b")).answer == "passed"
    assert metadata.are_the_same(("a", "a")).answer == "passed"
    assert metadata.are_the_same(()).answer == "passed"
    assert metadata.are_the_same(("a", "b", "a")).values == {"count": "2", "found": "a, b"}


@given(
    st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001 the zone is drawn apart
    st.integers(-12 * 4, 14 * 4),
)
def test_times_of_the_document_are_turned_into_utc(local: datetime, quarters: int) -> None:
    zone = timezone(timedelta(minutes=15 * quarters))
    written = local.replace(microsecond=0, tzinfo=zone)
    utc = f"{written.astimezone(UTC):%Y%m%d%H%M%S}"
    assert metadata_cda.time_is_that_of_document(utc, f"{written:%Y%m%d%H%M%S%z}").answer == "passed"
    later = f"{written.astimezone(UTC) + timedelta(minutes=1):%Y%m%d%H%M%S}"
    said = metadata_cda.time_is_that_of_document(later, f"{written:%Y%m%d%H%M%S%z}")
    assert (said.answer, said.values["expected"]) == ("failed", utc)


def test_times_that_cannot_be_compared() -> None:
    assert metadata_cda.time_is_that_of_document("20260127155000", "20260127165000").answer == "not_applicable"
    assert metadata_cda.time_is_that_of_document("20260127155000", "20260127").answer == "not_applicable"
    assert metadata_cda.time_is_that_of_document("2026", "20260127165000+0100").answer == "not_applicable"
    assert metadata_cda.time_is_that_of_document("20260127155042", "202601271650+0100").answer == "passed"
    assert metadata_cda.time_is_that_of_document("20260127165042", "202601271650+0100").answer == "failed"
    assert metadata_cda.time_is_that_of_document("00010101000000", "00010101000000+1400").answer == "not_applicable"


def test_identifier_of_the_document() -> None:
    assert metadata_cda.unique_id_is_that_of_document("1.2", "1.2", "").answer == "passed"
    assert metadata_cda.unique_id_is_that_of_document("1.2^7", "1.2", "7").answer == "passed"
    assert metadata_cda.unique_id_is_that_of_document("1.2", "1.2", "7").values["expected"] == "1.2^7"


def test_patient_of_the_document() -> None:
    roots, extensions = ("1.2.250.1.213.1.4.10", "2.999"), ("279035121518989", "E1")
    inside = "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"
    assert metadata_cda.patient_is_in_document(inside, roots, extensions).answer == "passed"
    assert metadata_cda.patient_is_in_document("E1^^^&2.999&ISO^PI", roots, extensions).answer == "passed"
    crossed = "E1^^^&1.2.250.1.213.1.4.10&ISO^NH"
    assert metadata_cda.patient_is_in_document(crossed, roots, extensions).answer == "failed"
    assert metadata_cda.patient_is_in_document("E1", roots, extensions).answer == "not_applicable"
    assert metadata_cda.patient_is_in_document(inside, (), ()).answer == "not_applicable"


def test_traits_and_codes_of_the_document() -> None:
    assert metadata_cda.is_the_same("Lettre  de liaison", " Lettre de liaison").answer == "passed"
    assert metadata_cda.is_the_same("A", "B").answer == "failed"
    assert metadata_cda.sex_is_that_of_document("U", "UN").answer == "passed"
    assert metadata_cda.sex_is_that_of_document("M", "F").answer == "failed"
    assert metadata_cda.birth_is_that_of_document("19380514", "193805140000+0100").answer == "passed"
    assert metadata_cda.birth_is_that_of_document("19380514", "19380515").answer == "failed"
    assert metadata_cda.code_is_that_of_document("N", "1", "N", "1").answer == "passed"
    assert metadata_cda.code_is_that_of_document("N", "1", "N", "2").answer == "failed"
    assert metadata_cda.is_one_of_document("8", ("7", "8")).answer == "passed"
    assert metadata_cda.is_one_of_document("8", ("7",)).answer == "failed"
    assert metadata_cda.is_one_of_document("8", ()).answer == "not_applicable"
    assert metadata_cda.events_hold_acts(("a", "b"), ("b",)).answer == "passed"
    assert metadata_cda.events_hold_acts(("a",), ("b",)).values == {"missing": "b"}
    assert metadata_cda.events_hold_acts(("a",), ()).answer == "not_applicable"


def test_formats() -> None:
    assert metadata_cda.format_fits_body("f", "true", "true").answer == "passed"
    assert metadata_cda.format_fits_body("f", "true", "false").answer == "failed"
    pdf, text = "urn:ihe:iti:xds-sd:pdf:2008", "urn:ihe:iti:xds-sd:text:2008"
    assert metadata_cda.format_fits_media(pdf, "application/pdf").answer == "passed"
    assert metadata_cda.format_fits_media(text, "application/pdf").values["expected"] == pdf
    assert metadata_cda.format_fits_media("other", "application/pdf").answer == "not_applicable"
    formats = {"1.2": {"": "a b"}, "1.3": {"": "c"}}
    assert metadata_cda.format_fits_model("b", ("1.2",), formats).answer == "passed"
    assert metadata_cda.format_fits_model("c", ("1.2",), formats).values["expected"] == "a / b"
    assert metadata_cda.format_fits_model("c", ("9",), formats).answer == "not_applicable"


@pytest.mark.parametrize(
    ("action", "replaces", "announced", "held"),
    [
        ("C", "true", "passed", "passed"),
        ("D", "true", "passed", "passed"),
        ("", "true", "failed", "passed"),
        ("", "false", "passed", "passed"),
        ("C", "false", "passed", "failed"),
    ],
)
def test_replacements(action: str, replaces: str, announced: str, held: str) -> None:
    assert metadata_cda.replacement_is_announced(action, replaces).answer == announced
    assert metadata_cda.replacement_is_in_document(action, replaces).answer == held


def test_media_type() -> None:
    assert metadata_cda.media_type_fits_document("text/xml", "false").answer == "passed"
    assert metadata_cda.media_type_fits_document("application/xslt+xml", "true").answer == "passed"
    assert metadata_cda.media_type_fits_document("application/xslt+xml", "false").answer == "failed"


@pytest.mark.parametrize("name", ["README.TXT", "IHE_XDM/", "IHE_XDM/SUBSET01/DOC0001.XML", "A/B/C/D/E/F/G/H.X"])
def test_names_of_iso_9660(name: str) -> None:
    assert archive.name_is_iso9660(name).answer == "passed"


@pytest.mark.parametrize(
    "name", ["Readme.txt", "DOCUMENT1.XML", "DOC.HTML", "A.B.C", "É.XML", "A/B/C/D/E/F/G/H/I.X", ""]
)
def test_names_that_iso_9660_refuses(name: str) -> None:
    assert archive.name_is_iso9660(name).answer == "failed"


def test_name_of_the_archive() -> None:
    assert archive.attachment_is_named("ihe_xdm.zip").answer == "passed"
    assert archive.attachment_is_named("documents.zip").answer == "failed"
    assert archive.attachment_is_in_capitals("IHE_XDM.ZIP").answer == "passed"
    assert archive.attachment_is_in_capitals("IHE_XDM.zip").answer == "failed"
    assert archive.attachment_is_in_capitals("documents.zip").answer == "not_applicable"


def test_readme_and_index() -> None:
    names = ("IHE_XDM/SUBSET01/METADATA.XML", "IHE_XDM/SUBSET01/DOC0002.XML")
    assert archive.readme_lists_documents("… METADATA.XML …", names).values == {"missing": "DOC0002.XML"}
    assert archive.readme_lists_documents("METADATA.XML DOC0002.XML", names).answer == "passed"
    assert archive.readme_lists_documents(" ", names).answer == "not_applicable"
    assert archive.readme_names_software("Nom : maisonclaire dui 4.2", "MaisonClaire DUI", "4.2").answer == "passed"
    assert archive.readme_names_software("MaisonClaire DUI", "MaisonClaire DUI", "4.2").values == {"missing": "4.2"}
    institutions = ("EHPAD^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1539990010",)
    assert archive.readme_names_sender("EHPAD (1539990010)", institutions).answer == "passed"
    assert archive.index_names_sender("EHPAD", institutions).answer == "failed"
    assert archive.index_names_sender("EHPAD", ()).answer == "not_applicable"
    assert archive.index_links_readme("<a href='./readme.txt'>").answer == "passed"
    assert archive.index_links_readme("README.TXT").answer == "failed"


PREDICATES = [
    function
    for module in (metadata, metadata_cda, archive)
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__ and inspect.signature(function).return_annotation is Verdict
]
VALUES = st.one_of(st.text(max_size=30), st.text(alphabet="0123456789+^&. \t²٣", max_size=20))
TEXTS = st.lists(VALUES, max_size=3).map(tuple)
TABLES = st.dictionaries(VALUES, st.dictionaries(VALUES, VALUES, max_size=2), max_size=2)


@given(st.data())
@pytest.mark.parametrize(
    "predicate", PREDICATES, ids=lambda function: f"{function.__module__[-8:]}.{function.__name__}"
)
def test_nothing_raises_on_hostile_values(predicate: object, data: st.DataObject) -> None:
    assert callable(predicate)
    arguments = {}
    for name, parameter in inspect.signature(predicate).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            arguments["hash"] = data.draw(VALUES)
        elif name == "computed":  # by the intake
            arguments[name] = data.draw(st.integers(0, 10**9).map(str))
        elif parameter.annotation is str:
            arguments[name] = data.draw(VALUES)
        else:
            arguments[name] = data.draw(TEXTS if parameter.annotation == tuple[str, ...] else TABLES)
    said = predicate(**arguments)
    assert said.answer in ("passed", "failed", "not_applicable")
    assert all(isinstance(value, str) for value in said.values.values())


def test_the_end_of_the_act_is_in_both_or_in_neither() -> None:
    for stops, ends, answer in (("1", "1", "passed"), ("0", "0", "passed"), ("1", "0", "failed"), ("0", "1", "failed")):
        assert metadata_cda.stop_is_in_document(stops, ends).answer == answer


class TestNamesRepeatedInTheMetadata:
    TILLEULS = "EHPAD Les Tilleuls^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1539990010"
    FONTANGES = "899900000011^FONTANGES^Hélène^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"

    @pytest.mark.parametrize(
        ("identifiers", "names", "answer"),
        [
            (("1539990010",), ("EHPAD Les Tilleuls",), "passed"),
            (("1539990010",), ("Ehpad  les TILLEULS",), "passed"),
            (("1539990010",), ("Foyer Le Grand Pré",), "failed"),
            (("1539990028",), ("Foyer Le Grand Pré",), "not_applicable"),
            (("1539990028", "1539990010"), ("Foyer Le Grand Pré", "EHPAD Les Tilleuls"), "passed"),
            ((), (), "not_applicable"),
        ],
    )
    def test_structures(self, identifiers: tuple[str, ...], names: tuple[str, ...], answer: str) -> None:
        verdict = metadata_cda.author_institution_is_named_alike(self.TILLEULS, identifiers, names)
        assert verdict.answer == answer

    @pytest.mark.parametrize(
        ("identifiers", "families", "givens", "answer"),
        [
            (("899900000011",), ("FONTANGES",), ("Hélène",), "passed"),
            (("899900000011",), ("Fontanges",), ("HELENE",), "passed"),
            (("899900000011",), ("FONTENAY",), ("Hélène",), "failed"),
            (("899900000011",), ("FONTANGES",), ("Claire",), "failed"),
            (("899900000029",), ("MORVAN",), ("Claire",), "not_applicable"),
        ],
    )
    def test_persons(
        self, identifiers: tuple[str, ...], families: tuple[str, ...], givens: tuple[str, ...], answer: str
    ) -> None:
        verdict = metadata_cda.person_is_named_alike(self.FONTANGES, identifiers, families, givens)
        assert verdict.answer == answer
        assert metadata_cda.person_is_named_alike("899900000011", identifiers, families, givens).answer == (
            "not_applicable"
        )
