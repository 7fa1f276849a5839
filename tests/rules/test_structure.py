"""The structure of a CDA: what the model admits, what is said of what it does not, and at what cost."""

import random
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from bench.structure_operators import OPERATORS
from lxml import etree

from dui_conformance.data import profiles_root, read_yaml
from dui_conformance.rules import catalogue, structure
from dui_conformance.rules.model import Rule, Structural
from dui_conformance.rules.mutations import mutated
from dui_conformance.rules.structure_content import ContentError, Leaf, leaves, parse
from dui_conformance.rules.structure_model import HL7, Model, ModelError, read
from dui_conformance.rules.structure_shape import Name, Shape
from dui_conformance.rules.structure_words import CAUSES, Problem
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget, Element
from dui_conformance.subjects.positions import locate, path_of
from dui_conformance.text import unmark
from tests.places import READY
from tests.subjects.opening import within

CATALOGUE = catalogue.load()
CDA = CATALOGUE.structures["cda"]
DOCUMENTS = READY / "exports" / "documents"
RULES: Mapping[str, Rule] = {r.check.cause: r for r in CATALOGUE.rules.values() if isinstance(r.check, Structural)}
XSI = "http://www.w3.org/2001/XMLSchema-instance"
FIRST = "component/structuredBody/component[1]/section/entry/act"
PROBLEM = "component/structuredBody/component[2]/section/entry[1]/act"


@cache
def model() -> Model:
    return CDA.reader.model


def document(name: str = "dlu.xml", *steps: Mapping[str, Any]) -> Element:
    """The ClinicalDocument of a good fixture, after some changes."""
    data = (DOCUMENTS / name).read_bytes()
    if steps:
        _, data = mutated(lambda _: data, {"in": name, "steps": steps}, CATALOGUE.constants)
    view = open_bytes(name, data, Budget()).view
    assert view is not None
    return view


def sentences(problems: list[Problem]) -> list[str]:
    """What the rules say of problems, in English."""
    return [RULES[p.cause].message.filled(p.values).en for p in problems]


def told(*steps: Mapping[str, Any], of: str = "dlu.xml") -> list[str]:
    return sentences(CDA.problems(document(of, *steps))[0])


class TestNotation:
    """`a II, b CE?`: what a content admits, as a sequence of names."""

    @staticmethod
    def shape(text: str, groups: Mapping[str, str] | None = None) -> Shape:
        content = parse(text, groups or {}, lambda name, said: Leaf(f"{{{HL7}}}{name}", said))
        return Shape(content, HL7)

    @pytest.mark.parametrize(
        ("content", "admitted", "refused"),
        [
            ("a T", ["a"], ["", "aa", "b"]),
            ("a T?", ["", "a"], ["aa"]),
            ("a T*", ["", "a", "aaa"], ["b"]),
            ("a T+", ["a", "aa"], [""]),
            ("a T{2,}", ["aa", "aaa"], ["a"]),
            ("a T, b T?", ["a", "ab"], ["ba", "b", "abb"]),
            ("a T | b T", ["a", "b"], ["", "ab"]),
            ("(a T | b T)*, c T", ["c", "abac"], ["ca", "ab"]),
            ("(a T, b T?)?, c T", ["c", "ac", "abc"], ["bc"]),
            ("a T?, (b T | c T?)", ["ab", "ac", "a", ""], ["abc"]),
            ("...ends(T, U), z T", ["az", "bz"], ["z", "abz"]),
        ],
    )
    def test_what_is_admitted(self, content: str, admitted: list[str], refused: list[str]) -> None:
        shape = self.shape(content, {"ends(x, y)": "a x | b y"})
        for names in admitted:
            assert shape.admits([f"{{{HL7}}}{name}" for name in names]), names
        for names in refused:
            assert not shape.admits([f"{{{HL7}}}{name}" for name in names]), names

    def test_a_parameter_is_a_type(self) -> None:
        shape = self.shape("...ends(T, U)", {"ends(x, y)": "x x | b y"})
        assert {leaf.tag.rpartition("}")[2]: leaf.type for leaf in leaves(shape.content)} == {"x": "T", "b": "U"}

    def test_an_element_of_another_namespace(self) -> None:
        shape = self.shape("a T?, other-namespace?")
        assert shape.admits(["{urn:x}b"])
        assert shape.admits([f"{{{HL7}}}a", "{urn:x}a"])
        assert not shape.admits(["b"]), "an element of no namespace is not one of another namespace (XML Schema §3.10)"
        assert not shape.admits(["{urn:x}b", "{urn:x}b"])

    @pytest.mark.parametrize("wrong", ["a T,", "a T b", "(a T", "a T, b T | c T", "a T)", "...nothing", "a T $"])
    def test_what_is_not_in_it_is_refused(self, wrong: str) -> None:
        with pytest.raises(ContentError):
            self.shape(wrong)

    def test_a_content_in_a_line(self) -> None:
        shape = self.shape("(low T, (width T | high T)?) | high T | (width T, high T?) | (center T, width T?)")
        assert shape.told(Name({"hl7": HL7}, HL7)) == "low [width | high] | high | width [high] | center [width]"
        order = [next(iter(place.limits)).rpartition("}")[2] for place in shape.places]
        assert order == ["low", "center", "width", "high"], "no sequence is contradicted"


