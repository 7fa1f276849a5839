"""The official kit as a judge, warm: each schema compiled once, then documents one after the other.

Stylesheets are kept as text in the cache (`compiled/`), under a name that changes with the kit and with the compiler.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from lxml import etree

from dui_conformance.official import expressions, kit, schematron, stylesheet
from dui_conformance.official.expressions import SchematronError
from dui_conformance.official.saxon import Runnable, Saxon
from dui_conformance.official.stylesheet import Asserted, Compiled
from dui_conformance.subjects.model import Element

_RELAXED = {"warning": "warning", "warn": "warning", "info": "info", "information": "info", "hint": "info"}
_READABLE = (".xml", ".rdf")


@dataclass(frozen=True, slots=True)
class Said:
    """Something that the official artefact says of a document.

    `digest` names the assert (its schema, context and test); `level` is error, warning or info; `kind` is xsd, assert
    or broken (an assert that cannot be evaluated). `context` and `test` are the schema's own text.
    """

    schema: str
    digest: str
    level: str
    node: Element | None
    attribute: str
    message: str
    kind: str = "assert"
    context: str = ""
    test: str = ""


class Judge:
    """The kit of a folder, or a schema of the user's own, in one process."""

    def __init__(self, folder: Path, cache: Path | None = None) -> None:
        self.folder = folder
        self.cache = cache
        self.saxon = Saxon()
        self.runnables: dict[str, Runnable | SchematronError] = {}
        self.trees: dict[str, object] = {}
        self._schema: etree.XMLSchema | None = None

    def said(self, root: Element, schemas: list[str]) -> Iterator[Said]:
        """What the XSD and some schemas say of a document. Raises SchematronError if one cannot be run at all."""
        yield from self.xsd(root)
        tree = self.saxon.tree(root)
        for path in schemas:
            yield from self.schema(path, tree, root)

    def xsd(self, root: Element) -> Iterator[Said]:
        """What the XSD of the kit says; nothing when there is none."""
        path = self.folder / kit.XSD
        if self._schema is None:
            if not path.is_file():
                return
            self._schema = etree.XMLSchema(etree.parse(path, etree.XMLParser(no_network=True, resolve_entities=False)))
        copy = etree.fromstring(etree.tostring(root))
        if self._schema.validate(copy):
            return
        nodes = {copy.getroottree().getpath(a): b for a, b in zip(copy.iter("*"), root.iter("*"), strict=True)}
        for entry in self._schema.error_log:  # type: ignore[attr-defined]
            cause = f"{entry.type_name}"
            yield Said(
                "XSD", _digest("XSD", cause), "error", nodes.get(entry.path), "", entry.message, "xsd", "", cause
            )

    def schema(self, path: str, tree: object, root: Element) -> Iterator[Said]:
        """What one schema says. Raises SchematronError."""
        runnable = self.runnable(path)
        heard = self.saxon.judge(runnable, tree, root)
        table = runnable.table
        for one in heard:
            asserted = table.asserts[one.place]
            yield Said(
                table.name,
                table.digest(one.rule, one.place),
                _RELAXED.get(asserted.role, "error"),
                one.node,
                one.attribute,
                one.message,
                "broken" if one.broken else "assert",
                table.contexts[one.rule],
                asserted.test,
            )

    def runnable(self, path: str) -> Runnable:
        """A schema ready to run. One that cannot be compiled fails every time, but is compiled once."""
        if path not in self.runnables:
            try:
                table = self._table(path)
                self.runnables[path] = self.saxon.compile(table, self._files(table))
            except SchematronError as error:
                self.runnables[path] = error
        made = self.runnables[path]
        if isinstance(made, SchematronError):
            raise made
        return made

    def missing(self, path: str) -> tuple[str, ...]:
        """The files that a schema includes and that are not there. Raises SchematronError."""
        return self.runnable(path).table.missing

    def _table(self, path: str) -> Compiled:
        kept = self.cache / f"{_stamp()}-{_digest(path)}.json" if self.cache is not None else None
        if kept is not None:
            try:
                told = json.loads(kept.read_bytes())
                asserts = tuple(Asserted(**a) for a in told.pop("asserts"))
                return Compiled(told["name"], told["text"], asserts, tuple(told["contexts"]), tuple(told["missing"]))
            except (OSError, ValueError, TypeError, KeyError):
                pass
        source = self.folder / path
        schema = schematron.read(source, self.folder)
        table = stylesheet.compiled(schema, Path(path).parent.as_posix())
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            partial = kept.with_suffix(f".{os.getpid()}")
            partial.write_text(json.dumps(asdict(table), ensure_ascii=False), encoding="utf-8")
            partial.replace(kept)
        return table

    def _files(self, table: Compiled) -> object:
        """The documents that a schema may read: those it names, and the folders whose files it names by their codes."""
        wanted = {}
        for path in self._readable():
            name = path.rpartition("/")[2]
            if name in table.text or f"'.{name.rpartition('.')[2]}'" in table.text:
                if path not in self.trees:
                    try:
                        self.trees[path] = self.saxon.tree(schematron.parsed(self.folder / path))
                    except SchematronError:
                        continue
                wanted[path] = self.trees[path]
        return self.saxon.files(wanted)

    @lru_cache(maxsize=1)  # noqa: B019  one judge lives as long as its process
    def _readable(self) -> tuple[str, ...]:
        return tuple(
            path.relative_to(self.folder).as_posix()
            for path in sorted(self.folder.rglob("*"))
            if path.suffix in _READABLE and path.is_file()
        )


@lru_cache(maxsize=1)
def _stamp() -> str:
    """Of the compiler: what it wrote before it changed is not read again."""
    digest = hashlib.sha256()
    for module in (expressions, schematron, stylesheet):
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()[:8]


def _digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:12]
