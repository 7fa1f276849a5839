"""Repairs a copy of the ANS kit so that it can be run (facts: cda.md §2). Each repair is told.

* A value set that a schema reads under a name that no file has: rebuilt from another file of the kit that carries the
  same OID, else an empty one stands in, and what it refuses is a defect of the kit.
* Names that differ by letter case: Windows does not see it, others do.
* Includes that are in no release of the kit: the schema runs without them, and the report says so.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from dui_conformance.official.expressions import SchematronError
from dui_conformance.official.kit import PROFILES
from dui_conformance.official.schematron import parsed

_REFERENCE = re.compile(r"""<\w*:?include\s[^>]*href=["']([^"']+\.sch)["']|["']([^"'<>|*?]*/[\w.-]+\.xml)["']""")
_OID = re.compile(r"\d+(?:\.\d+){4,}")
_SVS = "{urn:ihe:iti:svs:2008}"
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Repair:
    """`kind`: rebuilt, stand-in, case, missing. `file`: what was asked for, from the root; `by`: what serves."""

    kind: str
    file: str
    by: str = ""


def repair(folder: Path) -> list[Repair]:
    """Repair the kit that lies in `folder`; the same folder twice gives no repair the second time, bar `missing`."""
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    by_case = {name.lower(): name for name in sorted(files)}
    done: dict[str, Repair] = {}
    for base, named, include in _references(folder):
        wanted = _inside(folder, base, named)
        if wanted is None or wanted in files or wanted in done:
            continue
        there = by_case.get(wanted.lower())
        if there is not None:
            _copy(folder / there, folder / wanted)
            done[wanted] = Repair("case", wanted, there)
        elif include:
            done[wanted] = Repair("missing", wanted)
        else:
            done[wanted] = _stand_in(folder, wanted)
    return [done[name] for name in sorted(done)]


def _references(folder: Path) -> Iterator[tuple[Path, str, bool]]:
    """(folder that a name is relative to, the name, whether it is an include) for all that the schemas refer to.

    An include is relative to its own file (ISO/IEC 19757-3, 5.4.4), a document() to the schema that is run.
    """
    texts: dict[Path, list[tuple[str, bool]]] = {}
    for schema in _schemas(folder):
        todo, seen = [schema], {schema}
        while todo:
            source = todo.pop()
            for named, include in texts.setdefault(source, _named(source)):
                yield (source if include else schema).parent, named, include
                target = Path(os.path.normpath(source.parent / named))
                if include and target not in seen and target.is_file() and target.is_relative_to(folder):
                    seen.add(target)
                    todo.append(target)


def _schemas(folder: Path) -> list[Path]:
    """The files that are run, as opposed to included."""
    top = folder / "schematrons"
    found = [*top.glob("*.sch"), *(top / "profils").glob("*.sch")]
    found += [folder / name for name in PROFILES if (folder / name).is_file()]
    return sorted(set(found))


def _named(source: Path) -> list[tuple[str, bool]]:
    text = _COMMENT.sub("", source.read_bytes().decode("utf-8", "replace"))
    return [(found[1] or found[2], bool(found[1])) for found in _REFERENCE.finditer(text)]


def _inside(folder: Path, base: Path, named: str) -> str | None:
    path = Path(os.path.normpath(base / named))
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else None


def _stand_in(folder: Path, wanted: str) -> Repair:
    """A value set that the kit lacks under this name: another file of the same OID, else an empty one."""
    target = folder / wanted
    oid = _OID.search(target.stem)
    for path in sorted((folder / "jeuxDeValeurs").glob("*.xml")) if oid is not None else ():
        try:
            root = parsed(path)
        except SchematronError:
            continue
        listed = next(root.iter(f"{_SVS}ValueSet"), None)
        if oid is not None and listed is not None and listed.get("id") == oid[0]:
            target.write_bytes(_art_decor(listed))
            return Repair("rebuilt", wanted, path.relative_to(folder).as_posix())
    empty = etree.Element(f"{_SVS}RetrieveValueSetResponse", nsmap={"svs": _SVS[1:-1]})
    target.write_bytes(etree.tostring(empty, encoding="UTF-8", xml_declaration=True))
    return Repair("stand-in", wanted)


def _art_decor(listed: etree._Element) -> bytes:
    """A value set in the form of the header profile's own copies (valueSets/valueSet/conceptList/concept)."""
    root = etree.Element("valueSets")
    concepts = etree.SubElement(etree.SubElement(root, "valueSet"), "conceptList")
    for concept in listed.iter(f"{_SVS}Concept"):
        names = ("code", "codeSystem", "displayName")
        etree.SubElement(concepts, "concept", {name: (concept.get(name) or "").strip() for name in names})
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())
