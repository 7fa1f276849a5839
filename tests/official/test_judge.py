"""The compiled schemas on documents: who speaks, where, in what words."""

from pathlib import Path

import pytest
from lxml import etree

from dui_conformance.official import kit, schematron, stylesheet
from dui_conformance.official.expressions import SchematronError
from dui_conformance.official.judge import Judge, Said
from dui_conformance.official.saxon import Saxon
from tests.official import invented

HEADER = kit.PROFILES[0]
MODEL = "schematrons/CI-SIS_DLU-EHPAD-DLU_2022.01.sch"


def said(judge: Judge, text: str, schema: str = HEADER) -> list[Said]:
    root = etree.fromstring(text.encode())
    return list(judge.schema(schema, judge.saxon.tree(root), root))


def changed(old: str, new: str) -> str:
    assert old in invented.DOCUMENT
    return invented.DOCUMENT.replace(old, new)


def test_a_good_document_is_accepted_by_all(judge: Judge) -> None:
    root = etree.fromstring(invented.DOCUMENT.encode())
    assert list(judge.said(root, [HEADER, MODEL])) == []


def test_an_assert_tells_its_place_its_words_and_its_level(judge: Judge) -> None:
    one, two = said(judge, changed(" <title>Essai</title>\n", "").replace(' <setId root="1.2.3"/>\n', ""))
    assert (one.level, one.message) == ("error", "Il faut un setId, trouvés : 0")
    assert (two.level, two.message) == ("warning", "Un titre serait bienvenu")
    assert one.node is not None
    assert one.node.tag.endswith("ClinicalDocument")
    assert one.context == "/cda:ClinicalDocument"
    assert one.test == "$found = 1"


def test_a_report_speaks_when_its_test_is_true(judge: Judge) -> None:
    [one] = said(judge, changed("<setId", "<relatedDocument/><setId"))
    assert (one.level, one.message) == ("info", "Ce document en remplace un autre")


def test_an_abstract_rule_speaks_at_the_element_that_extends_it(judge: Judge) -> None:
    [one] = said(judge, changed('root="1.2.250.1.213.1.4.10"', 'root="1.a"'))
    assert one.message == "id : racine 1.a mal formée"
    assert one.node is not None
    assert one.node.get("extension") == "1"
    [two] = said(judge, changed('extension="1"/>', 'nullFlavor="NI"/>'))
    assert two.message == "Valeur et absence de valeur"
    assert one.digest != two.digest


def test_a_rebuilt_list_serves(judge: Judge) -> None:
    [one] = said(judge, changed('code="74207-2"', 'code="X"'))
    assert one.message == "Code X inconnu"


def test_only_the_patterns_of_the_default_phase_run(judge: Judge) -> None:
    assert said(judge, invented.DOCUMENT, MODEL) == []


def test_an_abstract_pattern_reads_a_list_by_a_variable_of_another_pattern(judge: Judge) -> None:
    [one] = said(judge, changed('maritalStatusCode code="S"', 'maritalStatusCode code="Z"'), MODEL)
    assert one.message == "[member] Z hors de ../jeuxDeValeurs/JDV_Un.xml"
    assert said(judge, changed('maritalStatusCode code="S"', 'maritalStatusCode code="M"'), MODEL) != []  # "M "


def test_an_absent_include_is_told_and_the_rest_runs(judge: Judge) -> None:
    assert judge.missing(MODEL) == ("include/Absent.sch",)


def test_the_xsd_points_at_the_element(judge: Judge) -> None:
    [first, *_] = judge.xsd(etree.fromstring(changed('classCode="DOCCLIN"', 'classCode="ACT"').encode()))
    assert (first.kind, first.schema, first.level) == ("xsd", "XSD", "error")
    assert first.node is not None


def test_what_cannot_be_evaluated_costs_one_assert(tmp_path: Path) -> None:
    schema = """<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"><pattern>
    <rule context="a"><assert test="xs:integer(@n) = 1">n</assert><assert test="@m">m</assert></rule>
    <rule context="b"><let name="x" value="string(c)"/><assert test="$x">x</assert></rule></pattern></schema>"""
    (tmp_path / "own.sch").write_text(
        schema.replace("<pattern>", '<ns prefix="xs" uri="http://www.w3.org/2001/XMLSchema"/><pattern>')
    )
    judge = Judge(tmp_path)
    kinds = [(one.kind, one.message) for one in said(judge, '<r><a n="no"/><b><c/><c/></b></r>', "own.sch")]
    assert kinds == [("broken", ""), ("assert", "m"), ("broken", "")]


def test_the_first_rule_that_matches_is_the_only_one(tmp_path: Path) -> None:
    schema = """<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"><pattern>
    <rule context="a[@x]"><assert test="false()">one</assert></rule>
    <rule context="a | r/@y | text()"><assert test="false()">two</assert></rule></pattern></schema>"""
    (tmp_path / "own.sch").write_text(schema)
    found = said(Judge(tmp_path), '<r y="1"><a x="1"/><a>t</a></r>', "own.sch")
    assert sorted((one.message, one.attribute) for one in found) == [
        ("one", ""),
        ("two", ""),
        ("two", ""),
        ("two", "y"),
    ]


def test_keys_functions_and_diagnostics_of_a_schema_serve(tmp_path: Path) -> None:
    schema = """<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"
     xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><ns prefix="f" uri="urn:f"/>
    <xsl:key name="ids" match="*[@id]" use="@id"/>
    <xsl:function name="f:twice"><xsl:param name="n"/><xsl:sequence select="$n * 2"/></xsl:function>
    <pattern><rule context="ref"><assert test="key('ids', @to)" diagnostics="d">lost</assert>
    <assert test="f:twice(2) = 4">arithmetic</assert></rule></pattern>
    <diagnostics><diagnostic id="d">: <value-of select="@to"/></diagnostic></diagnostics></schema>"""
    (tmp_path / "own.sch").write_text(schema)
    found = said(Judge(tmp_path), '<r><x id="a"/><ref to="a"/><ref to="b"/></r>', "own.sch")
    assert [one.message for one in found] == ["lost : b"]