class TestModel:
    def test_the_header_in_its_order(self) -> None:
        content = model().types["hl7:POCD_MT000040.ClinicalDocument"].content
        required = [leaf.tag.rpartition("}")[2] for leaf in leaves(content) if leaf.low]
        assert required == [
            *("typeId", "id", "code", "effectiveTime", "confidentialityCode", "recordTarget", "author", "custodian"),
            "component",
        ]

    @pytest.mark.parametrize(
        ("name", "ancestors"),
        [
            ("CE", ["CD", "ANY"]),
            ("CS", ["CV", "CE", "CD", "ANY"]),
            ("ST", ["ED", "BIN", "ANY"]),
            ("IVL_TS", ["SXCM_TS", "TS", "QTY", "ANY"]),
            ("PN", ["EN", "ANY"]),
            ("adxp.city", ["ADXP", "ST", "ED", "BIN", "ANY"]),
        ],
    )
    def test_data_types_derive_from_one_another(self, name: str, ancestors: list[str]) -> None:
        type_ = model().types[f"hl7:{name}"]
        found = []
        while type_.base:
            type_ = model().types[type_.base]
            found.append(type_.name)
        assert found == ancestors

    def test_a_restriction_takes_attributes_away(self) -> None:
        assert {"codeSystem", "displayName"} <= model().types["hl7:CV"].attributes.keys()
        assert model().types["hl7:CS"].attributes.keys() & {"codeSystem", "displayName"} == set()
        assert "nullFlavor" not in model().types["hl7:BN"].attributes

    def test_a_domain_holds_those_that_it_includes(self) -> None:
        codes = model().values["EntityClass"].codes
        assert {"PSN", "ORG", "NAT", "DEV"} <= set(codes)
        assert len(codes) == len(set(codes))

    def test_no_code_is_written_twice(self) -> None:
        for value in model().values.values():
            assert len(value.codes) == len(set(value.codes)), value.name

    def test_every_type_can_be_met(self) -> None:
        """A type that no element and no xsi:type can reach is dead."""
        met: set[str] = set()
        todo = [leaf.type for leaf in model().elements.values()]
        while todo:
            key = todo.pop()
            if key in met or key not in model().types:
                continue
            met.add(key)
            todo += [leaf.type for leaf in leaves(model().types[key].content)]
            todo += [t.key for t in model().types.values() if t.base == key]
        bases = {t.base for t in model().types.values()}
        groups = {"hl7:POCD_MT000040.InfrastructureRoot", "pharm:InfrastructureRoot"}  # what others begin with
        dead = {key for key in model().types.keys() - met - bases - groups if not key.startswith(("pharm:", "ps3-20:"))}
        assert dead <= {"hl7:GLIST_PQ", "hl7:SLIST_PQ"} | {key for key in dead if "hl7:ANY" in _lineage(key)}

    @pytest.mark.parametrize(
        ("tables", "why"),
        [
            ({"types": {"A": {"content": "b B"}}}, "no type B"),
            ({"types": {"A": {"content": "b A,"}}}, "a name is expected"),
            ({"types": {"A": {"content": "x:b"}}}, "x"),
            ({"types": {"A": {"attributes": {"b": "none"}}}}, "no value none"),
            ({"types": {"A": {"attributes": {"b": "st ! x"}}}}, "notation of an attribute"),
        ],
    )
    def test_tables_that_do_not_hold_together(self, tables: dict[str, Any], why: str) -> None:
        values = {"values": {"st": {"base": "string"}}}
        with pytest.raises((ModelError, KeyError), match=why):
            read({"values": values, "small": {"namespace": "hl7", **tables}})


