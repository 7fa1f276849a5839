"""The tables of `profiles/models/{documents,sections,entries}/*.yaml`: read, completed and kept.

A row is completed with its identifier, its level, its source and what it proves; its cardinality becomes a pair, its
values become lists. `profiles/models/README.md` describes what is written.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dui_conformance.data import read_yaml

Data = dict[str, Any]

FOLDERS = ("documents", "sections", "entries")
ELEMENT, PARENTS = 1, 2  # the numbers of the rules that a table has by nature
FIRST = 3  # the first number of a written row

_CARD = re.compile(r"(\d+)\.\.(\d+|\*)")
FACETS = ("card", "attributes", "null", "type", "value_set", "pattern", "text", "narrative", "assert")
_KNOWN = {
    "n", "path", "each", "when", "models", "not_models", "level", "outcome", "title", "message", "remedy", "source",
    "clause", "name", "proves", "not_required", "personal", "also", "breaks", "template", *FACETS,
}  # fmt: skip


class TableError(ValueError):
    """A table that cannot be used; the message names the file, the row and the cause."""


def files(root: Path) -> list[Path]:
    """The table files of a profiles folder, in their order."""
    return [path for folder in FOLDERS for path in sorted((root / "models" / folder).glob("*.yaml"))]


def read(path: Path) -> Data:
    """A file: its family, and its templates with completed rules. Raises TableError."""
    whole = json.loads(json.dumps(read_yaml(path), default=str))  # YAML's dates as ISO text
    try:
        return {
            "family": whole["family"],
            "title": whole["title"],
            "file": f"{path.parent.name}/{path.name}",
            "templates": [_template(whole, template) for template in whole["templates"]],
        }
    except (KeyError, TypeError, ValueError) as error:
        raise TableError(f"{path.parent.name}/{path.name}: {error!r}") from error


def models_of(root: Path) -> Data:
    """root → extension → model, from `templates.yaml`; level 1 is a model of its own."""
    path = root / "models" / "templates.yaml"
    if not path.exists():
        return {}
    whole = read_yaml(path)
    found: Data = {}
    for model in whole.get("models", ()):
        if model.get("extension_known", True):
            found.setdefault(model["root"], {})[str(model.get("extension") or "")] = model["id"]
        else:
            # an id without a version is its family
            found.setdefault(model["root"], {}).setdefault("", (model["id"].rpartition("_")[0] or model["id"]) + "_")
    if "level1" in whole:
        found[whole["level1"]["root"]] = {"": "N1_"}
    return found


def _template(whole: Data, template: Data) -> Data:
    inherited = {name: template.get(name, whole.get(name)) for name in ("proves", "not_required")}
    if "proves" in template:
        inherited["not_required"] = None
    elif "not_required" in template:
        inherited["proves"] = None
    source = {**whole.get("source", {}), **template.get("source", {})}
    if "clause" in template:
        source["clause"] = template["clause"]
    stem = template["stem"]
    rules = []
    for row in _rows(template):
        unknown = row.keys() - _KNOWN - {"kind"}
        if unknown:
            raise TableError(f"{stem}-{row.get('n')}: unknown {', '.join(sorted(unknown))}")
        rules.append(_rule(stem, row, inherited, source))
    numbers = [rule["n"] for rule in rules]
    if len(numbers) != len(set(numbers)):
        raise TableError(f"{stem}: a number is written twice")
    return {
        "stem": stem,
        "root": str(template["root"]),
        "extension": None if template.get("extension") is None else str(template["extension"]),
        "versions": [str(version) for version in template.get("versions", ())],
        "title": template["title"],
        "element": template.get("element", ""),
        "parents": [str(parent) for parent in template.get("parents", ())],
        "unless": [str(other) for other in template.get("unless", ())],
        "covers": [str(other) for other in template.get("covers", ())],
        "rules": sorted(rules, key=lambda rule: rule["n"]),
    }


def _rows(template: Data) -> Iterator[Data]:
    if template.get("element") and template["element"] != "ClinicalDocument":
        yield {"n": ELEMENT, "kind": "element"}
    if template.get("parents"):
        yield {"n": PARENTS, "kind": "parents", "also": template.get("parents_also", [])}
    for section in template.get("sections", ()):
        path = f"component/structuredBody/component/section[template({section['template']})]"
        yield {**section, "path": path, "kind": "row"}
    for row in template.get("rows", ()):
        if row["n"] < FIRST:
            raise TableError(f"{template['stem']}: numbers below {FIRST} are those of the element and of the parents")
        if not row.keys() & set(FACETS):
            raise TableError(f"{template['stem']}-{row['n']}: the row asks nothing")
        yield {**row, "kind": "row"}


def _rule(stem: str, row: Data, inherited: Mapping[str, Any], source: Mapping[str, Any]) -> Data:
    rule = {name: value for name, value in row.items() if name not in ("source", "clause", "template")}
    rule["id"] = f"{stem}-{row['n']:03d}"
    rule["source"] = {**source, **row.get("source", {})}
    if "clause" in row:
        rule["source"]["clause"] = row["clause"]
    if not rule["source"].get("spec") or not rule["source"].get("clause"):
        raise TableError(f"{rule['id']}: no source")
    rule.setdefault("level", "warning" if rule["source"].get("mark") == "M" else "error")
    if "proves" not in row and "not_required" not in row:
        rule |= {name: value for name, value in inherited.items() if value}
    if "card" in row:
        match = _CARD.fullmatch(str(row["card"]))
        if match is None:
            raise TableError(f"{rule['id']}: {row['card']} is not a cardinality")
        rule["card"] = [int(match[1]), None if match[2] == "*" else int(match[2])]
    if "attributes" in row:
        rule["attributes"] = {name: _values(value) for name, value in row["attributes"].items()}
    for name in ("type", "models", "not_models"):
        if name in row:
            rule[name] = _values(row[name])
    if "assert" in row and "message" not in row:
        raise TableError(f"{rule['id']}: an assert has its own message")
    return rule


def _values(value: object) -> Any:
    if isinstance(value, bool):
        return value
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def index_of(read_files: Iterable[Mapping[str, Any]], models: Data) -> Data:
    """What must be known of the tables before any is loaded.

    `known`: templates that need not be listed as not judged; a parent is, as those that declare it restate it.
    """
    index: Data = {"tables": {}, "titles": {}, "rules": {}, "families": {}, "known": [], "models": models}
    owners: dict[str, str] = {}
    for file in read_files:
        name = file["file"]
        if file["family"] in index["families"]:
            raise TableError(f"{name}: the family {file['family']} is that of another file")
        index["families"][file["family"]] = [file["title"], name]
        rules = index["rules"][name] = {}
        for position, template in enumerate(file["templates"]):
            index["tables"].setdefault(template["root"], []).append([template["extension"], name, position])
            index["titles"].setdefault(template["root"], template["title"])
            index["known"] += [template["root"], *template["covers"], *template["parents"]]
            for rule in template["rules"]:
                if rule["id"] in owners:
                    raise TableError(f"{name}: {rule['id']} is also in {owners[rule['id']]}")
                owners[rule["id"]] = name
                rules[rule["id"]] = [position, rule["level"], rule.get("proves", []), rule.get("value_set", "")]
    return index
