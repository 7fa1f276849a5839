"""The paths of the tables, walked without XPath: a document has thousands of rows to look at, most of them one step.

A path is relative to an element: names under HL7 v3 (or a prefix of the rules), `*`, `.`, `..`, alternatives of a step
(`low|high`), and conditions: `[@typeCode='SUBJ']`, `[@value]`, `[template(OID)]` (the element says it follows this
templateId), or any boolean of the rules' XPath dialect. `//act[template(OID)]` is every such descendant.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from lxml import etree

from dui_conformance.rules.xpath import NAMESPACES, Constants, Expression

Element = etree._Element
Condition = Callable[[Element, "Body"], bool]

HL7 = f"{{{NAMESPACES['h']}}}"
_TEMPLATE_ID = f"{HL7}templateId"
_NONE: tuple[Element, ...] = ()
_EMPTY: frozenset[str] = frozenset()
_STEP = re.compile(r"(?P<names>[\w:.*|-]+)(?P<conditions>(?:\[(?:[^\[\]'\"]|'[^']*'|\"[^\"]*\"|\[[^\]]*\])*\])*)")
_CONDITION = re.compile(r"\[((?:[^\[\]'\"]|'[^']*'|\"[^\"]*\"|\[[^\]]*\])*)\]")
_TEMPLATE = re.compile(r"template\(\s*'?([\w.-]+)'?\s*\)")
_ATTRIBUTE = re.compile(r"@([\w:]+)(?:\s*=\s*(?:'([^']*)'|\"([^\"]*)\"))?")


class PathError(ValueError):
    """A path that cannot be read; the message shows it."""


@dataclass(eq=False)
class Body:
    """A document looked at once: which templates each element follows, and where each template is followed.

    `children` are found once per element.
    """

    view: Element
    model: str = ""  # the id of its model, empty if it is not known
    templates: dict[Element, dict[str, str]] = field(default_factory=dict)  # element → root → extension
    by_root: dict[str, list[Element]] = field(default_factory=dict)
    _children: dict[Element, dict[str, list[Element]]] = field(default_factory=dict)

    @classmethod
    def of(cls, view: Element) -> "Body":
        body = cls(view)
        templates, by_root = body.templates, body.by_root
        for node in view.iter(_TEMPLATE_ID):
            owner, root = node.getparent(), node.get("root")
            if owner is None or not root:
                continue
            known = templates.get(owner)
            if known is None:
                known = templates[owner] = {}
            if root not in known:
                known[root] = node.get("extension", "")
                by_root.setdefault(root, []).append(owner)
        return body

    def children(self, node: Element) -> dict[str, list[Element]]:
        """The children of an element by their tags."""
        found = self._children.get(node)
        if found is None:
            found = self._children[node] = {}
            for child in node.iterchildren("*"):
                tag: str = child.tag
                if tag in found:
                    found[tag].append(child)
                else:
                    found[tag] = [child]
        return found

    def follows(self, node: Element, root: str) -> bool:
        """Whether an element says that it follows a template."""
        return root in self.templates.get(node, _EMPTY)


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `tags` is empty for any."""

    tags: tuple[str, ...]
    conditions: tuple[Condition, ...]
    deep: bool = False  # at any depth


class Path:
    """A compiled path."""

    __slots__ = ("_only", "steps", "text", "up")

    def __init__(self, text: str, constants: Constants) -> None:
        self.text = text
        self.up = 0
        self.steps: list[Step] = []
        deep = False
        for step in _split(text.strip().removeprefix("/") if text.startswith("//") else text.strip()):
            if step == "..":
                self.up += 1
            elif step == "":
                deep = True
            elif step != ".":
                self.steps.append(_step(step, constants, text, deep=deep))
                deep = False
        only = self.steps[0] if len(self.steps) == 1 and not self.up else None
        simple = only is not None and not only.deep and len(only.tags) == 1 and not only.conditions
        self._only = only.tags[0] if simple and only is not None else ""

    def select(self, node: Element, body: Body) -> Sequence[Element]:
        """The elements it leads to, in the order of the document."""
        if self._only:
            return body.children(node).get(self._only, _NONE)
        for _ in range(self.up):
            above = node.getparent()
            if above is None:
                return _NONE
            node = above
        found = [node]
        for step in self.steps:
            found = [below for each in found for below in _walk(each, step, body)]
            if not found:
                return _NONE
        return found


def _walk(node: Element, step: Step, body: Body) -> Iterable[Element]:
    if step.deep:
        return [d for d in node.iter(*(step.tags or ("*",))) if d is not node and _fits(d, step, body)]
    children = body.children(node)
    if len(step.tags) == 1:
        found: Iterable[Element] = children.get(step.tags[0], _NONE)
    elif step.tags:
        found = [child for tag in step.tags for child in children.get(tag, _NONE)]
    else:
        found = [child for same in children.values() for child in same]
    return [each for each in found if _fits(each, step, body)] if step.conditions else found


def _fits(node: Element, step: Step, body: Body) -> bool:
    return all(condition(node, body) for condition in step.conditions)


def _split(text: str) -> list[str]:
    """The steps of a path, whose conditions may hold a `/`."""
    steps, depth, quote, current = [], 0, "", ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "[(":
            depth += 1
        elif character in "])":
            depth -= 1
        elif character == "/" and not depth:
            steps.append(current)
            current = ""
            continue
        current += character
    return [*steps, current]


def _step(text: str, constants: Constants, whole: str, *, deep: bool) -> Step:
    match = _STEP.fullmatch(text.strip())
    if match is None:
        raise PathError(f"{text!r} is not a step, in {whole!r}")
    names = [] if match["names"] == "*" else match["names"].split("|")
    return Step(
        tuple(tag_of(name, whole) for name in names),
        tuple(condition(inside, constants) for inside in _CONDITION.findall(match["conditions"])),
        deep,
    )


def tag_of(name: str, whole: str = "") -> str:
    """The tag or the attribute name that a name stands for. Raises PathError."""
    prefix, _, local = name.rpartition(":")
    if prefix and prefix not in NAMESPACES:
        raise PathError(f"{prefix} is not a prefix of the rules, in {whole!r}")
    return f"{{{NAMESPACES[prefix]}}}{local}" if prefix else f"{HL7}{local}"


@cache
def attribute_name(name: str) -> str:
    """The name by which lxml knows an attribute (`xsi:type`, `code`)."""
    return tag_of(name) if ":" in name else name


def condition(text: str, constants: Constants) -> Condition:
    """What decides whether an element fits. The frequent ones need no XPath."""
    if match := _TEMPLATE.fullmatch(text.strip()):
        root = match[1]
        return lambda node, body: root in body.templates.get(node, _EMPTY)
    if match := _ATTRIBUTE.fullmatch(text.strip()):
        name, value = attribute_name(match[1]), match[2] if match[2] is not None else match[3]
        if value is None:
            return lambda node, _body: node.get(name) is not None
        return lambda node, _body: node.get(name) == value
    expression = Expression(expanded(text), "cda", constants)
    return lambda node, _body: expression.holds(node)


def expanded(text: str) -> str:
    """An expression of the dialect whose `template(OID)` are written out."""
    return _TEMPLATE.sub(lambda found: f"templateId/@root='{found[1]}'", text)


def templates_named(text: str) -> list[str]:
    """The templateIds that a path names, in its order."""
    return _TEMPLATE.findall(text)