def _lineage(key: str) -> list[str]:
    found = []
    while key:
        found.append(key)
        key = model().types[key].base
    return found


class TestGoodDocuments:
    @pytest.mark.parametrize("path", sorted(DOCUMENTS.glob("*.xml")), ids=lambda path: path.name)
    def test_they_follow_the_model(self, path: Any) -> None:
        view = document(path.name)
        assert sentences(CDA.problems(view)[0]) == []
        assert sentences(CDA.reader.problems(view)[0]) == [], "the two readings agree"

    def test_what_the_extended_schema_adds(self) -> None:
        patient = "recordTarget/patientRole/patient"
        assert told({"insert": "<sdtc:deceasedInd value='false'/>", "after": f"{patient}/birthTime"}) == []
        status = '<lab:statusCode code="active"/>'
        assert told({"insert": status, "before": "documentationOf/serviceEvent/effectiveTime"}) == []
        order = '<order><id root="2.999"/><ps3-20:accessionNumber root="2.999" extension="1"/></order>'
        request = f"<inFulfillmentOf>{order}</inFulfillmentOf>"
        assert told({"insert": request, "before": "documentationOf[1]"}) == []

    def test_a_medicine_of_the_pharmacy_domain(self) -> None:
        entry = "component/structuredBody/component[5]/section/entry[1]"
        material = f"{entry}/substanceAdministration/consumable/manufacturedProduct/manufacturedMaterial"
        form = "<pharm:formCode code='1'><pharm:originalText>comprimé</pharm:originalText></pharm:formCode>"
        assert told({"insert": form, "into": material}) == []
        of_the_cda = form.replace("pharm:originalText", "originalText")
        assert told({"insert": of_the_cda, "into": material}) == [
            "originalText is not an element of pharm:formCode; expected there: pharm:originalText, pharm:translation."
        ]
        nil = '<pharm:asContent xsi:nil="true" classCode="CONT"/>'
        assert told({"insert": nil, "into": material}) == []
        assert told({"insert": nil.replace("/>", "> </pharm:asContent>"), "into": material}) == [
            "pharm:asContent holds blanks (space, line feed); it must stay empty."
        ]

    def test_open_content_is_open(self) -> None:
        role = f"{FIRST}/participant[1]/participantRole"
        function = '<functionCode a="b"><x xmlns="urn:x">y</x></functionCode>'
        assert told({"insert": function, "first_in": role}) == []
        bad = '<functionCode><sdtc:deceasedInd value="non"/></functionCode>'
        assert told({"insert": bad, "first_in": role}) == ["@value of sdtc:deceasedInd: “non” is not true or false."]


