"""The ANS kit testContenuCDA as it lies in the cache: which of its schemas judge a document.

The five general profiles judge every document, the schema of a model only the documents of that model (readme of the
kit, §5.2.1: a level 1 document gets the general ones only). The kit leaves the choice to a person; here it is made by
the templateId of the document, with the table of models of this product.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from dui_conformance.data import profiles_root, read_yaml
from dui_conformance.subjects.cda import HL7, code_of
from dui_conformance.subjects.model import Element

PROFILES = (
    "schematrons/profils/structurationMinimale/ASIP-STRUCT-MIN-StrucMin.sch",
    "schematrons/profils/IHE.sch",
    "schematrons/profils/CI-SIS_ModelesDeContenusCDA.sch",
    "schematrons/profils/CI-SIS_Modeles_ANS.sch",
    "schematrons/profils/terminologies/schematron/terminologie.sch",
)
XSD = "infrastructure/cda/CDA_extended.xsd"
VALUE_SETS = "jeuxDeValeurs"
PARTS = ("schematrons", VALUE_SETS, "infrastructure")


@dataclass(frozen=True, slots=True)
class Model:
    """A document model: its id, and what its documents bear."""

    id: str
    root: str
    extensions: tuple[str, ...]
    codes: tuple[str, ...]

    @property
    def schema(self) -> str:
        return f"CI-SIS_{self.id}"


@lru_cache(maxsize=1)
def models() -> tuple[Model, ...]:
    """The models of profiles/models/templates.yaml."""
    told = read_yaml(profiles_root() / "models" / "templates.yaml")
    return tuple(_models(told))


def _models(told: Mapping[str, Any]) -> Iterator[Model]:
    for model in told["models"]:
        extensions = (model.get("extension") or "", *model.get("other_extensions", ()))
        codes = (model.get("code"), *model.get("other_codes", ()))
        yield Model(model["id"], model["root"], tuple(map(str, extensions)), tuple(str(c) for c in codes if c))
    level1 = told["level1"]
    for named in level1.get("named", ()):
        yield Model(named["id"], level1["root"], ("",), (str(named["code"]),))


def model_of(document: Element) -> Model | None:
    """The model of a document: that of its templateId and version, else of its code; None for a level 1 document."""
    code = code_of(document)
    borne = [(t.get("root", ""), t.get("extension", "")) for t in document.findall(f"{{{HL7}}}templateId")]
    found: list[tuple[bool, bool, Model]] = []
    for model in models():
        for root, extension in borne:
            if root == model.root:
                found.append((extension in model.extensions, code in model.codes, model))
    level1 = [model for _, same, model in found if model.extensions == ("",) and not same]
    found = [candidate for candidate in found if candidate[2] not in level1]
    if not found:
        return None
    return max(found, key=lambda candidate: candidate[:2])[2]


def schema_of(folder: Path, model: Model) -> str | None:
    """The path of a model's schema from the root of the kit, None if the kit has none. Letter case does not count."""
    for path in sorted((folder / "schematrons").glob("*.sch")):
        if path.stem.lower() == model.schema.lower():
            return path.relative_to(folder).as_posix()
    return None
