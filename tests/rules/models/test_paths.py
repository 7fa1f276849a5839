"""The paths of the tables give what the XPath that they look like gives."""

import pytest
from lxml import etree

from dui_conformance.rules.models.paths import Body, Path, PathError, templates_named
from dui_conformance.rules.xpath import NAMESPACES, DialectError
from tests.rules.models.small import CONSTANTS

DOCUMENT = etree.fromstring(
    '<act xmlns="urn:hl7-org:v3" xmlns:sdtc="urn:hl7-org:sdtc">'
    '<templateId root="2.999.1"/><effectiveTime><low value="1"/><high value="2"/></effectiveTime>'
    '<entryRelationship typeCode="SUBJ"><observation><templateId root="2.999.2"/><code code="A"/>'
    '<entryRelationship typeCode="REFR"><act><templateId root="2.999.2"/></act></entryRelationship>'
    "</observation></entryRelationship>"
    '<entryRelationship typeCode="REFR"><observation><code code="B/C"/></observation></entryRelationship>'
    "<sdtc:id/></act>"
)


@pytest.mark.parametrize(
    ("path", "xpath"),
    [
        (".", "."),
        ("effectiveTime", "h:effectiveTime"),
        ("effectiveTime/low", "h:effectiveTime/h:low"),
        ("effectiveTime/low|high", "h:effectiveTime/h:low | h:effectiveTime/h:high"),
        ("effectiveTime/*", "h:effectiveTime/*"),
        ("sdtc:id", "sdtc:id"),
        ("entryRelationship[@typeCode='SUBJ']/observation", "h:entryRelationship[@typeCode='SUBJ']/h:observation"),
        ('entryRelationship[@typeCode="SUBJ"]', "h:entryRelationship[@typeCode='SUBJ']"),
        ("entryRelationship/*[template(2.999.2)]", "h:entryRelationship/*[h:templateId/@root='2.999.2']"),
        ("//*[template('2.999.2')]", ".//*[h:templateId/@root='2.999.2']"),
        ("//act", ".//h:act"),
        ("entryRelationship//act", "h:entryRelationship//h:act"),
        ("entryRelationship/observation[code/@code='B/C']", "h:entryRelationship/h:observation[h:code/@code='B/C']"),
        ("entryRelationship/observation[code[@code='A']]", "h:entryRelationship/h:observation[h:code[@code='A']]"),
        (
            "entryRelationship[not(@typeCode='SUBJ')][observation]",
            "h:entryRelationship[@typeCode='REFR'][h:observation]",
        ),
        ("effectiveTime/low[@value]", "h:effectiveTime/h:low[@value]"),
        ("nothing/at/all", "h:nothing"),
    ],
)
def test_it_selects_what_xpath_does(path: str, xpath: str) -> None:
    body = Body.of(DOCUMENT)
    found = list(Path(path, CONSTANTS).select(DOCUMENT, body))
    expected = DOCUMENT.xpath(xpath, namespaces=NAMESPACES)
    assert sorted(map(id, found)) == sorted(map(id, expected))


def test_the_parent() -> None:
    low = DOCUMENT[1][0]
    assert list(Path("../high", CONSTANTS).select(low, Body.of(DOCUMENT))) == [DOCUMENT[1][1]]
    assert list(Path("../../..", CONSTANTS).select(low, Body.of(DOCUMENT))) == []


@pytest.mark.parametrize("path", ["a b", "entry[", "unknown:id", "a[b"])
def test_what_is_not_a_path(path: str) -> None:
    with pytest.raises((PathError, DialectError)):
        Path(path, CONSTANTS)


def test_the_templates_it_names() -> None:
    assert templates_named("entry/*[template(2.999.2)]//act[template('2.999.3')]") == ["2.999.2", "2.999.3"]