@pytest.mark.parametrize(
    "inside",
    [
        """<rule context="a"><assert test="doc('/etc/passwd')">x</assert></rule>""",
        """<rule context="a"><assert test="doc('../../../../etc/hostname')">x</assert></rule>""",
        """<rule context="a"><assert test="doc('http://127.0.0.1/x')">x</assert></rule>""",
        """<rule context="a"><assert test="doc(concat(@p, '.xml'))">x</assert></rule>""",
    ],
)
def test_a_file_outside_the_artefact_is_not_read(tmp_path: Path, inside: str) -> None:
    (tmp_path / "secret.xml").write_text("<secret/>")
    own = tmp_path / "own"
    own.mkdir()
    (own / "own.sch").write_text(
        '<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">'
        f"<pattern>{inside}</pattern></schema>"
    )
    found = said(Judge(own), '<a p="../secret"/>', "own.sch")
    assert [one.kind for one in found] == ["broken"]


def test_xslt_that_reads_or_writes_is_refused(tmp_path: Path) -> None:
    schema = """<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"
     xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:f="urn:f">
    <xsl:function name="f:out"><xsl:result-document href="x"><a/></xsl:result-document></xsl:function>
    <pattern><rule context="a"><assert test="true()"/></rule></pattern></schema>"""
    (tmp_path / "own.sch").write_text(schema)
    with pytest.raises(SchematronError):
        stylesheet.compiled(schematron.read(tmp_path / "own.sch", tmp_path), "")


@pytest.mark.parametrize("href", ["../outside.sch", "/etc/passwd", "absent.sch"])
def test_nothing_is_included_from_outside(tmp_path: Path, href: str) -> None:
    (tmp_path / "outside.sch").write_text('<pattern xmlns="http://purl.oclc.org/dsdl/schematron"/>')
    own = tmp_path / "own"
    own.mkdir()
    (own / "own.sch").write_text(
        f'<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"><include href="{href}"/></schema>'
    )
    assert schematron.read(own / "own.sch", own).missing == (href,)


@pytest.mark.parametrize(
    "text",
    [
        "<schema/>", "<a", '<!DOCTYPE a [<!ENTITY x "y">]><schema xmlns="http://purl.oclc.org/dsdl/schematron"/>',
        '<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xquery"/>',
        '<schema xmlns="http://purl.oclc.org/dsdl/schematron"><pattern is-a="none"/></schema>',
    ],
)  # fmt: skip
def test_what_is_not_a_schematron_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "own.sch").write_text(text)
    with pytest.raises(SchematronError):
        schematron.read(tmp_path / "own.sch", tmp_path)


def test_endless_includes_and_extensions_end(tmp_path: Path) -> None:
    own = tmp_path / "own.sch"
    own.write_text('<schema xmlns="http://purl.oclc.org/dsdl/schematron"><include href="own.sch"/></schema>')
    with pytest.raises(SchematronError):
        schematron.read(own, tmp_path)
    own.write_text(
        '<schema xmlns="http://purl.oclc.org/dsdl/schematron"><pattern>'
        '<rule abstract="true" id="a"><let name="x" value="$y"/><extends rule="a"/><assert test="$y"/></rule>'
        '<rule context="b"><let name="y" value="1"/><extends rule="a"/></rule></pattern></schema>'
    )
    with pytest.raises(SchematronError):
        stylesheet.compiled(schematron.read(own, tmp_path), "")


def test_the_model_is_chosen_by_template_then_version_then_code(kit_folder: Path) -> None:
    document = etree.fromstring(invented.DOCUMENT.encode())
    model = kit.model_of(document)
    assert model is not None
    assert kit.schema_of(kit_folder, model) == MODEL
    other = etree.fromstring(changed("1.2.250.1.213.1.1.1.22", "1.2.250.1.213.1.1.1.23").encode())
    model = kit.model_of(other)
    assert model is not None
    assert kit.schema_of(kit_folder, model) is None
    assert kit.model_of(etree.fromstring(changed("1.2.250.1.213.1.1.1.22", "1.2.3").encode())) is None


def test_a_kept_stylesheet_gives_the_same(judge: Judge, kit_folder: Path) -> None:
    first = said(judge, changed('code="74207-2"', 'code="X"'))
    assert judge.cache is not None
    assert list(judge.cache.iterdir())
    again = said(Judge(kit_folder, judge.cache), changed('code="74207-2"', 'code="X"'))
    assert [(a.digest, a.message) for a in again] == [(a.digest, a.message) for a in first]


def test_saxon_gets_no_dtd() -> None:
    text = '<!DOCTYPE a [<!ENTITY x "y"><!ATTLIST a b CDATA "c">]><a/>'
    root = etree.fromstring(text, etree.XMLParser(resolve_entities=False))
    assert "c" not in str(Saxon().tree(root))


def test_a_schema_without_a_binding_is_xslt_1(tmp_path: Path) -> None:
    schema = """<schema xmlns="http://purl.oclc.org/dsdl/schematron"><pattern>
    <rule context="a"><assert test="string-length(b) = 1">first only</assert></rule></pattern></schema>"""
    (tmp_path / "own.sch").write_text(schema)
    found = said(Judge(tmp_path), "<r><a><b>x</b><b>yy</b></a><a><b>xx</b></a></r>", "own.sch")
    assert [(one.kind, one.message) for one in found] == [("assert", "first only")]
