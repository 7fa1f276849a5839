"""Writes a schema as an XSLT 3.0 stylesheet, and the table of what each of its asserts is.

The stylesheet gives, for each assert that fails (or report that succeeds),
`<f a="assert" r="rule" at="0/3/1@code">message</f>`: numbers in the table, and the place as the positions of the
element and its ancestors among their sibling elements; `<e …>` for one that cannot be evaluated. It reads no file:
documents that the schema asks for come in a map, the parameter `dui:files`, under their path from the root of the
artefact.

Rules of several alternatives in one pattern become templates of a mode; a rule alone in its pattern becomes a loop over
what its context selects, which is many times faster. Abstract rules become templates that their users call.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from dui_conformance.official.expressions import SchematronError, reached, safe, selecting
from dui_conformance.official.schematron import (
    XSLT,
    Assert,
    Extends,
    Let,
    Pattern,
    Rule,
    Schema,
    Step,
    extended,
    inlined,
    shared,
    without_shadows,
)

Element = etree._Element

_DUI = "urn:dui-conformance:official"
_MAP = "http://www.w3.org/2005/xpath-functions/map"
_XS = "http://www.w3.org/2001/XMLSchema"
_FOREIGN = frozenset(
    """key function param variable sequence choose when otherwise if for-each value-of text copy-of analyze-string
    matching-substring non-matching-substring for-each-group sort""".split()
)
_EXPRESSIONS = frozenset("select test match use group-by group-adjacent".split())

_FUNCTIONS = """<r xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:dui="urn:dui-conformance:official"
 xmlns:map="http://www.w3.org/2005/xpath-functions/map" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xsl:output method="xml" encoding="UTF-8" omit-xml-declaration="yes"/>
<xsl:param name="dui:files" as="map(xs:string, document-node())" select="map{}"/>
<xsl:function name="dui:path" as="xs:string">
  <xsl:param name="href" as="xs:string"/>
  <xsl:sequence select="string-join(fold-left(tokenize($href, '/'), $dui:folder, function($steps, $step) {
    if ($step = '..') then $steps[position() lt last()]
    else if ($step = ('.', '')) then $steps else ($steps, $step) }), '/')"/>
</xsl:function>
<xsl:function name="dui:doc" as="document-node()*">
  <xsl:param name="href" as="item()*"/>
  <xsl:for-each select="$href">
    <xsl:variable name="path" select="dui:path(string(.))"/>
    <xsl:sequence select="if (map:contains($dui:files, $path)) then $dui:files($path)
      else error(QName('urn:dui-conformance:official', 'dui:absent'), $path)"/>
  </xsl:for-each>
</xsl:function>
<xsl:function name="dui:doc-available" as="xs:boolean">
  <xsl:param name="href" as="xs:string?"/>
  <xsl:sequence select="exists($href) and map:contains($dui:files, dui:path($href))"/>
</xsl:function>
<xsl:function name="dui:at" as="xs:string">
  <xsl:param name="node" as="node()"/>
  <xsl:sequence select="string-join($node/ancestor-or-self::* ! string(count(preceding-sibling::*)), '/')
    || (if ($node instance of attribute()) then '@' || name($node) else '')"/>
