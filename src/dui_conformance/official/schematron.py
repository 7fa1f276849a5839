"""Reads an ISO Schematron (ISO/IEC 19757-3) from files into plain data: what is included is included, what is abstract
is made concrete, and only the patterns of the default phase are kept.

Ours, written from the standard: the reference implementation in XSLT is not part of this product.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from lxml import etree

from dui_conformance.official.expressions import SchematronError, variables, with_parameters

Element = etree._Element

ISO = "http://purl.oclc.org/dsdl/schematron"
XSLT = "http://www.w3.org/1999/XSL/Transform"
_EXTERNAL = re.compile(rb"<!ENTITY\b[^>]*\b(?:SYSTEM|PUBLIC)\b")
_DEPTH = 40  # includes inside includes, rules that extend rules
_BINDINGS = ("", "xslt", "xslt1", "xslt2", "xslt3", "xpath", "xpath2", "xpath3", "xpath31")


@dataclass(frozen=True, slots=True)
class Let:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a message: words, or an expression whose value is shown (`name`: its name)."""

    words: str = ""
    select: str = ""


@dataclass(frozen=True, slots=True)
class Assert:
    """`report`: speaks when the test is true. `role` as written; none means error."""

    test: str
    message: tuple[Piece, ...]
    role: str = ""
    report: bool = False


@dataclass(frozen=True, slots=True)
class Extends:
    """The place where an abstract rule is taken in."""

    rule: str


Step = Let | Assert | Extends


