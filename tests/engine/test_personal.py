"""The personal values that are found in each kind of subject, read or not."""

import json

import pytest
from lxml import etree

from dui_conformance.engine.personal import patient_values_of, values_of
from dui_conformance.engine.personal_words import dates
from dui_conformance.engine.privacy import Scrubber
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget, Subject
from dui_conformance.text import unmark
from tests.engine import planted


def opened(name: str, data: bytes | None = None) -> Subject:
    return open_bytes(name, planted.read(name) if data is None else data, Budget())


def found(top: Subject) -> set[str]:
    return {planted.folded(value) for subject in top.walk() for value in values_of(subject)}


def hidden(subject: Subject, name: str) -> str:
    """A file name as a report shows it."""
    return unmark(Scrubber(v for s in subject.walk() for v in values_of(s))(name), lambda _: "-")


NAMED = "ZAXOVRETTE_quoxilde-14.05.1938_238055313004220"


class TestRead:
    def test_cda(self) -> None:
        values = found(opened("documents/dlu.xml"))
        assert {"zaxovrette", "zygumard", "quoxilde", "vyxane", "fwoxanges", "hezwene"} <= values
        assert {
            "238055313004220",
            "e00127",
            "tel:0261910013",
            "0261910013",
            "19380514",
            "14 mai 1938",
            "53130",
        } <= values
        assert any("lzavandwieres" in value for value in values)
        assert not any(value.startswith(("ehpad", "1.2.250")) for value in values), "structures are not persons"

    def test_the_patient_alone(self) -> None:
        values = {planted.folded(v) for v in patient_values_of(opened("documents/dlu.xml"))}
        assert {"zaxovrette", "quoxilde", "238055313004220", "19380514"} <= values
        assert "fwoxanges" not in values

    def test_metadata(self) -> None:
        values = found(opened("xds/submit-objects-request.xml"))
        assert any(name in values for name in ("zaxovrette", "zoukramec", "d'uzgentrax"))
        assert any(value.isdigit() and len(value) == 15 for value in values)
        assert any(value in values for value in ("14051938", "29021944", "02111981")), "every form of the birth date"

    def test_a_mail_without_documents(self) -> None:
        values = found(opened("mails/mdn-echec.eml"))
        assert {"alzbarwet", "luxwien", "03101935"} <= values, "the object says who it is about"
        assert "hezwene.fwoxanges" in values

    def test_other_formats_are_known_enough_to_hide_their_names(self) -> None:
        assert {"oztrwyski", "styxislas", "190079912231067", "23071990"} <= found(opened("fhir/bundle.json"))
        assert {"zoukramec", "jyxick", "244023523820559", "29021944"} <= found(opened("hl7v2/mdm-t02.hl7"))

    def test_the_words_of_an_address_are_words(self) -> None:
        """“des” is in too many sentences to be hidden in each; the line itself is."""
        patient = {"resourceType": "Patient", "address": [{"line": ["45 Route des Étangs"], "city": "BRUMEVAL"}]}
        values = values_of(opened("p.json", json.dumps(patient).encode()))
        assert values == {"45 Route des Étangs", "BRUMEVAL"}

    def test_fhir_in_json_and_in_xml(self) -> None:
        parts = {
            "name": [{"family": "Zaxovrette", "given": ["Quoxilde", "Vyxane"], "text": "Mme Zygumard"}],
            "telecom": [{"system": "phone", "value": "0261910013"}],
            "address": [{"line": ["1 rue des Lzavandwieres"], "city": "Zwangers"}],
            "identifier": [{"system": "urn:oid:1.2.250.1.213.1.4.10", "value": "238055313004220"}],
            "birthDate": "1938-05-14",
            "generalPractitioner": [{"reference": "Practitioner/1", "display": "Dr Hezwene Fwoxanges"}],
            "maritalStatus": {"coding": [{"system": "x", "code": "M", "display": "Marié"}]},
        }
        json_form = json.dumps({"resourceType": "Patient", **parts}).encode()
        xml_form = etree.tostring(opened("p.json", json_form).view)
        for data in (json_form, xml_form):
            subject = opened("p", data)
            assert subject.kind == "fhir"
            values = found(subject)
            assert {
                "zaxovrette",
                "quoxilde",
                "vyxane",
                "zygumard",
                "0261910013",
                "zwangers",
                "238055313004220",
            } <= values
            assert {"14051938", "fwoxanges", "1 rue des lzavandwieres"} <= values
            assert "marie" not in values, "the label of a code is nobody's name"


class TestUnread:
    @pytest.mark.parametrize(
        "damage",
        [
            lambda data: data[: len(data) // 2],
            lambda data: data.replace(b"<author>", b"<author", 1),
            lambda data: data.replace(b"UTF-8", b"UTF-16", 1),
            lambda data: data.replace(b"?>", b"?><!DOCTYPE a>", 1),
            lambda data: data.decode().encode("latin-1", "ignore"),
            lambda data: data.decode().replace('encoding="UTF-8"', "").encode("utf-16")[:-1],
        ],
        ids=["cut", "malformed", "encoding", "doctype", "latin-1", "utf-16"],
    )
    def test_a_document_that_cannot_be_read_still_hides_its_patient(self, damage: object) -> None:
        subject = opened("a.xml", damage(planted.read("documents/dlu.xml")))  # type: ignore[operator]
        assert subject.view is None
        shown = hidden(subject, f"{NAMED}.xml")
        assert not any(c.isalnum() for c in shown.removesuffix(".xml")), shown

    def test_metadata_that_cannot_be_read(self) -> None:
        data = planted.read("xds/submit-objects-request.xml")
        whole = found(opened("a.xml", data))
        cut = found(opened("a.xml", data[: data.rindex(b"PID-8")]))
        patients = {v for v in whole if v.isdigit() and len(v) == 15}
        assert patients
        assert patients <= cut

    @pytest.mark.parametrize("size", [1 << 20, 3 << 20])
    @pytest.mark.parametrize(
        "filling",
        [b"<family", b'"given": [', b'"family" :   [   ', b"<Value>a^b^c^", b'extension="', b"<telecom value ", b"\t"],
    )
    def test_hostile_bytes_cost_no_time(self, filling: bytes, size: int) -> None:
        import time

        data = b"<ClinicalDocument xmlns='urn:hl7-org:v3'>" + filling * (size // len(filling))
        subject = Subject("a.xml", "a.xml", "cda", data)
        begun = time.process_time()
        values_of(subject)
        assert time.process_time() - begun < 2


class TestDates:
    def test_the_forms_of_a_day(self) -> None:
        forms = set(dates("19380501"))
        assert {"19380501", "01051938", "01/05/38", "1 mai 1938", "1er mai 1938", "may 1 1938", "1/5/1938"} <= forms

    @pytest.mark.parametrize("written", ["", "1938", "193805", "1938051", "abcdefgh", "١٩٣٨٠٥٠١"])
    def test_what_is_no_day(self, written: str) -> None:
        assert list(dates(written)) == []

    def test_a_month_that_does_not_exist(self) -> None:
        assert "19381399" in set(dates("19381399"))
