"""Saxon (SaxonC-HE, package saxonche), warm and closed in.

It never parses bytes of a document or of an artefact: trees come re-serialised by lxml, without DTD. Stylesheets are
ours (`stylesheet`): they read no file, and every function that could is refused before Saxon sees it. External
functions are off and no protocol is allowed, so that a gap in that would still lead nowhere.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from lxml import etree

from dui_conformance.official.expressions import SchematronError
from dui_conformance.official.stylesheet import Compiled

Element = etree._Element

_FEATURES = {
    "http://saxon.sf.net/feature/allowedProtocols": "",
    "http://saxon.sf.net/feature/allow-external-functions": "false",
    "http://saxon.sf.net/feature/dtd-validation": "false",
}


def is_there() -> bool:
    """Whether the package saxonche (extra `official`) is installed."""
    return find_spec("saxonche") is not None


@dataclass(frozen=True, slots=True)
class Heard:
    """An assert that spoke: its numbers in the table, the element and attribute it points at, its message.

    `broken`: it could not be evaluated.
    """

    rule: int
    place: int
    node: Element | None
    attribute: str
    message: str
    broken: bool = False


class Runnable:
    """A compiled schema, ready to judge."""

    def __init__(self, table: Compiled, executable: Any) -> None:
        self.table = table
        self.executable = executable


class Saxon:
    """One processor: of one thread of one process."""

    def __init__(self) -> None:
        self.processor: Any = import_module("saxonche").PySaxonProcessor(license=False)
        for name, value in _FEATURES.items():
            with suppress(Exception):  # a version that lacks a feature
                self.processor.set_configuration_property(name, value)
        self.xslt: Any = self.processor.new_xslt30_processor()

    def tree(self, root: Element) -> Any:
        """A tree of lxml as Saxon reads it: serialised again, hence without DTD, entity or odd encoding."""
        return self.processor.parse_xml(xml_text=etree.tostring(root, encoding="unicode", with_tail=False))

    def files(self, trees: Mapping[str, Any]) -> Any:
        """The documents that a schema may read, by path."""
        return self.processor.make_map({self.processor.make_string_value(path): tree for path, tree in trees.items()})

    def compile(self, table: Compiled, files: Any) -> Runnable:
        """Raises SchematronError when Saxon refuses the stylesheet."""
        try:
            executable = self.xslt.compile_stylesheet(stylesheet_text=table.text)
            executable.set_parameter("{urn:dui-conformance:official}files", files)
        except Exception as error:
            said = " ".join(str(error).split())[:300]
            raise SchematronError(f"{table.name} : {said}", f"{table.name}: {said}") from error
        return Runnable(table, executable)

    def judge(self, runnable: Runnable, tree: Any, root: Element) -> list[Heard]:
        """What a schema says of a document. Raises SchematronError when it cannot be evaluated."""
        executable = runnable.executable
        try:
            executable.set_global_context_item(xdm_item=tree)
            report = executable.transform_to_string(xdm_node=tree)
        except Exception as error:
            said = " ".join(str(error).split())[:300]
            raise SchematronError(f"{runnable.table.name} : {said}", f"{runnable.table.name}: {said}") from error
        return list(heard(report, root))


def heard(report: str, root: Element) -> Iterable[Heard]:
    """The asserts of a report, each with its element in the tree that was judged."""
    for element in etree.fromstring(report.encode()):
        steps, _, attribute = element.get("at", "").partition("@")
        message = " ".join("".join(str(t) for t in element.itertext()).split())
        yield Heard(
            int(element.get("r", "0")),
            int(element.get("a", "0")),
            _at(root, steps),
            attribute.rpartition(":")[2],
            message,
            element.tag == "e",
        )


def _at(root: Element, steps: str) -> Element | None:
    """The element at the positions of `0/3/1`, the root being the first."""
    node = root
    for step in steps.split("/")[1:]:
        found = next((c for i, c in enumerate(node.iterchildren(etree.Element)) if i == int(step)), None)
        if found is None:
            return None
        node = found
    return node