PATIENT = "recordTarget/patientRole/patient"
CELL = "component/structuredBody/component[1]/section/text/descendant::td[1]"
SENTENCES: list[tuple[dict[str, str], str]] = [
    (
        {"insert": '<maritalStatusCode nullFlavor="UNK"/>', "before": f"{PATIENT}/birthTime"},
        "birthTime must come before maritalStatusCode in patient.",
    ),
    (
        {"insert": '<raceCode nullFlavor="UNK"/>', "first_in": PATIENT},
        "birthTime must come before raceCode in patient.",
    ),
    (
        {"rename": f"{PATIENT}/birthTime", "to": "birthtime"},
        "birthtime is not an element of patient; expected there: birthTime, sdtc:deceasedInd, "
        "sdtc:deceasedTime, sdtc:multipleBirthInd, sdtc:multipleBirthOrderNumber, maritalStatusCode, "
        "religiousAffiliationCode, raceCode, sdtc:raceCode, ethnicGroupCode, sdtc:ethnicGroupCode, "
        "guardian.",
    ),
    (
        {"insert": '<deceasedInd value="true"/>', "after": f"{PATIENT}/birthTime"},
        "deceasedInd is not an element of patient; expected there: sdtc:deceasedInd, sdtc:deceasedTime, "
        "sdtc:multipleBirthInd, sdtc:multipleBirthOrderNumber, maritalStatusCode, "
        "religiousAffiliationCode, raceCode, sdtc:raceCode, ethnicGroupCode, sdtc:ethnicGroupCode, "
        "guardian.",
    ),
    (
        {"insert": '<x xmlns="urn:ailleurs"/>', "into": FIRST},
        'x (xmlns="urn:ailleurs") is not an element of act; expected there: participant, '
        "entryRelationship, reference, precondition, sdtc:inFulfillmentOf1.",
    ),
    (
        {"delete": f"{FIRST}/code"},
        "code is missing in act.",
    ),
    (
        {"insert": "<entry/>", "into": "component/structuredBody/component[1]/section"},
        "act | encounter | observation | observationMedia | organizer | procedure | regionOfInterest | "
        "substanceAdministration | supply is missing in entry.",
    ),
    (
        {"duplicate": f"{FIRST}/effectiveTime"},
        "effectiveTime is written 2 times in act, instead of 1 at most.",
    ),
    (
        {"insert": '<center value="2010"/>', "after": f"{PROBLEM}/effectiveTime/low"},
        "low, center, high: do not go together in effectiveTime; admitted: low [width | high] | high | "
        "width [high] | center [width].",
    ),
    (
        {"insert": "à revoir", "into": FIRST},
        "act admits no text: “à revoir”.",
    ),
    (
        {"set": f"{FIRST}/id", "to": "\n"},
        "id holds blanks (space, line feed); it must stay empty.",
    ),
    (
        {"set": f"{FIRST}/id/@Extension", "to": "1"},
        "Attribute Extension is not allowed on id; allowed: extension, nullFlavor, "
        "assigningAuthorityName, displayable.",
    ),
    (
        {"set": f"{FIRST}/@xsi:nil", "to": "true"},
        "Attribute xsi:nil is not allowed on act; allowed: nothing.",
    ),
    (
        {"delete": f"{PROBLEM}/entryRelationship[1]/@typeCode"},
        "Attribute typeCode is missing on entryRelationship; expected: CAUS, COMP, GEVL, MFST, REFR, "
        "RSON, SAS, SPRT, SUBJ, XCRPT.",
    ),
    (
        {"set": f"{PROBLEM}/effectiveTime/low/@value", "to": "1er mars"},
        "@value of low: “1er mars” is not a date (TS: YYYYMMDD or YYYYMMDDhhmmss+zone).",
    ),
    (
        {"set": f"{PROBLEM}/entryRelationship[1]/@inversionInd", "to": "1"},
        "@inversionInd of entryRelationship: “1” is not true or false.",
    ),
    (
        {"set": f"{FIRST}/@classCode", "to": "act"},
        "@classCode of act: “act” is not admitted; expected: ACT, ACCM, ACSN, AEXPOS, CONS, CONTREG, "
        "CTTEVENT, DISPACT, EXPOS, INC, INFRM, LIST… (21).",
    ),
    (
        {"set": "component/structuredBody/@moodCode", "to": "INT"},
        "@moodCode of structuredBody: “INT” is not admitted; expected: EVN.",
    ),
    (
        {"delete": f"{PROBLEM}/entryRelationship[1]/observation/value/@xsi:type"},
        "value has no xsi:type: nothing tells of what type the value is.",
    ),
    (
        {"set": f"{PROBLEM}/entryRelationship[1]/observation/value/@xsi:type", "to": "ANY"},
        "xsi:type of value: “ANY” is an abstract type.",
    ),
    (
        {"set": f"{PROBLEM}/effectiveTime/@xsi:type", "to": "TS"},
        "xsi:type of effectiveTime: “TS” is not derived from IVL_TS.",
    ),
    (
        {"set": f"{PROBLEM}/effectiveTime/@xsi:type", "to": "IVL"},
        "xsi:type of effectiveTime: “IVL” is not a type of the CDA.",
    ),
    (
        {"insert": '<footnoteRef IDREF="nulle-part"/>', "into": CELL},
        "@IDREF of footnoteRef: “nulle-part” is not the ID of an element of the document.",
    ),
    (
        {"insert": "<br>x</br>", "into": CELL},
        "br admits no text: “x”.",
    ),
    (
        {"insert": "<b>x</b>", "into": "component/structuredBody/component[1]/section/title"},
        "b is not an element of title; expected there: nothing.",
    ),
]


