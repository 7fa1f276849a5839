"""XPath as text: parameters, variables, alternatives, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.official.expressions import (
    SchematronError,
    alternatives,
    reached,
    safe,
    selecting,
    tokens,
    variables,
    with_parameters,
)


@given(st.text(max_size=60))
def test_no_character_is_lost_in_tokens(text: str) -> None:
    assert "".join(token for _, token in tokens(text)) == text


def test_parameters_replace_variables_and_not_what_looks_like_them() -> None:
    text = "cda:a[@b = '$x'] | $x/c[$xy]"
    assert with_parameters(text, {"x": "cda:d"}) == "cda:a[@b = '$x'] | cda:d/c[$xy]"


def test_variables_that_an_expression_binds_are_not_read() -> None:
    assert variables("every $e in $all satisfies $e[@a = $b]") == {"all", "b"}
    assert variables("let $x := $y return $x") == {"y"}
    assert variables("'$no' (: $neither :)") == set()


def test_alternatives_are_split_outside_brackets_only() -> None:
    assert alternatives("a[b|c] | d/(e|f) union g") == ["a[b|c]", "d/(e|f)", "g"]
    assert selecting("/a | b[c]") == "/a | //b[c]"
    assert reached("a/@b | c[@d]") == {"@"}
    assert reached("a[@b]") == set()


def test_files_are_read_through_our_functions() -> None:
    assert safe("document($p)//x[doc-available('y')]") == "dui:doc($p)//x[dui:doc-available('y')]"
    assert safe("doc/@x = 'doc(1)'") == "doc/@x = 'doc(1)'"
    assert safe("fn:doc (: so :) ('a')") == "dui:doc  ('a')"


@pytest.mark.parametrize(
    "text",
    [
        "unparsed-text('/etc/passwd')", "fn:collection('x')", "environment-variable('HOME')", "doc#1",
        "function-lookup(xs:QName('fn:doc'), 1)", "Q{http://www.w3.org/2005/xpath-functions}doc('x')",
        "saxon:evaluate('1')", "json-doc('x')", "transform(map{})", "system-property('x')", "my:own(1)",
    ],
)  # fmt: skip
def test_what_reaches_beyond_is_refused(text: str) -> None:
    with pytest.raises(SchematronError):
        safe(text)


def test_functions_of_the_schema_itself_are_its_own() -> None:
    assert safe("my:own(1)", {"my:own"}) == "my:own(1)"
