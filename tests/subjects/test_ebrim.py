"""What a SubmitObjectsRequest holds that the schema of ebRIM does not allow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from dui_conformance.subjects import ebrim
from dui_conformance.subjects.model import Element
from tests.subjects.opening import EXPORTS, QUICK, opened, within

NAMES = (
    "RegistryObjectList RegistryPackage ExtrinsicObject Association Classification ExternalIdentifier Slot ValueList "
    "Value Name LocalizedString Description VersionInfo Autre"
).split()


def request(content: str) -> Element:
    return etree.fromstring(
        f'<l:SubmitObjectsRequest xmlns:l="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0" xmlns="{ebrim.RIM}">'
        f"{content}</l:SubmitObjectsRequest>"
    )


def told(content: str, *, whole: bool = False) -> list[tuple[str, str, str]]:
    """The anomalies of a request, or of an object put in the list of one: kind, element, name."""
    view = etree.Element("registry")
    origin: dict[Element, Element] = {}
    ebrim.describe(view, request(content if whole else f"<RegistryObjectList>{content}</RegistryObjectList>"), origin)
    irregular = view.findall("irregular")
    assert all(etree.QName(origin[one]).localname == one.get("element") for one in irregular)
    return [(one.get("kind", ""), one.get("element", ""), one.get("name", "")) for one in irregular]


def slot(name: str, *values: str) -> str:
    return f'<Slot name="{name}"><ValueList>{"".join(f"<Value>{v}</Value>" for v in values)}</ValueList></Slot>'


@pytest.mark.parametrize("name", ["submit-objects-request", "submit-objects-request-remplacement"])
def test_a_good_request_has_none(name: str) -> None:
    view = opened((EXPORTS / f"xds/{name}.xml").read_bytes(), f"{name}.xml").view
    assert view is not None
    assert view.findall("irregular") == []
    assert view.findall("SubmissionSet[@classified='1']") != []


@pytest.mark.parametrize(
    ("content", "anomalies"),
    [
        ('<ExtrinsicObject id="d"/>', []),
        ('<ExtrinsicObjec id="d"/>', [("unknown-element", "ExtrinsicObjec", "ExtrinsicObjec")]),
        ('<ExtrinsicObject id="d" mimetype="text/xml"/>', [("unknown-attribute", "ExtrinsicObject", "mimetype")]),
        ('<ExtrinsicObject xmlns:x="http://www.w3.org/2001/XMLSchema-instance" id="d" x:type="a"/>', []),
        ("<ExtrinsicObject/>", [("missing-attribute", "ExtrinsicObject", "id")]),
        ('<ExtrinsicObject id=" "/>', [("missing-attribute", "ExtrinsicObject", "id")]),
        # a name that is wrong is told once, not also as missing under the right one
        ('<ExtrinsicObject Id="d"/>', [("unknown-attribute", "ExtrinsicObject", "Id")]),
        (
            '<RegistryPackage id="p"><Slot name="a"><valueList/></Slot></RegistryPackage>',
            [("unknown-element", "valueList", "valueList")],
        ),
        ('<RegistryPackage id="p"><Slot name="a"/></RegistryPackage>', [("missing-element", "Slot", "ValueList")]),
        (
            '<RegistryPackage id="p"><Slot name="a"><ValueList/></Slot></RegistryPackage>',
            [("missing-element", "ValueList", "Value")],
        ),
        (f'<RegistryPackage id="p"><Name/>{slot("a", "1")}</RegistryPackage>', [("order", "Slot", "a")]),
        ('<RegistryPackage id="p"><Name/><Name/></RegistryPackage>', [("repeated", "Name", "Name")]),
        (f'<RegistryPackage id="p">{slot("a", "1") * 2}</RegistryPackage>', [("slot-twice", "Slot", "a")]),
        (f'<RegistryPackage id="p">{slot("a", "1", "1")}</RegistryPackage>', [("same-value", "Slot", "a")]),
        (f'<RegistryPackage id="p">{slot("a", "1", "2")}</RegistryPackage>', []),
        (f'<RegistryPackage id="p">{slot("authorPerson", "1", "2")}</RegistryPackage>',
         [("several-values", "Slot", "authorPerson")]),
        (f'<RegistryPackage id="p">{slot("a", " ")}</RegistryPackage>', [("blank-value", "Value", "a")]),
        # what the rules of cardinality judge is theirs
        (f'<ExtrinsicObject id="d">{slot("hash", "1") * 2}{slot("creationTime", "")}</ExtrinsicObject>', []),
        (
            f'<Classification id="c" classifiedObject="d"><Name/>{slot("codingScheme", "1")}</Classification>',
            [("code-order", "Slot", "Slot")],
        ),
        (
            '<Classification id="c" classifiedObject="d"><Name><LocalizedString value="a"/>'
            '<LocalizedString xml:lang="FR" value="b"/><LocalizedString xml:lang="fr" value="c"/></Name>'
            "</Classification>",
            [("language-twice", "LocalizedString", "fr")],
        ),
        (
            '<Classification id="c" classifiedObject="d" classificationScheme="s"/>',
            [("no-representation", "Classification", "nodeRepresentation")],
        ),
        ('<Classification id="c" classifiedObject="d" classificationScheme="s" nodeRepresentation=""/>', []),
        ('<Classification id="c" classifiedObject="d" classificationNode="n"/>', []),
        ('<Classification id="c"/>', [("missing-attribute", "Classification", "classifiedObject")]),
        (
            '<ExternalIdentifier id="e" registryObject="d" identificationScheme="s" value=""/>',
            [],  # an empty value is another rule's business
        ),
    ],
)  # fmt: skip
def test_an_anomaly_is_told_once(content: str, anomalies: list[tuple[str, str, str]]) -> None:
    expected = [(k, e, "Slot" if k == "order" else n) for k, e, n in anomalies]
    assert told(content) == expected


def test_a_request_without_list() -> None:
    assert told("", whole=True) == [("missing-element", "SubmitObjectsRequest", "RegistryObjectList")]


def test_the_anomalies_of_a_hostile_request_are_bounded() -> None:
    with within(seconds=5):
        assert len(told("<Autre/>" * 20_000)) == 200


trees = st.recursive(
    st.sampled_from(NAMES).map(lambda name: f"<{name}/>"),
    lambda inner: st.tuples(st.sampled_from(NAMES), st.lists(inner, max_size=4)).map(
        lambda pair: f'<{pair[0]} id="" name="codingScheme">{"".join(pair[1])}</{pair[0]}>'
    ),
    max_leaves=12,
)


@QUICK
@given(trees)
def test_any_tree_is_described(tree: str) -> None:
    assert all(kind and element for kind, element, _ in told(tree, whole=True))