class TestWords:
    @pytest.mark.parametrize(("change", "expected"), SENTENCES, ids=[sentence[:40] for _, sentence in SENTENCES])
    def test_one_fault_one_sentence(self, change: dict[str, str], expected: str) -> None:
        assert told(change) == [expected]

    def test_every_fault_is_told_and_not_the_first_alone(self) -> None:
        """libxml2 skips what follows an unexpected element among its siblings."""
        said = told(
            {"rename": "recordTarget", "to": "RecordTarget"},
            {"duplicate": "custodian"},
            {"set": "component/structuredBody/component[1]/section/entry/act/@moodCode", "to": "x"},
        )
        assert [sentence.split()[0] for sentence in said] == ["RecordTarget", "custodian", "@moodCode"]

    def test_a_misnamed_element_is_not_missing_as_well(self) -> None:
        assert told({"rename": "custodian/assignedCustodian", "to": "AssignedCustodian"}) == [
            "AssignedCustodian is not an element of custodian; expected there: assignedCustodian, realmCode, typeId,"
            " templateId."
        ]

    def test_what_moved_is_told_and_not_what_stayed(self) -> None:
        view = document()
        (custodian,) = view.findall(f"{{{HL7}}}custodian")
        view.insert(0, custodian)
        assert sentences(CDA.problems(view)[0]) == ["informant must come before custodian in ClinicalDocument."]
        assert [path_of(p.node) for p in CDA.problems(view)[0]] == ["/ClinicalDocument/custodian"]

    @pytest.mark.parametrize("cause", CAUSES)
    def test_a_problem_shows_the_values_of_its_cause(self, cause: str) -> None:
        shown = {
            frozenset(p.values)
            for change, _ in SENTENCES
            for p in CDA.problems(document("dlu.xml", change))[0]
            if p.cause == cause
        }
        assert shown == {CAUSES[cause]}

    def test_every_cause_has_its_rule(self) -> None:
        assert set(RULES) == set(CAUSES)
        assert all(rule.level == "error" and rule.secondary for rule in RULES.values())

    def test_both_languages(self) -> None:
        (problem,) = CDA.problems(document("dlu.xml", {"set": f"{FIRST}/id/@root", "to": "x y"}))[0]
        message = RULES[problem.cause].message.filled(problem.values)
        assert message.fr == "@root de id : « x y » n'est pas un OID ou un UUID."
        assert message.en == "@root of id: “x y” is not an OID or a UUID."

    def test_the_place_is_exact(self) -> None:
        data = (
            (DOCUMENTS / "dlu.xml")
            .read_bytes()
            .replace(b'<statusCode code="normal"/>', b'\n   <statuscode code="normal"/>', 1)
        )
        subject = open_bytes("dlu.xml", data, Budget())
        assert subject.view is not None
        (problem,) = CDA.problems(subject.view)[0]
        place = locate(subject, problem.node)
        assert place.line == data[: data.index(b"<statuscode")].count(b"\n") + 1
        assert place.column == 4

    def test_personal_values_are_declared(self) -> None:
        assert {cause: set(rule.personal) for cause, rule in RULES.items() if rule.personal} == {
            "text": {"text"},
            "bad_value": {"value"},
        }


