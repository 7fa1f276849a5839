"""The XPath dialect of the rules means what its documentation says.

The reference for everything but the macros: an expression rewritten for a document in a namespace selects what the
same expression, as it stands, selects in the same document without one.
"""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from dui_conformance.rules.xpath import Battery, Constants, DialectError, Expression, compiled, rewrite

CONSTANTS = Constants(
    {"LOINC": "2.16.840.1.113883.6.1", "WORD": "and"},
    {"INS": ["1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9"], "ONE": ["x"], "NONE": []},
)
NAMES = ("a", "b", "div", "mod", "and", "or", "text", "id")
SOURCE = """<a {}><b x="1" y="2">t<id root="r"/></b><div x="3"><and/><or y="4">o</or><mod>5</mod></div>
<text>v<!-- c --></text><b y="6"><b x="7"><id/></b></b><id root="r" x="">w</id></a>"""
BARE = etree.fromstring(SOURCE.format(""))
SPACED = etree.fromstring(SOURCE.format('xmlns="urn:hl7-org:v3"'))


def on(expression: str, node: Any = SPACED, kind: str = "cda") -> Any:
    return compiled(Expression(expression, kind, CONSTANTS).text, knows_bearer=True)(node)


def told(found: Any) -> Any:
    """A result that can be compared between the two documents."""
    if not isinstance(found, list):
        return "nan" if found != found else found
    return [(_rank(item), getattr(item, "attrname", ""), None if _is_node(item) else str(item)) for item in found]


def _is_node(item: Any) -> bool:
    return isinstance(item, etree._Element)


def _rank(item: Any) -> int:
    node = item if _is_node(item) else item.getparent()
    return list(node.getroottree().iter()).index(node)


# expressions of XPath 1.0 without macros; names that are also operators are the traps
_names = st.sampled_from((*NAMES, "*"))
_axes = st.sampled_from(
    ("", "", "", "child::", "descendant::", "descendant-or-self::", "parent::", "ancestor::", "self::",
     "following-sibling::", "preceding-sibling::", "following::", "attribute::")
)  # fmt: skip
_attributes = st.sampled_from(("@x", "@y", "@root", "@*", "attribute::x"))
_types = st.sampled_from(("text()", "node()", "comment()", ".", ".."))
_blanks = st.sampled_from(("", " ", "\n "))


