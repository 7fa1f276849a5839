"""The XPath dialect of the rules, rewritten to XPath 1.0 for lxml.

What the dialect adds:
* an unprefixed element name is in the namespace of the subject's kind (HL7 v3 for a CDA), so that rules read
  `recordTarget/patientRole/id` and not `h:recordTarget/…`;
* `$NAME` is a scalar of `profiles/constants.yaml`;
* `in(LIST, expr)`: the string value of expr is one of a list of the constants;
* `matches(expr, 'regex')`: anchored by the regex itself (EXSLT, Python's flavour);
* `blank(expr)`: nothing but white space, or nothing;
* `header(NAME)`: every NAME in the header of a CDA, at any depth; from the ClinicalDocument, so in `for` only;
* `hl7(PID-3.4.2)`: the sub-component 2 of component 4 of each repetition of field 3 of each PID of an HL7 v2 message;
  from a segment `hl7(3.4.2)`. Fewer numbers name the component or the field;
* `resolve(expr)`: the FHIR resources that references lead to (see `references`): `resolve(subject)/identifier`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from lxml import etree

from dui_conformance.rules import references
from dui_conformance.text import plain

NAMESPACES = {
    "h": "urn:hl7-org:v3",
    "f": "http://hl7.org/fhir",
    "sdtc": "urn:hl7-org:sdtc",
    "lab": "urn:oid:1.3.6.1.4.1.19376.1.3.2",
    "pharm": "urn:ihe:pharm:medication",
    "ps3-20": "urn:dicom-org:ps3-20",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsl": "http://www.w3.org/1999/XSL/Transform",
    "rim": "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0",
    "lcm": "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0",
    "re": "http://exslt.org/regular-expressions",
    "own": "urn:dui-conformance:xpath",
}
_FUNCTIONS = {(NAMESPACES["own"], "resolve"): references.resolved}
_PREFIX_OF_KIND = {"cda": "h", "fhir": "f"}

_TOKEN = re.compile(
    r"""(?P<blank>\s+)|(?P<literal>"[^"]*"|'[^']*')|(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<axis>::)|(?P<op>//|\.\.|!=|<=|>=|[][()@,|+\-=<>/*.])
    |\$(?P<variable>[A-Za-z_][\w.-]*)|(?P<name>[A-Za-z_][\w.-]*(?::(?!:)(?:[A-Za-z_][\w.-]*|\*))?)""",
    re.VERBOSE,
)
_OPERATORS = frozenset(("and", "or", "div", "mod", "*"))  # that may stand for a name, too
_CLOSING = frozenset((")", "]", ".", "..", "*"))  # what an operand may end with


@dataclass(frozen=True, slots=True)
class Constants:
    """The named values of `profiles/constants.yaml`."""

    scalars: Mapping[str, str]
    lists: Mapping[str, Sequence[str]]
    rewritten: dict[str, str] = field(default_factory=dict)  # what `rewrite` has made under these constants


class DialectError(ValueError):
    """An expression that is not in the dialect; the message names the expression and the cause."""


def rewrite(expression: str, prefix: str, constants: Constants) -> str:
    """The expression as XPath 1.0, unprefixed names under `prefix` (empty: no namespace).

    Raises DialectError.
    """
    key = f"{prefix} {expression}"
    known = constants.rewritten.get(key)
    if known is None:
        known = constants.rewritten[key] = _rewritten(_tokens(expression), prefix, constants, expression)
    return known


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None or match.end() == at:
            raise DialectError(f"unexpected {expression[at]!r} in {expression!r}")
        kind = match.lastgroup or ""
        tokens.append((kind, match[kind]))
        at = match.end()
    return tokens


def _rewritten(tokens: list[tuple[str, str]], prefix: str, constants: Constants, whole: str) -> str:
    out: list[str] = []
    at = 0
    before = ("", "")
    while at < len(tokens):
        kind, text = tokens[at]
        following = next((token for token in tokens[at + 1 :] if token[0] != "blank"), ("", ""))
        if kind == "name" and following == ("op", "(") and text in _MACROS:
            arguments, at = _arguments(tokens, at + 1, whole)
            out.append(_MACROS[text](arguments, prefix, constants, whole))
            before = ("op", ")")
            continue
        if kind in ("name", "op") and text in _OPERATORS and _is_operand(before):
            kind = "operator"
        if kind == "variable":
            if text not in constants.scalars:
                raise DialectError(f"${text} is not a constant, in {whole!r}")
            out.append(f"'{constants.scalars[text]}'")
        elif kind == "name" and _is_element_name(text, before, following):
            out.append(f"{prefix}:{text}" if prefix else text)
        else:
            out.append(text)
        if kind == "axis":
            before = (kind, before[1])  # attribute:: is not followed by the name of an element
        elif kind != "blank":
            before = (kind, text)
        at += 1
    return "".join(out)


def _is_operand(before: tuple[str, str]) -> bool:
    """Whether what comes after is an operator if it can be (XPath 1.0 §3.7): `div div div` divides a div by a div."""
    kind, text = before
    return kind in ("name", "number", "literal", "variable") or (kind == "op" and text in _CLOSING)


def _is_element_name(text: str, before: tuple[str, str], following: tuple[str, str]) -> bool:
    if ":" in text or following in (("op", "("), ("axis", "::")):
        return False
    return before not in (("op", "@"), ("axis", "attribute"), ("axis", "namespace"))


def _arguments(tokens: list[tuple[str, str]], at: int, whole: str) -> tuple[list[list[tuple[str, str]]], int]:
    """The argument token lists of a call whose `(` comes at or after `at`, and the index after its `)`."""
    while tokens[at][0] == "blank":
        at += 1
    depth, arguments, current = 0, [], []  # type: ignore[var-annotated]
    for index in range(at, len(tokens)):
        token = tokens[index]
        if token[0] == "op" and token[1] in "([":
            depth += 1
            if depth == 1:
                continue
        elif token[0] == "op" and token[1] in ")]":
            depth -= 1
            if depth == 0:
                arguments.append(current)
                return arguments, index + 1
        elif token == ("op", ",") and depth == 1:
            arguments.append(current)
            current = []
            continue
        current.append(token)
    raise DialectError(f"a parenthesis is not closed in {whole!r}")


_Arguments = list[list[tuple[str, str]]]


def _in(arguments: _Arguments, prefix: str, constants: Constants, whole: str) -> str:
    name = "".join(text for _, text in arguments[0]).strip()
    if name not in constants.lists or len(arguments) != 2:
        raise DialectError(f"in() wants a list of the constants and an expression, in {whole!r}")
    values = "|".join(("", *constants.lists[name], ""))
    value = _rewritten(arguments[1], prefix, constants, whole)
    return f"(contains('{values}', concat('|', {value}, '|')) and not(contains({value}, '|')))"


def _matches(arguments: _Arguments, prefix: str, constants: Constants, whole: str) -> str:
    parts = [_rewritten(argument, prefix, constants, whole) for argument in arguments]
    return f"re:test({', '.join(part.strip() for part in parts)})"


def _blank(arguments: _Arguments, prefix: str, constants: Constants, whole: str) -> str:
    return f"not(normalize-space({_rewritten(arguments[0], prefix, constants, whole)}))"


def _header(arguments: _Arguments, prefix: str, constants: Constants, whole: str) -> str:
    name = _rewritten(arguments[0], prefix, constants, whole).strip()
    return f"*[not(self::h:component)]/descendant-or-self::{name}"


_V2 = re.compile(r"(?:([A-Z][A-Z0-9]{2})-)?(\d{1,3})(?:\.(\d{1,3}))?(?:\.(\d{1,3}))?")


def _hl7(arguments: _Arguments, prefix: str, constants: Constants, whole: str) -> str:
    found = _V2.fullmatch("".join(text for _, text in arguments[0]).strip()) if len(arguments) == 1 else None
    if found is None:
        raise DialectError(f"hl7() wants a field of HL7 v2 (PID-3.1), in {whole!r}")
    segment, *numbers = found.groups()
    steps = ("field[@n='{}']", "repetition/component[@n='{}']", "subcomponent[@n='{}']")
    path = "/".join(step.format(number) for step, number in zip(steps, numbers, strict=True) if number)
    return f"segment[@name='{segment}']/{path}" if segment else path


def _resolve(arguments: _Arguments, prefix: str, constants: Constants, whole: str) -> str:
    return f"own:resolve({_rewritten(arguments[0], prefix, constants, whole).strip()})"


_MACROS: dict[str, Callable[[_Arguments, str, Constants, str], str]] = {
    "in": _in,
    "matches": _matches,
    "blank": _blank,
    "header": _header,
    "hl7": _hl7,
    "resolve": _resolve,
}

_ATTRIBUTE = re.compile(r"@[A-Za-z]\w*")
_LITERAL = re.compile(r"'[^']*'")
_FIRST_STEP = re.compile(r"(?:([\w-]+):(?!:))?([A-Za-z_][\w.-]*)(?=[/\[]|$)")

Element = etree._Element
Result = list[Element] | list[str] | str | float | bool


class Expression:
    """A compiled expression of the dialect. Compiled when first used."""

    __slots__ = ("_attribute", "_compiled", "_condition", "_literal", "_selection", "first_step", "source", "text")

    def __init__(self, source: str, kind: str, constants: Constants) -> None:
        self.source = source
        self.text = rewrite(source, _PREFIX_OF_KIND.get(kind, ""), constants)
        self._compiled: etree.XPath | None = None
        self._condition: etree.XPath | None = None
        self._selection: etree.XPath | None = None
        # one attribute of the context is what predicates are given most, and ten times cheaper without XPath
        self._attribute = self.text[1:] if _ATTRIBUTE.fullmatch(self.text) else ""
        self._literal = self.text[1:-1] if _LITERAL.fullmatch(self.text) else None
        self.first_step = _first_step(self.text)

    def __call__(self, node: Element) -> Result:
        if self._compiled is None:
            self._compiled = compiled(self.text)
        return self._compiled(node)  # type: ignore[return-value]

    def nodes(self, node: Element) -> list[Element]:
        """The elements it selects (an attribute or a text stands for the element that bears it)."""
        if self._selection is None:
            self._selection = compiled(self.text, knows_bearer=True)
        found = self._selection(node)
        if not isinstance(found, list):
            raise DialectError(f"{self.source!r} does not select nodes")
        return [item if isinstance(item, Element) else _bearer(item) for item in found]

    def holds(self, node: Element) -> bool:
        """XPath's boolean() of the result, for which what is not a number is false."""
        if self._condition is None:
            self._condition = compiled(f"boolean({self.text})")
        return bool(self._condition(node))

    def strings(self, node: Element) -> tuple[str, ...]:
        """The string value of each thing it selects."""
        if self._attribute:
            value = node.get(self._attribute)
            return () if value is None else (plain(value),)
        found = self(node)
        if isinstance(found, list):
            return tuple(_string(item) for item in found)
        return (_scalar(found),)

    def string(self, node: Element) -> str | None:
        """The string value of the first thing it selects, None if it selects nothing."""
        if self._attribute:
            value = node.get(self._attribute)
            return None if value is None else plain(value)
        if self._literal is not None:
            return self._literal
        found = self(node)
        if isinstance(found, list):
            return _string(found[0]) if found else None
        return _scalar(found)