</xsl:function>
</r>"""


@dataclass(frozen=True, slots=True)
class Asserted:
    """What the table says of an assert. `test` is what the schema writes, parameters put in."""

    test: str
    role: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """A stylesheet, its table and the files that the schema may read (the words of its expressions)."""

    name: str
    text: str
    asserts: tuple[Asserted, ...]
    contexts: tuple[str, ...]
    missing: tuple[str, ...]

    def digest(self, rule: int, place: int) -> str:
        """What names an assert for ever: its schema, the context of its rule, its test. 12 hexadecimal digits."""
        words = "\0".join((self.name, *(" ".join(t.split()) for t in (self.contexts[rule], self.asserts[place].test))))
        return hashlib.sha256(words.encode()).hexdigest()[:12]


def compiled(schema: Schema, folder: str) -> Compiled:
    """The stylesheet of a schema that lies in `folder` (from the root of the artefact). Raises SchematronError."""
    return _Writer(schema, folder).write()


class _Writer:
    def __init__(self, schema: Schema, folder: str) -> None:
        self.schema = schema
        self.folder = folder
        self.asserts: list[Asserted] = []
        self.contexts: list[str] = []
        self.called = shared(schema)
        self.abstract = {name: index for index, name in enumerate(schema.abstract)}
        self.functions = {str(e.get("name")) for e in schema.foreign if e.tag == f"{{{XSLT}}}function"}
        names = {"xsl": XSLT, "dui": _DUI, "map": _MAP}
        names |= {p: u for p, u in schema.namespaces.items() if p and p not in ("xml", "xmlns", *names)}
        names.setdefault("xs", _XS)
        self.sheet = etree.Element(f"{{{XSLT}}}stylesheet", {"version": "3.0"}, nsmap=names)
        self.backwards = {"version": "1.0"} if schema.binding in ("", "xslt", "xslt1", "xpath") else {}

    def write(self) -> Compiled:
        self.sheet.extend(etree.fromstring(_FUNCTIONS))
        steps = ", ".join(f"'{step}'" for step in self.folder.split("/") if step)
        self._add(self.sheet, "variable", name="dui:folder", select=f"({steps})")
        for element in self.schema.foreign:
            self._foreign(element)
        for let in self.schema.lets:
            self._add(self.sheet, "variable", name=let.name, select=self._safe(let.value))
        patterns = self._patterns()
        used = set().union(*(extended(self.schema, r.steps) for p in patterns for r in p.rules))
        for name, steps_ in self.schema.abstract.items():
            if self.called[name] and name in used:
                template = self._add(self.sheet, "template", name=f"a{self.abstract[name]}", **self.backwards)
                self._add(template, "param", name="dui:r")
                self._steps(template, inlined(self.schema, steps_, self.called), "{$dui:r}")
        main = self._add(self.sheet, "template", match="/")
        out = etree.SubElement(main, "out")
        for index, pattern in enumerate(patterns):
            self._pattern(out, index, pattern)
        text = etree.tostring(self.sheet, encoding="unicode")
        return Compiled(
            self.schema.name, text, tuple(self.asserts), tuple(self.contexts), tuple(dict.fromkeys(self.schema.missing))
        )

    def _patterns(self) -> list[Pattern]:
        """The patterns, their variables global: the patterns of others read them (as with the ISO skeleton)."""
        seen: dict[str, str] = {let.name: let.value for let in self.schema.lets}
        out = []
        for index, pattern in enumerate(self.schema.patterns):
            if any(seen.get(let.name, let.value) != let.value for let in pattern.lets):
                pattern = without_shadows(pattern, f"-{index}")
            for let in pattern.lets:
                if let.name not in seen:
                    self._add(self.sheet, "variable", name=let.name, select=self._safe(let.value))
                    seen[let.name] = let.value
            out.append(pattern)
        return out

    def _pattern(self, out: Element, index: int, pattern: Pattern) -> None:
        rules = [rule for rule in pattern.rules if rule.context]
        if len(rules) == 1 and not self.backwards:
            loop = self._add(out, "for-each", select=self._safe(selecting(rules[0].context)))
            self._rule(loop, rules[0])
            return
        mode = f"p{index}"
        self._add(self.sheet, "mode", name=mode)
        kinds = set().union(*(reached(rule.context) for rule in rules))
        nodes = "/ | //*" + (" | //@*" if "@" in kinds else "") + (" | //text()" if "text" in kinds else "")
        self._add(out, "apply-templates", select=nodes, mode=mode)
        for place, rule in enumerate(rules):
            template = self._add(
                self.sheet,
                "template",
                match=self._safe(rule.context),
                mode=mode,
                priority=str(len(rules) - place),
                **self.backwards,
            )
            self._rule(template, rule)
        # nodes are visited one by one above: what no rule matches is left alone, not walked again
        self._add(self.sheet, "template", match="node() | @*", mode=mode, priority="0")
        self._add(self.sheet, "template", match="/", mode=mode, priority="0")

    def _rule(self, parent: Element, rule: Rule) -> None:
        self.contexts.append(rule.context)
        self._steps(parent, inlined(self.schema, rule.steps, self.called), str(len(self.contexts) - 1))

    def _steps(self, parent: Element, steps: Sequence[Step], rule: str) -> None:
        """What a rule does. A variable that cannot be evaluated costs the rule, not the report."""
        caught: Element | None = None
        if any(isinstance(step, Let) for step in steps):
            parent = self._add(parent, "try")
            caught = etree.Element(f"{{{XSLT}}}catch")
            self.asserts.append(Asserted("", ""))
            etree.SubElement(caught, "e", {"a": str(len(self.asserts) - 1), "r": rule, "at": "{dui:at(.)}"})
        for step in steps:
            if isinstance(step, Let):
                self._add(parent, "variable", name=step.name, select=self._safe(step.value))
            elif isinstance(step, Extends):
                call = self._add(parent, "call-template", name=f"a{self.abstract[step.rule]}")
                value = "$dui:r" if rule.startswith("{") else rule
                self._add(call, "with-param", name="dui:r", select=value)
            else:
                self._assert(parent, step, rule)
        if caught is not None:
            parent.append(caught)

    def _assert(self, parent: Element, step: Assert, rule: str) -> None:
        self.asserts.append(Asserted(step.test, step.role))
        number = str(len(self.asserts) - 1)
        place = {"a": number, "r": rule, "at": "{dui:at(.)}"}
        attempt = self._add(parent, "try")
        test = self._safe(step.test)
        spoken = self._add(attempt, "if", test=test if step.report else f"not({test})")
        said = etree.SubElement(spoken, "f", place)
        for piece in step.message:
            if piece.select:
                self._add(said, "value-of", select=self._safe(piece.select))
            elif piece.words.strip() or piece.words == " ":
                self._add(said, "text").text = piece.words
        etree.SubElement(self._add(attempt, "catch"), "e", place)

    def _safe(self, expression: str) -> str:
        return safe(expression, self.functions)

    def _foreign(self, element: Element) -> None:
        """A key or a function that the schema brings, its expressions made safe."""
        for node in element.iter(etree.Element):
            name = etree.QName(node)
            if name.namespace != XSLT or name.localname not in _FOREIGN:
                raise SchematronError(f"élément refusé : {name.localname}", f"element refused: {name.localname}")
            for key, value in node.attrib.items():
                if str(key) in _EXPRESSIONS:
                    node.set(key, safe(str(value), self.functions))
                elif "{" in str(value) or str(key) in ("expand-text", "use-when"):
                    raise SchematronError(f"attribut refusé : {key!s}", f"attribute refused: {key!s}")
        self.sheet.append(element)

    def _add(self, parent: Element, tag: str, /, **attributes: str) -> Element:
        return etree.SubElement(parent, f"{{{XSLT}}}{tag}", attributes)