def _predicated(step: st.SearchStrategy[str], inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(step, st.one_of(st.just(""), inner.map(lambda e: f"[{e}]"))).map("".join)


def _paths(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    step = st.one_of(st.tuples(_axes, _names).map("".join), _attributes, _types)
    steps = st.one_of(_predicated(st.tuples(_axes, _names).map("".join), inner), step)
    return st.lists(steps, min_size=1, max_size=3).flatmap(
        lambda parts: st.sampled_from(("/", "//")).map(lambda slash: slash.join(parts))
    )


def _values(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    path = _paths(inner)
    call = st.one_of(
        st.sampled_from(("count", "not", "string", "normalize-space", "boolean", "string-length")).flatmap(
            lambda name: path.map(lambda p: f"{name}({p})")
        ),
        st.tuples(path, _blanks).map(lambda t: f"concat({t[0]},{t[1]}'z', \"and\")"),
        st.just("position()"),
        st.just("last()"),
    )
    return st.one_of(path, call, st.sampled_from(("1", "2.5", "'and'", '"div"', "$WORD", "true()")))


def _binary(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(("and", "or", "=", "!=", "<", ">=", "+", "-", "div", "mod", "*"))
    return st.tuples(inner, operators, inner).map(lambda t: f"{t[0]} {t[1]} {t[2]}")


EXPRESSIONS = st.recursive(
    st.sampled_from(("true()", "@x", "b", "div", "and", "1")),
    lambda inner: st.one_of(_values(inner), _binary(_values(inner)), inner.map(lambda e: f"({e})")),
    max_leaves=6,
)


@settings(max_examples=600, deadline=None, derandomize=True)
@given(EXPRESSIONS)
def test_an_expression_means_the_same_in_the_namespace(expression: str) -> None:
    plain = expression.replace("$WORD", "'and'")
    try:
        reference = etree.XPath(plain)
    except etree.XPathSyntaxError:
        return  # `text() div` and the like: not XPath, before or after
    for bare, spaced in zip(BARE.iter("*"), SPACED.iter("*"), strict=True):
        try:
            expected = told(reference(bare))
        except etree.XPathEvalError:
            return
        assert told(on(expression, spaced)) == expected, rewrite(expression, "h", CONSTANTS)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(EXPRESSIONS)
def test_without_a_namespace_plain_xpath_is_left_alone(expression: str) -> None:
    assert rewrite(expression, "", CONSTANTS) == expression.replace("$WORD", "'and'")


@pytest.mark.parametrize(
    ("expression", "rewritten"),
    [
        (
            "recordTarget/patientRole/id[@root = $LOINC]",
            "h:recordTarget/h:patientRole/h:id[@root = '2.16.840.1.113883.6.1']",
        ),
        ("div div div", "h:div div h:div"),
        ("and and or or or", "h:and and h:or or h:or"),
        ("* * *", "* * *"),
        ("sdtc:deceasedInd and xsi:nil", "sdtc:deceasedInd and xsi:nil"),
        ("h:*", "h:*"),
        ("descendant::section/@ID", "descendant::h:section/@ID"),
        ("attribute::code", "attribute::code"),
        ("processing-instruction()", "processing-instruction()"),
        ("id[1]/../id", "h:id[1]/../h:id"),
        ("a[. = 'div']", "h:a[. = 'div']"),
        ("count(a)-count(b)", "count(h:a)-count(h:b)"),
        ("a-b", "h:a-b"),
        ("header(name)[family]", "*[not(self::h:component)]/descendant-or-self::h:name[h:family]"),
    ],
)
def test_rewriting(expression: str, rewritten: str) -> None:
    assert rewrite(expression, "h", CONSTANTS) == rewritten
    compiled(rewritten)


@pytest.mark.parametrize(
    "expression",
    [
        "$NOBODY",
        "in(NOBODY, @x)",
        "in(INS)",
        "in(INS, @x",
        "a # b",
        "in(INS, @x, @y)",
        "matches(@x",
        "'open",
        "blank(",
        "in"[:1] + "n(",
    ],
)
def test_what_is_not_in_the_dialect_is_refused_by_name(expression: str) -> None:
    with pytest.raises(DialectError) as refused:
        compiled(rewrite(expression, "h", CONSTANTS))
    assert expression in str(refused.value) or "h:" in str(refused.value)


_words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)


class TestMacros:
    @given(
        st.one_of(
            _words, st.sampled_from((*CONSTANTS.lists["INS"], "", "|", "1.2.250.1.213.1.4.8|1.2.250.1.213.1.4.9"))
        )
    )
    @settings(max_examples=150, deadline=None, derandomize=True)
    def test_in_is_membership(self, value: str) -> None:
        node = etree.Element("x", v=value)
        for name, values in CONSTANTS.lists.items():
            assert on(f"in({name}, @v)", node) is (value in values), name

    def test_in_of_what_is_not_there_is_false(self) -> None:
        assert on("in(INS, @nothing)") is False
        assert on("in(INS, nothing/@root)") is False

    def test_in_takes_any_expression(self) -> None:
        assert on("in(ONE, concat('', substring('xy', 1, 1)))") is True
        assert on("b[in(ONE, substring-after(concat('1x', ''), @x))]") == [SPACED[0]]
        assert on("not(in(ONE, 'y')) and in(ONE, 'x')") is True

    @given(_words)
    @settings(max_examples=150, deadline=None, derandomize=True)
    def test_matches_is_python_search(self, value: str) -> None:
        node = etree.Element("x", v=value)
        for pattern in (r"^\d{2,}$", r"[éà]", r"^$", r"^\S+\s", r"^(?:[0-9]|[a-z])+$"):
            assert on(f"matches(@v, '{pattern}')", node) is bool(re.search(pattern, value)), pattern

    @given(st.text(" \t\n\r\xa0\u2003a", max_size=5))
    @settings(max_examples=100, deadline=None, derandomize=True)
    def test_blank_is_xml_white_space(self, value: str) -> None:
        node = etree.Element("x", v=value)
        assert on("blank(@v)", node) is (not value.strip(" \t\n\r"))

    def test_blank_of_what_is_not_there(self) -> None:
        assert on("blank(nothing)") is True

    def test_header_is_everything_but_the_body(self) -> None:
        source = """<ClinicalDocument xmlns="urn:hl7-org:v3"><id n="1"/><author><id n="2"/><x><id n="3"/></x></author>
        <component><id n="4"/><section><author><id n="5"/></author></section></component>
        <id n="6"/></ClinicalDocument>"""
        found = on("header(id)", etree.fromstring(source))
        assert [node.get("n") for node in found] == ["1", "2", "3", "6"]


class TestValues:
    def test_string_values(self) -> None:
        node = SPACED
        assert Expression("text", "cda", CONSTANTS).string(node) == "v"
        assert Expression("nothing", "cda", CONSTANTS).string(node) is None
        assert Expression("b/@x", "cda", CONSTANTS).strings(node) == ("1",)
        assert Expression("@nothing", "cda", CONSTANTS).string(node) is None
        assert Expression("@nothing", "cda", CONSTANTS).strings(node) == ()
        assert Expression("'fixed'", "cda", CONSTANTS).string(node) == "fixed"
        assert Expression("count(b)", "cda", CONSTANTS).string(node) == "2"
        assert Expression("1 div 2", "cda", CONSTANTS).string(node) == "0.5"
        assert Expression("b = 't'", "cda", CONSTANTS).string(node) == "true"

    def test_the_short_cut_for_an_attribute_gives_what_xpath_gives(self) -> None:
        for node in SPACED.iter("*"):
            for name in ("x", "y", "root"):
                short, long = Expression(f"@{name}", "cda", CONSTANTS), Expression(f"./@{name}", "cda", CONSTANTS)
                assert short.string(node) == long.string(node)
                assert short.strings(node) == long.strings(node)

    def test_an_attribute_in_a_namespace(self) -> None:
        node = etree.fromstring('<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CE"/>')
        assert Expression("@xsi:type", "cda", CONSTANTS).string(node) == "CE"

    def test_nodes_are_the_elements_that_bear_values(self) -> None:
        expression = Expression("b/@x | text/text()", "cda", CONSTANTS)
        assert expression.nodes(SPACED) == [SPACED[0], SPACED[2]]
        with pytest.raises(DialectError):
            Expression("count(b)", "cda", CONSTANTS).nodes(SPACED)

    def test_control_characters_do_not_pass(self) -> None:
        node = etree.fromstring("<a x='1&#x9;2&#xE000;'/>")
        assert Expression("@x", "cda", CONSTANTS).string(node) == "1 2"

    @given(st.lists(EXPRESSIONS, min_size=1, max_size=5))
    @settings(max_examples=150, deadline=None, derandomize=True)
    def test_a_battery_answers_as_each_of_its_expressions(self, sources: list[str]) -> None:
        expressions = [Expression(source, "cda", CONSTANTS) for source in sources]
        for node in SPACED.iter("*"):
            try:
                expected = "".join("1" if e.holds(node) else "0" for e in expressions)
            except (DialectError, etree.XPathEvalError):
                return
            assert Battery(expressions)(node) == expected


def test_other_kinds_have_no_namespace() -> None:
    node = etree.fromstring("<registry><DocumentEntry id='1'/></registry>")
    assert len(on("DocumentEntry[@id]", node, "xds")) == 1


class TestHl7:
    MESSAGE = etree.fromstring(
        "<message><segment name='PID'><field n='3'>"
        "<repetition><component n='1'>A</component><component n='4'><subcomponent n='2'>1.2</subcomponent></component>"
        "</repetition><repetition><component n='1'>B</component></repetition></field></segment></message>"
    )

    @pytest.mark.parametrize(
        ("expression", "found"),
        [
            ("hl7(PID-3.1)", ("A", "B")),
            ("hl7(PID-3.4.2)", ("1.2",)),
            ("hl7( PID-3 )", ("A1.2B",)),
            ("segment[@name = 'PID']/hl7(3.1)", ("A", "B")),
            ("segment[hl7(3.4.2) = '1.2']/hl7(3.1)", ("A", "B")),
            ("hl7(PID-5)", ()),
        ],
    )
    def test_a_field_of_hl7_v2(self, expression: str, found: tuple[str, ...]) -> None:
        assert Expression(expression, "hl7v2", CONSTANTS).strings(self.MESSAGE) == found

    @pytest.mark.parametrize("expression", ["hl7()", "hl7(PID)", "hl7(PID-3.1.2.4)", "hl7(pid-3)", "hl7(PID-3, 1)"])
    def test_what_is_no_field(self, expression: str) -> None:
        with pytest.raises(DialectError):
            Expression(expression, "hl7v2", CONSTANTS)
