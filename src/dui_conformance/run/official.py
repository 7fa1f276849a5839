"""The official artefacts that a user has added: kept in the user's folder, with what they are.

The ANS kit (repaired in the copy that is kept), an ISO Schematron of the user's own, value sets, certificate
authorities; FHIR packages are in `run.artefacts`. Nothing is fetched; the file that was given is only read.
"""

import datetime
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from lxml import etree

from dui_conformance.engine.second_opinion import Official
from dui_conformance.official import bundle, kit, recognise, schematron, value_sets
from dui_conformance.official.bundle import Bundle
from dui_conformance.official.expressions import SchematronError
from dui_conformance.official.repair import Repair, repair
from dui_conformance.rules.newer import Newer
from dui_conformance.run import artefacts

_KEPT = (".sch", ".xml", ".rdf", ".xsd")
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_LOCATION = re.compile(r"^[\w./-]+\.xsd$")
_KIT_NAME = "testContenuCDA"


@dataclass(frozen=True, slots=True)
class Kept:
    """One artefact of the lock file.

    `kind`: kit, schematron, value_sets, authorities. `date`: of the artefact itself (YYYY-MM-DD, empty if it does not
    tell), `added` the day it was added. `holds`: how many schemas, value sets or certificates.
    """

    kind: str
    name: str
    version: str
    date: str
    sha256: str
    added: str
    folder: str
    holds: int
    schemas: tuple[str, ...] = ()
    repairs: tuple[Repair, ...] = ()
    left: tuple[tuple[str, str], ...] = field(default_factory=tuple)  # (file, why) of what was not taken


class ArtefactError(SchematronError):
    """What was given cannot be added."""


def kept() -> list[Kept]:
    """The artefacts of the lock file, in the order of their names."""
    found = []
    for item in artefacts.recorded().get("artefacts", ()):
        try:
            item = dict(item)
            repairs = tuple(Repair(**one) for one in item.pop("repairs", ()))
            left = tuple((str(file), str(why)) for file, why in item.pop("left", ()))
            found.append(Kept(**{**item, "schemas": tuple(item.get("schemas", ()))}, repairs=repairs, left=left))
        except (TypeError, ValueError):
            continue
    return found


def recognised(source: Path) -> tuple[Bundle, recognise.Recognised | None]:
    """The files of a path, and what they are. Raises BundleError, OSError."""
    files = bundle.read(source)
    return files, recognise.recognise(files)


def add(files: Bundle, what: recognise.Recognised, today: datetime.date, version: str = "", date: str = "") -> Kept:
    """Keep an artefact; one of the same kind and name is replaced. Raises ArtefactError, OSError."""
    makers = {"kit": _kit, "schematron": _schematron, "value_sets": _value_sets, "authorities": _authorities}
    whole = files.below(what.root)
    made = makers[what.kind](whole, today)
    if version or date:
        made = replace(made, version=version or made.version, date=date or made.date)
    _record([*(item for item in kept() if (item.kind, item.name) != (made.kind, made.name)), made])
    return made


def remove(name: str) -> list[str]:
    """Forget the artefacts and packages of a name; gives what was removed."""
    items = kept()
    gone = [item for item in items if item.name == name]
    _record([item for item in items if item.name != name])
    for item in gone:
        shutil.rmtree(artefacts.home() / item.folder, ignore_errors=True)
    packages = artefacts.added()
    left = [package for package in packages if package.name != name]
    if len(left) < len(packages):
        artefacts.record("packages", [asdict(package) for package in left])
        for package in packages:
            if package.name == name:
                (artefacts.home() / package.file).unlink(missing_ok=True)
    return [item.name for item in gone] + [package.name for package in packages if package.name == name]


def official() -> tuple[Official, ...]:
    """The kit and the schematrons, as judging takes them."""
    home = artefacts.home()
    return tuple(
        Official(
            item.kind,
            item.name,
            item.version,
            item.date,
            item.sha256,
            str(home / item.folder),
            str(home / "compiled" / item.sha256[:16]),
            item.schemas,
            tuple(Path(one.file).stem for one in item.repairs if one.kind == "stand-in"),
        )
        for item in kept()
        if item.kind in ("kit", "schematron") and (home / item.folder).is_dir()
    )


def newer() -> tuple[Newer, ...]:
    """The value sets added, as the catalogue takes them: the file that holds them, and its digest."""
    home = artefacts.home()
    found = ((home / item.folder / "sets.json", item) for item in kept() if item.kind == "value_sets")
    return tuple(Newer(str(path), item.sha256, item.name) for path, item in found if path.is_file())


def authorities() -> tuple[Path, ...]:
    """The files of certificates added (PEM)."""
    home = artefacts.home()
    paths = (home / item.folder / "authorities.pem" for item in kept() if item.kind == "authorities")
    return tuple(path for path in paths if path.is_file())


def _record(items: Sequence[Kept]) -> None:
    artefacts.record("artefacts", [asdict(item) for item in sorted(items, key=lambda i: (i.kind, i.name))])


def _folder(kind: str, sha256: str) -> tuple[str, Path]:
    """Where an artefact is kept, emptied of what an earlier attempt left."""
    name = f"{kind}/{sha256[:16]}"
    folder = artefacts.home() / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return name, folder


