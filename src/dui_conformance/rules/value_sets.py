"""Published lists of codes: those of `profiles/valuesets/*.yaml`, and those of its folders, read when asked for.

The folders hold the sets of document models, hundreds of them, one file each (`tools/build_value_sets.py` writes
them): the identifier of a set is the name of its file.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from dui_conformance.data import kept, read_yaml
from dui_conformance.rules.model import ValueSet
from dui_conformance.rules.newer import Newer, Newest

Data = dict[str, Any]


class Sets:
    """The sets of a profiles folder by identifier: those that are `loaded`, then those of its folders."""

    def __init__(self, root: Path, loaded: Mapping[str, ValueSet], newer: Sequence[Newer] = ()) -> None:
        self.root = root
        self._newest = Newest(newer)
        self._known = {name: self._newest(value_set) for name, value_set in loaded.items()}
        self.loaded: Mapping[str, ValueSet] = dict(self._known)  # those of `loaded`, replaced by newer ones

    @cached_property
    def files(self) -> Mapping[str, Path]:
        """The files of the folders, by identifier."""
        return {path.stem: path for path in sorted((self.root / "valuesets").glob("*/*.yaml"))}

    @cached_property
    def digest(self) -> str:
        """Of what the folders hold."""
        whole = hashlib.sha256()
        for name, path in self.files.items():
            whole.update(name.encode() + b"\0" + path.read_bytes())
        return whole.hexdigest()

    def __call__(self, name: str) -> ValueSet:
        """A set. Raises KeyError."""
        if name not in self._known:
            path = self.files[name]
            digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
            data = kept(self.root / "compiled", f"valueset.{name}", digest, lambda: _jsonable(read_yaml(path)))
            self._known[name] = self._newest(value_set(data))
        return self._known[name]


def _jsonable(data: Data) -> Data:
    made: Data = json.loads(json.dumps(data, default=str))
    return made


def value_set(data: Data) -> ValueSet:
    """A list of codes; or an association (`map`), whose labels are the admitted targets, separated by blanks."""
    codes: dict[str, dict[str, str]] = {}
    for part in ("map", "measured_also"):
        for system, entries in data.get(part, {}).items():
            # grouped by system, or straight from code to targets
            for code, targets in entries.items() if isinstance(entries, dict) else ((system, entries),):
                known = codes.setdefault(str(code), {})
                scheme = str(system) if isinstance(entries, dict) else ""
                scheme = scheme or next(iter(known), "")
                known[scheme] = " ".join([known.get(scheme, ""), *map(str, targets)]).strip()
    for system, entries in data.get("codes", {}).items():
        for code, label in entries.items():
            text = label["label"] if isinstance(label, dict) else label
            codes.setdefault(str(code), {})[str(system)] = str(text or "")
    return ValueSet(
        id=data["id"],
        name=data["name"],
        oid=str(data.get("oid") or ""),
        version=str(data.get("version") or ""),
        date=str(data.get("date") or ""),
        complete=bool(data.get("complete", True)),
        source=data["source"],
        codes=codes,
        system_judged=bool(data.get("system_judged", True)) and not data.get("without_system", False),
        other_labels={
            (str(system), str(code)): tuple(map(str, labels))
            for system, entries in data.get("other_labels", {}).items()
            for code, labels in entries.items()
        },
    )