@dataclass(frozen=True, slots=True)
class Rule:
    context: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """In a pattern, the first rule whose context matches a node is the only one that judges it."""

    id: str
    lets: tuple[Let, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """`abstract`: the abstract rules by id. `missing`: files that an include names and that are not there.

    `foreign`: the xsl:key and xsl:function that the schema brings.
    """

    name: str
    binding: str
    namespaces: Mapping[str, str]
    lets: tuple[Let, ...]
    patterns: tuple[Pattern, ...]
    abstract: Mapping[str, tuple[Step, ...]]
    foreign: tuple[Element, ...] = ()
    missing: tuple[str, ...] = ()


def read(path: Path, root: Path) -> Schema:
    """The schema of a file; nothing above `root` is included. Raises SchematronError."""
    return _Reader(root.resolve()).read(path)


def parsed(path: Path, *, with_dtd: bool = False) -> Element:
    """The root of an XML file of an artefact. No entity, no network, no DTD (or one that is not loaded and names no
    other file, `with_dtd`: the W3C's own XMLSchema.xsd has one). Raises SchematronError."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        data = path.read_bytes()
        root = etree.fromstring(data, parser)
    except OSError as error:
        raise SchematronError(f"{path.name} : illisible", f"{path.name}: cannot be read") from error
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SchematronError(f"{path.name} : XML mal formé", f"{path.name}: not well-formed XML") from error
    if root.getroottree().docinfo.internalDTD is not None and not (with_dtd and not _EXTERNAL.search(data)):
        raise SchematronError(f"{path.name} : DTD refusée", f"{path.name}: a DTD is refused")
    return root


@dataclass(slots=True)
class _Reader:
    root: Path
    namespaces: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def read(self, path: Path) -> Schema:
        top = parsed(path)
        if top.tag != _iso("schema"):
            raise SchematronError(f"{path.name} n'est pas un Schematron ISO", f"{path.name} is not an ISO Schematron")
        binding = (top.get("queryBinding") or "").lower()
        if binding not in _BINDINGS:
            raise SchematronError(f"langage {binding} non pris en charge", f"query language {binding} not supported")
        self._include(top, path, 0)
        for prefix, uri in top.nsmap.items():
            if prefix and uri not in (ISO, XSLT):
                self.namespaces[prefix] = uri
        for ns in top.iter(_iso("ns")):
            self.namespaces[ns.get("prefix", "")] = ns.get("uri", "")
        elements = list(top.iter(_iso("pattern")))
        templates = {e.get("id", ""): e for e in elements if e.get("abstract") == "true"}
        active = _active(top)
        patterns = []
        for index, element in enumerate(elements):
            named = element.get("id") or f"pattern-{index + 1}"
            if element.get("abstract") == "true" or (active is not None and element.get("id") not in active):
                continue
            if element.get("documents"):
                raise SchematronError(f"{named} : @documents refusé", f"{named}: @documents is refused")
            patterns.append(_pattern(element, named, templates))
        abstract = {
            rule.get("id", ""): _steps(rule, {}) for rule in top.iter(_iso("rule")) if rule.get("abstract") == "true"
        }
        foreign = tuple(e for e in top if e.tag in (f"{{{XSLT}}}key", f"{{{XSLT}}}function"))
        return Schema(
            path.stem,
            binding,
            self.namespaces,
            tuple(_let(let, {}) for let in top.findall(_iso("let"))),
            tuple(patterns),
            abstract,
            foreign,
            tuple(self.missing),
        )

    def _include(self, element: Element, path: Path, depth: int) -> None:
        """Put what is included in the place of each include (§5.4.4)."""
        if depth > _DEPTH:
            raise SchematronError("inclusions sans fin", "endless includes")
        for include in list(element.iter(_iso("include"))):
            target = (path.parent / include.get("href", "")).resolve()
            parent = include.getparent()
            if parent is None:
                continue
            if not target.is_relative_to(self.root) or not target.is_file():
                self.missing.append(include.get("href", ""))
                parent.remove(include)
                continue
            content = parsed(target)
            self._include_root(content, target, depth)
            if content.tag == _iso("schema"):  # a whole schema: what it holds
                for child in reversed(content):
                    include.addnext(child)
                parent.remove(include)
            else:
                content.tail = None
                parent.replace(include, content)

    def _include_root(self, content: Element, target: Path, depth: int) -> None:
        for prefix, uri in content.nsmap.items():
            if prefix and uri not in (ISO, XSLT):
                self.namespaces.setdefault(prefix, uri)
        self._include(content, target, depth + 1)


def _iso(name: str) -> str:
    return f"{{{ISO}}}{name}"


def _active(top: Element) -> set[str] | None:
    """The ids of the patterns of the default phase; None when every pattern is active (§5.4.9)."""
    named = top.get("defaultPhase")
    if not named or named == "#ALL":
        return None
    for phase in top.iter(_iso("phase")):
        if phase.get("id") == named:
            return {active.get("pattern", "") for active in phase.iter(_iso("active"))}
    return None


def _pattern(element: Element, named: str, templates: Mapping[str, Element]) -> Pattern:
    source, values = element, {}
    if element.get("is-a"):
        found = templates.get(element.get("is-a", ""))
        if found is None:
            told = element.get("is-a")
            raise SchematronError(f"{named} : motif abstrait {told} absent", f"{named}: no abstract pattern {told}")
        source = found
        values = {p.get("name", ""): f"{p.get('value', '')}" for p in element.iter(_iso("param"))}
    lets = tuple(_let(let, values) for let in source.findall(_iso("let")))
    rules = tuple(
        Rule(with_parameters(rule.get("context", ""), values).strip(), _steps(rule, values))
        for rule in source.iter(_iso("rule"))
        if rule.get("abstract") != "true"
    )
    return Pattern(named, lets, rules)


def _let(element: Element, values: Mapping[str, str]) -> Let:
    return Let(element.get("name", ""), with_parameters(element.get("value", ""), values))


def _steps(rule: Element, values: Mapping[str, str]) -> tuple[Step, ...]:
    diagnostics = {d.get("id", ""): d for d in rule.getroottree().getroot().iter(_iso("diagnostic"))}
    out: list[Step] = []
    for child in rule:
        if child.tag == _iso("let"):
            out.append(_let(child, values))
        elif child.tag == _iso("extends"):
            out.append(Extends(child.get("rule", "")))
        elif child.tag in (_iso("assert"), _iso("report")):
            message = [*_message(child, values)]
            for name in (child.get("diagnostics") or "").split():
                if name in diagnostics:
                    message += [Piece(" "), *_message(diagnostics[name], values)]
            role = child.get("role") or rule.get("role") or ""
            test = with_parameters(child.get("test", ""), values)
            out.append(Assert(test, tuple(message), role.lower(), child.tag == _iso("report")))
    return tuple(out)


def _message(element: Element, values: Mapping[str, str]) -> Iterator[Piece]:
    if element.text:
        yield Piece(element.text)
    for child in element:
        if child.tag == _iso("value-of"):
            yield Piece(select=with_parameters(child.get("select", "."), values))
        elif child.tag == _iso("name"):
            yield Piece(select=f"name({with_parameters(child.get('path', '.'), values)})")
        else:
            yield from _message(child, values)
        if child.tail:
            yield Piece(child.tail)


def shared(schema: Schema) -> dict[str, bool]:
    """Whether each abstract rule can be one template that its users call, or must be copied into each.

    It must be copied when it reads a variable of the rules that extend it, or they read one of its own.
    """
    known = {let.name for let in schema.lets} | {let.name for pattern in schema.patterns for let in pattern.lets}
    out = dict.fromkeys(schema.abstract, True)
    bodies = {("", rule.steps) for pattern in schema.patterns for rule in pattern.rules}
    bodies |= set(schema.abstract.items())
    while True:
        copied = {name for body in bodies for name in _to_copy(schema, *body, known, out)}
        if not copied:
            return out
        out |= dict.fromkeys(copied, False)


def _to_copy(
    schema: Schema, name: str, steps: tuple[Step, ...], known: set[str], called: Mapping[str, bool]
) -> Iterator[str]:
    """The abstract rules to copy for a body to have its variables; the body itself when its users have them."""
    flat = inlined(schema, steps, called)
    lacking = _read(flat) - {step.name for step in flat if isinstance(step, Let)} - known
    if not lacking:
        return
    held = False
    for below in extended(schema, flat):
        if called[below] and lacking & {s.name for s in schema.abstract[below] if isinstance(s, Let)}:
            held = True
            yield below
    if not held and name and called[name]:
        yield name


def extended(schema: Schema, steps: tuple[Step, ...]) -> set[str]:
    """The abstract rules that steps take in, directly or through others."""
    out: set[str] = set()
    todo = [step.rule for step in steps if isinstance(step, Extends)]
    while todo:
        name = todo.pop()
        if name not in out and name in schema.abstract:
            out.add(name)
            todo += [step.rule for step in schema.abstract[name] if isinstance(step, Extends)]
    return out


def _read(steps: tuple[Step, ...]) -> set[str]:
    out: set[str] = set()
    for step in steps:
        if isinstance(step, Let):
            out |= variables(step.value)
        elif isinstance(step, Assert):
            out |= variables(step.test)
            for piece in step.message:
                out |= variables(piece.select)
    return out


def inlined(schema: Schema, steps: tuple[Step, ...], called: Mapping[str, bool], depth: int = 0) -> tuple[Step, ...]:
    """The steps of a rule, with the abstract rules that are not `called` copied in their places."""
    if depth > _DEPTH:
        raise SchematronError("règles qui s'étendent sans fin", "rules that extend one another endlessly")
    out: list[Step] = []
    for step in steps:
        if isinstance(step, Extends):
            if step.rule not in schema.abstract:
                raise SchematronError(f"règle abstraite {step.rule} absente", f"no abstract rule {step.rule}")
            if not called[step.rule]:
                out += inlined(schema, schema.abstract[step.rule], called, depth + 1)
                continue
        out.append(step)
    return tuple(out)


def without_shadows(pattern: Pattern, suffix: str) -> Pattern:
    """The pattern with its own variables under names that no other pattern uses."""
    names = {let.name: f"{let.name}{suffix}" for let in pattern.lets}

    def new(text: str) -> str:
        return with_parameters(text, {old: f"${renamed}" for old, renamed in names.items()})

    def of(step: Step) -> Step:
        if isinstance(step, Let):
            return Let(step.name, new(step.value))
        if isinstance(step, Assert):
            message = tuple(Piece(p.words, new(p.select)) for p in step.message)
            return replace(step, test=new(step.test), message=message)
        return step

    rules = tuple(Rule(new(rule.context), tuple(of(step) for step in rule.steps)) for rule in pattern.rules)
    lets = tuple(Let(names[let.name], new(let.value)) for let in pattern.lets)
    return Pattern(pattern.id, lets, rules)
