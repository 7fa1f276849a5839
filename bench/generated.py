"""Exports in numbers, made of the good fixtures: each copy has its own document numbers."""

import re
from collections.abc import Iterator
from pathlib import Path

from bench.places import EXPORTS

LEVEL_3 = EXPORTS / "documents/dlu.xml"
LEVEL_1 = EXPORTS / "documents/lettre-liaison.xml"
LIGHT = EXPORTS / "documents/visite-accueil.xml"
MAIL = EXPORTS / "mails/vers-professionnel.eml"
ARCHIVE = EXPORTS / "xdm/projet-personnalise/IHE_XDM.ZIP"

_OWN_NUMBERS = re.compile(rb'(<(?:id|setId) root="2\.999\.)(\d[\d.]*")')
_MESSAGE_ID = re.compile(rb"(?m)^(Message-ID: <)")


def copies(model: Path, count: int) -> Iterator[bytes]:
    """As many documents or mails like a model, each numbered on its own; archives as they are."""
    data = model.read_bytes()
    for number in range(count):
        if model.suffix == ".eml":
            yield _MESSAGE_ID.sub(rb"\g<1>%d." % number, data, count=1)
        elif model.suffix == ".ZIP":
            yield data  # its documents are numbered inside, under checksums
        else:  # the document's id and setId come first, before any other
            yield _OWN_NUMBERS.sub(rb"\g<1>%d.\g<2>" % (900_000 + number), data, count=2)


def written(model: Path, count: int, folder: Path) -> list[Path]:
    """The copies as files of a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, data in enumerate(copies(model, count)):
        path = folder / f"{number:06}{model.suffix}"
        path.write_bytes(data)
        paths.append(path)
    return paths