class TestSelfPresenting:
    WRAPPED = (
        '<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0" xmlns:c="{hl7}" xmlns:i="{xsi}">'
        '<x:variable name="doc">{document}</x:variable></x:stylesheet>'
    )

    def test_the_document_inside_is_judged(self) -> None:
        view = document("dlu-auto-presentable.xml")
        assert view.getparent() is not None
        assert CDA.problems(view) == ([], {})
        next(view.iter(f"{{{HL7}}}custodian")).tag = f"{{{HL7}}}gardien"
        (problem,) = CDA.problems(view)[0]
        assert (problem.cause, path_of(problem.node).count("ClinicalDocument")) == ("unknown_element", 1)

    def test_namespaces_declared_above_it_are_seen(self) -> None:
        inner = etree.tostring(document(), encoding="unicode")
        value = f'xmlns:xsi="{XSI}"'
        assert value in inner
        inner = inner.replace("<ClinicalDocument", "<ClinicalDocument", 1).replace('xsi:type="CD"', 'i:type="c:CD"')
        text = self.WRAPPED.format(hl7=HL7, xsi=XSI, document=inner)
        view = open_bytes("x.xml", text.encode(), Budget()).view
        assert view is not None
        assert view.getparent() is not None
        assert "c:CD" in inner
        assert sentences(CDA.problems(view)[0]) == []
        assert sentences(CDA.reader.problems(view)[0]) == []


