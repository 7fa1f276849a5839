"""The door for FHIR: one tree for both forms, documents taken out, places."""

import base64
import json

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from dui_conformance.subjects import fhir
from dui_conformance.subjects.positions import locate
from tests.places import READY
from tests.subjects.opening import QUICK, opened

FOLDER = READY / "exports" / "fhir"


def flat(view: etree._Element) -> list[tuple[str, str]]:
    """Every value with its path, in the order of paths."""
    return sorted((fhir.path_of(e), e.get("value", "") or e.get("url", "")) for e in view.iter() if e.attrib)


def test_json_and_xml_have_one_view() -> None:
    views = [opened((FOLDER / f"tddui-identite{suffix}").read_bytes()).view for suffix in (".json", ".xml")]
    assert views[0] is not None
    assert views[1] is not None
    assert len(flat(views[0])) > 80
    assert {path for path, _ in flat(views[0])} == {path for path, _ in flat(views[1])}


def test_a_primitive_and_its_twin_are_one_element() -> None:
    view = fhir.view_of_json(
        b'{"resourceType": "Patient", "birthDate": "2000", "_birthDate": {"extension": [{"url": "u"}]}}'
    )
    assert view is not None
    [birth] = view.iterfind("{*}birthDate")
    assert birth.get("value") == "2000"
    assert birth[0].get("url") == "u"


def test_documents_are_taken_out() -> None:
    subject = opened((FOLDER / "tddui-transaction.json").read_bytes())
    assert [(child.kind, child.name) for child in subject.children] == [("cda", "document1")]
    assert subject.view is not None
    [data] = subject.view.xpath("//*[@documentCode]")  # type: ignore[misc]
    assert data.get("kind") == "cda"


def test_what_is_not_base64_is_passed_over() -> None:
    binary = {"resourceType": "Binary", "contentType": "text/plain", "data": "é"}
    assert opened(json.dumps(binary).encode()).children == []
    binary["data"] = base64.b64encode(b"bonjour").decode()
    assert [c.kind for c in opened(json.dumps(binary).encode()).children] == ["text"]


def test_places_are_those_of_the_text() -> None:
    data = (FOLDER / "tddui-identite.json").read_bytes()
    subject = opened(data)
    assert subject.view is not None
    lines = data.decode().split("\n")
    seen = 0
    for element in subject.view.iter("{*}birthDate", "{*}fullUrl", "{*}postalCode"):
        place = locate(subject, element)
        assert place.line
        assert place.column
        name = etree.QName(element).localname
        assert lines[place.line - 1][place.column - 1 :].startswith(f'"{name}"')
        seen += 1
    assert seen >= 6


def test_damaged_json_is_still_fhir() -> None:
    subject = opened((FOLDER / "tddui-identite.json").read_bytes()[:2000])
    assert subject.kind == "fhir"
    assert subject.view is None


@QUICK
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
        max_leaves=20,
    )
)
def test_any_json_gives_a_view_or_none(value: object) -> None:
    data = json.dumps({"resourceType": "Bundle", "entry": value, "_entry": value}).encode()
    view = fhir.view_of_json(data)
    assert view is not None
    for element in view.iter():
        fhir.position_in_json(data, element)