def _kit(whole: Bundle, today: datetime.date) -> Kept:
    parts = tuple(f"{part}/" for part in kit.PARTS)
    files = {path: data for path, data in whole.files.items() if path.startswith(parts)}
    useful = Bundle(whole.name, files, whole.dates, whole.commit).only(*_KEPT)
    sha256 = useful.sha256
    name, folder = _folder("kit", sha256)
    useful.write(folder)
    _check_xsd(folder)
    repairs = tuple(repair(folder))
    schemas = tuple(path for path in kit.PROFILES if (folder / path).is_file())
    if not schemas:
        shutil.rmtree(folder, ignore_errors=True)
        raise ArtefactError("aucun profil général dans ce kit", "no general profile in this kit")
    sets, _ = value_sets.read(useful.below(kit.VALUE_SETS))
    latest = max((one.date for one in sets), default="")
    date = max((useful.dates.get(path, "") for path in files), default="") or latest
    return Kept(
        "kit",
        _KIT_NAME,
        whole.commit or latest,
        date,
        sha256,
        today.isoformat(),
        name,
        _count(folder),
        schemas,
        repairs,
    )


def _count(folder: Path) -> int:
    """The document models of a kit."""
    return len(list((folder / "schematrons").glob("CI-SIS_*.sch")))


def _check_xsd(folder: Path) -> None:
    """The XSD that is run, and those it takes in, refer to files of the kit alone. Raises ArtefactError."""
    todo = [folder / kit.XSD] if (folder / kit.XSD).is_file() else []
    seen = set(todo)
    while todo:
        path = todo.pop()
        for element in schematron.parsed(path, with_dtd=True).iter("{*}include", "{*}import", "{*}redefine"):
            location = element.get("schemaLocation")
            if location is None:
                continue
            target = (path.parent / location).resolve()
            if not _LOCATION.match(location) or not target.is_relative_to(folder.resolve()):
                shutil.rmtree(folder, ignore_errors=True)
                raise ArtefactError(
                    f"{path.name} renvoie hors du kit ({location})", f"{path.name} refers outside the kit ({location})"
                )
            if target not in seen and target.is_file():
                seen.add(target)
                todo.append(target)


def _schematron(whole: Bundle, today: datetime.date) -> Kept:
    useful = whole.only(*_KEPT)
    sha256 = useful.sha256
    name, folder = _folder("schematron", sha256)
    useful.write(folder)
    try:
        schemas = tuple(_run_schemas(folder))
        titles = [title for path in schemas if (title := _title(folder / path))]
    except SchematronError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    date = max(whole.dates.values(), default="")
    label = Path(whole.name).stem if len(schemas) != 1 else (titles or [Path(schemas[0]).stem])[0]
    return Kept("schematron", label, "", date, sha256, today.isoformat(), name, len(schemas), schemas)


def _run_schemas(folder: Path) -> Iterator[str]:
    """The schemas of a folder that others do not include. Raises SchematronError when one cannot be read."""
    from dui_conformance.official import stylesheet

    roots = [p for p in sorted(folder.rglob("*.sch")) if etree.QName(schematron.parsed(p)).localname == "schema"]
    included = set()
    for path in roots:
        for element in schematron.parsed(path).iter("{*}include"):
            included.add((path.parent / element.get("href", "")).resolve())
    for path in roots:
        if path.resolve() not in included:
            inside = path.relative_to(folder)
            stylesheet.compiled(schematron.read(path, folder), inside.parent.as_posix())
            yield inside.as_posix()


def _title(path: Path) -> str:
    found = schematron.parsed(path).findtext(f"{{{schematron.ISO}}}title") or ""
    return " ".join(found.split())[:80]


def _value_sets(whole: Bundle, today: datetime.date) -> Kept:
    sets, left = value_sets.read(whole)
    if not sets:
        why = left[0].why if left else "empty"
        raise ArtefactError(f"aucun jeu de valeurs utilisable ({why})", f"no usable value set ({why})")
    sha256 = whole.sha256
    name, folder = _folder("value_sets", sha256)
    content = {"format": 1, "sets": [asdict(one) for one in sets]}
    (folder / "sets.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    label = sets[0].name if len(sets) == 1 else Path(whole.name).stem
    latest = max(sets, key=lambda one: one.date)
    version = latest.version if len(sets) == 1 else ""
    not_taken = tuple((one.file, one.why) for one in left)
    return Kept("value_sets", label, version, latest.date, sha256, today.isoformat(), name, len(sets), left=not_taken)


def _authorities(whole: Bundle, today: datetime.date) -> Kept:
    found = [pem for path in sorted(whole.files) for pem in _PEM.findall(whole.files[path])]
    if not found:
        raise ArtefactError("aucun certificat lisible", "no readable certificate")
    sha256 = whole.sha256
    name, folder = _folder("authorities", sha256)
    (folder / "authorities.pem").write_bytes(b"\n".join(found) + b"\n")
    return Kept("authorities", Path(whole.name).stem, "", "", sha256, today.isoformat(), name, len(found))