def _first_step(text: str) -> str:
    """The tag of the child that a path goes through first, when it begins with one; else empty."""
    step = _FIRST_STEP.match(text)
    if step is None or "|" in text:
        return ""
    return f"{{{NAMESPACES[step[1]]}}}{step[2]}" if step[1] else step[2]


class Battery:
    """Several expressions asked of one node at once: what each evaluation costs beside its own work is paid once."""

    __slots__ = ("_compiled", "_expressions")

    def __init__(self, expressions: Sequence[Expression]) -> None:
        self._expressions = expressions
        self._compiled: etree.XPath | None = None

    def __call__(self, node: Element) -> str:
        """A `1` for each expression that holds, a `0` for each that does not, in their order."""
        if len(self._expressions) == 1:
            return "1" if self._expressions[0].holds(node) else "0"
        if self._compiled is None:
            answers = ", ".join(f"number(boolean({expression.text}))" for expression in self._expressions)
            self._compiled = compiled(f"concat({answers})")
        return str(self._compiled(node))


@lru_cache(maxsize=4096)
def compiled(text: str, *, knows_bearer: bool = False) -> etree.XPath:
    """An XPath 1.0 expression compiled with the namespaces of the rules. Raises DialectError.

    `knows_bearer`: the attributes and texts it gives know the element that bears them, which costs time.
    """
    try:
        # what is registered is registered again at each evaluation: only what the text uses
        used = {prefix: uri for prefix, uri in NAMESPACES.items() if f"{prefix}:" in text}
        functions = _FUNCTIONS if "own:" in text else None
        return etree.XPath(
            text, namespaces=used, extensions=functions, regexp="re:" in text, smart_strings=knows_bearer
        )
    except etree.XPathSyntaxError as error:
        raise DialectError(f"{error} in {text!r}") from error


def _bearer(item: object) -> Element:
    parent = item.getparent()  # type: ignore[attr-defined]
    if not isinstance(parent, Element):
        raise DialectError("a selected value has no element")
    return parent


def _string(item: object) -> str:
    if isinstance(item, Element):
        return plain("".join(map(str, item.itertext())))
    return plain(str(item))


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    return plain(str(value))
