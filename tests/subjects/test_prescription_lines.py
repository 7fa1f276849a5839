"""Lines of an eP-MED-DM as data, and the files that a prescription embeds."""

from hypothesis import given
from lxml import etree

from dui_conformance.subjects import attached
from dui_conformance.subjects.model import Element
from dui_conformance.subjects.prescription_lines import lines_of, narrative_of
from tests.subjects.opening import QUICK, damaged, fixture, opened

FULL = "prescriptions/produites/ordonnance-2024.xml"
HL7 = "urn:hl7-org:v3"


def document(text: bytes | None = None) -> Element:
    return etree.fromstring(text or fixture(FULL))


def body(entry: str, section: str = "1.2.250.1.213.1.1.2.171", narrative: str = "") -> Element:
    return document(
        (
            f'<ClinicalDocument xmlns="{HL7}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><component>'
            f'<structuredBody><component><section><templateId root="{section}"/><text>{narrative}</text>'
            f"<entry>{entry}</entry></section></component></structuredBody></component></ClinicalDocument>"
        ).encode()
    )


def test_each_mode_of_dosing() -> None:
    lines = lines_of(document())
    modes = ["normal", "tapered", "split", "conditional", "combined", "delayed", "normal"]
    assert [line.get("mode") for line in lines] == [*modes, None]
    assert [line["rank"] for line in lines] == [str(n) for n in range(1, 9)]


def test_a_line_in_full() -> None:
    line = lines_of(document())[0]
    assert line["dose"] == {"low": "1", "high": "2", "unit": "{Tablet}"}
    assert line["timing"] == [{"every": {"value": "8", "unit": "h"}}]
    assert line["period"] == {"low": "20260602", "high": "20260611"}
    assert line["maximum"] == [{"value": "6", "unit": "{Tablet}", "time": "1", "timeUnit": "d"}]
    assert line["renewals"] == "2"
    assert line["renewalPeriod"] == {"width": {"value": "10", "unit": "d"}}
    assert line["substitution"] == {"code": "G"}
    assert line["flags"] == dict.fromkeys(("ald", "atMp", "prevention", "nonReimbursable", "offLabel"), "false")
    assert line["toPatient"] == "Avaler avec un verre d'eau"
    assert [other["system"] for other in line["product"]["others"]] == ["1.2.250.1.213.2.59", "1.2.250.1.213.2.3.2"]


def test_steps_and_their_times() -> None:
    lines = lines_of(document())
    tapered, split = lines[1]["steps"], lines[2]["steps"]
    assert [step["rank"] for step in tapered] == ["1", "2"]
    assert tapered[0]["timing"] == [
        {"period": {"low": "20260602", "width": {"value": "5", "unit": "d"}}},
        {"every": {"value": "1", "unit": "d"}},
    ]
    assert split[1]["timing"] == [{"event": "ACV", "offset": {"low": "1", "unit": "h"}}]


def test_a_product_made_for_the_person_is_named_by_the_text() -> None:
    product = lines_of(document())[6]["product"]
    assert product == {"label": "Préparation magistrale : 30 g de dermocorticoïde, 70 g de cérat frais"}


def test_renewals_and_amounts_of_other_forms() -> None:
    line = lines_of(
        body(
            '<substanceAdministration><repeatNumber><low value="0"/><high value="3"/></repeatNumber>'
            '<approachSiteCode nullFlavor="OTH"><originalText>visage</originalText></approachSiteCode>'
            '<doseQuantity value="2" unit="mg"/></substanceAdministration>'
        )
    )[0]
    assert line["renewals"] == {"low": "0", "high": "3"}
    assert line["dose"] == {"low": "2", "high": "2", "unit": "mg"}
    assert line["site"] == {"text": "visage"}


def test_sections_of_other_kinds_hold_no_line() -> None:
    assert lines_of(body("<substanceAdministration/>", "1.2.250.1.213.1.1.2.73")) == []
    assert lines_of(body("<observation/>")) == []


def test_the_narrative_is_that_of_prescribed_products() -> None:
    text = narrative_of(document())
    assert "CLAIRDOLOR 500 mg" in text
    assert "lit médical" in text
    assert "Appeler l'infirmière" not in text


def test_a_cycle_of_references_ends() -> None:
    loop = '<content ID="a"><content ID="a">x</content></content>'
    entry = '<substanceAdministration><text><reference value="#a"/></text></substanceAdministration>'
    assert lines_of(body(entry, narrative=loop))[0]["text"] == "x"


@QUICK
@given(damaged(FULL))
def test_damage_never_raises(data: bytes) -> None:
    subject = opened(data)
    if subject.view is not None:
        lines_of(subject.view)
        narrative_of(subject.view)


class TestAttached:
    def test_the_copy_and_the_picture_of_the_code_are_subjects(self) -> None:
        for name, kinds in (
            ("ordonnance-2024", ["pdf"]),
            ("ordonnance-2023", ["picture", "pdf"]),
            ("ordonnance-2022", ["picture"]),
        ):
            top = opened(fixture(f"prescriptions/produites/{name}.xml"))
            assert [child.kind for child in top.children] == kinds

    def test_what_other_documents_embed_is_left_alone(self) -> None:
        assert list(attached.files_of(etree.fromstring(fixture("documents/dlu.xml")))) == []

    def test_what_is_not_a_file_of_the_kind_is_passed_over(self) -> None:
        root = document()
        value = next(root.iter(f"{{{HL7}}}observationMedia")).find(f"{{{HL7}}}value")
        assert value is not None
        for text in ("", "%%%", "UHJlc2NyaXB0aW9u"):
            value.text = text
            assert list(attached.files_of(root)) == []

    def test_a_hundred_copies_are_not_opened(self) -> None:
        root = document()
        media = next(root.iter(f"{{{HL7}}}observationMedia"))
        value = media.find(f"{{{HL7}}}value")
        assert value is not None
        value.text = "JVBERi0xLjQK"
        for _ in range(100):
            media.addnext(etree.fromstring(etree.tostring(media)))
        assert len(list(attached.files_of(root))) == 8