class TestTwoReadings:
    """libxml2 says yes or no, our reader tells why: they must never contradict each other."""

    @pytest.mark.parametrize("name", ["dlu.xml", "fludt.xml", "projet-personnalise.xml", "dlu-auto-presentable.xml"])
    def test_they_agree_on_whatever_is_done_to_a_document(self, name: str) -> None:
        rng = random.Random(name)  # noqa: S311
        for operator in OPERATORS.values():
            for _ in range(12):
                view = document(name)
                changes = [
                    operator(view, rng),
                    *(rng.choice(list(OPERATORS.values()))(view, rng) for _ in range(rng.randint(0, 2))),
                ]
                problems, _ = CDA.problems(view)  # raises if the schema refuses and the reader finds nothing
                assert bool(problems) == bool(CDA.reader.problems(view)[0]), changes

    def test_a_contradiction_is_a_defect_of_the_tool(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(type(CDA.reader), "problems", lambda *_: ([], {}))
        with pytest.raises(structure.StructureError):
            CDA.problems(document("dlu.xml", {"delete": "custodian"}))


class TestHostile:
    @staticmethod
    def around(inner: str) -> Element:
        return etree.fromstring(f'<ClinicalDocument xmlns="{HL7}" xmlns:xsi="{XSI}">{inner}</ClinicalDocument>')

    def test_nothing_but_errors(self) -> None:
        view = self.around('<templateId root="a b"/>' * 100_000)
        with within(20):
            problems, more = CDA.problems(view)
        assert len([p for p in problems if p.cause == "bad_value"]) == 100
        assert more["bad_value"] > 10_000

    def test_as_many_errors_as_libxml2_is_asked_about(self) -> None:
        section = "<component><section>" + '<templateId root="a b"/>' * 900 + "</section></component>"
        with within(20):
            problems, more = CDA.problems(
                self.around(f"<component><structuredBody>{section * 21}</structuredBody></component>")
            )
        assert more["bad_value"] == 21 * 900 - 100
        assert problems

    @pytest.mark.parametrize(
        "inner",
        [
            "<x/>" * 60_000,
            "".join(f"<x{n}/>" for n in range(40_000)),
            '<id root="1.2"/><code/>' * 40_000,
            "<author/>" * 60_000,
            "".join(f'<templateId root="{n} {n}"/>' for n in range(40_000)),
            "<recordTarget><patientRole>" + "<id/><addr/>" * 40_000 + "</patientRole></recordTarget>",
            "<component>" * 240 + "</component>" * 240,
            f"<{'x' * 40_000}/>" * 20,
        ],
        ids=["unknown", "all different", "out of order", "repeated", "values", "alternating", "deep", "long names"],
    )
    def test_time_grows_with_the_size_alone(self, inner: str) -> None:
        view = self.around(inner)
        with within(20):
            assert CDA.problems(view)[0]

    def test_a_large_document_that_is_right(self) -> None:
        row = "<tr><td>x</td></tr>" * 500
        table = f"<text><table><tbody>{row}</tbody></table></text>"
        view = document()
        section = next(view.iter(f"{{{HL7}}}section"))
        text = etree.fromstring(f'<r xmlns="{HL7}">{table * 30}</r>')
        old = section.find(f"{{{HL7}}}text")
        assert old is not None
        for child in list(old):
            old.remove(child)
        old.text = None
        for child in text.iter(f"{{{HL7}}}table"):
            old.append(child)
        assert structure._LARGE(view)
        problems, _ = CDA.problems(view)
        assert {unmark(s, str) for s in sentences(problems)} <= {s for s in sentences(problems) if "IDREF" in s}

    def test_what_is_not_a_clinical_document_is_not_judged(self) -> None:
        assert not CDA.judges(etree.fromstring('<ClinicalDocument xmlns="urn:hl7-org:v2"/>'))
        assert CDA.judges(etree.fromstring(f'<ClinicalDocument xmlns="{HL7}"/>'))


class TestKept:
    def test_the_schema_is_compiled_from_what_the_catalogue_keeps(self) -> None:
        made = structure.kept(profiles_root())["cda"]
        fresh = structure.Structure(**made)
        assert fresh.schemas == CDA.schemas, "what is kept is stale: raise catalogue._FORMAT"
        assert fresh.schema.validate(document())

    def test_it_reaches_for_nothing(self) -> None:
        texts = {**CDA.schemas, "hl7": CDA.schemas["hl7"].replace('"structure:sdtc"', '"file:///etc/passwd"')}
        with pytest.raises(etree.XMLSchemaParseError):
            _ = structure.Structure(CDA.tables, texts, CDA.references).schema

    def test_every_file_of_the_model_says_its_source(self) -> None:
        for path in structure.files(profiles_root()):
            head = path.read_text(encoding="utf-8").split("\n\n")[0]
            assert "# Source:" in head, path.name
            assert read_yaml(path)

    def test_the_attributes_that_point(self) -> None:
        found = {tag.removeprefix(f"{{{HL7}}}"): names for tag, names in CDA.references.items()}
        assert found == {
            "footnoteRef": ["IDREF"],
            "renderMultiMedia": ["referencedObject"],
            "td": ["headers"],
            "th": ["headers"],
        }
