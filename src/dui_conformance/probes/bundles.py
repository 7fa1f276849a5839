"""Transactions of TDDUI 2.4.0, good and bad, about invented persons with test identities (dmp-mssante I.5).

Bad ones break what a consumer must refuse whatever it keeps: the form of the transaction, references that lead
nowhere, required elements. « Tout ou rien » : a refused transaction leaves nothing behind (eprescription-tddui B2).
"""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dui_conformance.data import fixtures_root
from dui_conformance.text import Text

_GOOD = "ready/exports/fhir/tddui-transaction.json"
JSON = "application/fhir+json"

Bundle = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """A body to send: its operation, what it is for a person, the bytes, the number of entries."""

    operation: str
    title: Text
    body: bytes
    entries: int = 0
    media: str = JSON


def good() -> Bundle:
    """A transaction that a consumer must take."""
    content: Bundle = json.loads((fixtures_root() / _GOOD).read_bytes())
    return content


def _without_method(bundle: Bundle) -> None:
    del bundle["entry"][0]["request"]


def _updates(bundle: Bundle) -> None:
    resource = bundle["entry"][0]["resource"]
    bundle["entry"][0]["request"] = {"method": "PUT", "url": f"{resource['resourceType']}/dui-conformance"}


def _dangling(bundle: Bundle) -> None:
    """The patient is referred to and not there."""
    bundle["entry"] = [entry for entry in bundle["entry"] if entry["resource"]["resourceType"] != "Patient"]


def _unknown_type(bundle: Bundle) -> None:
    bundle["entry"][-1]["resource"] = {"resourceType": "DossierUsager", "id": "x"}


def _incomplete(bundle: Bundle) -> None:
    """The last resource that has a status loses it; the first ones are good, and must not be kept."""
    for entry in reversed(bundle["entry"]):
        if "status" in entry["resource"]:
            del entry["resource"]["status"]
            return


def _wrong_code(bundle: Bundle) -> None:
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == "Patient":
            entry["resource"]["gender"] = "inconnu"


BAD: Mapping[str, tuple[Text, Callable[[Bundle], None]]] = {
    "bundle-dangling": (Text("référence à un usager absent du lot", "reference to a person not in it"), _dangling),
    "bundle-incomplete": (
        Text("élément obligatoire absent (status)", "required element missing (status)"),
        _incomplete,
    ),
    "bundle-wrong-code": (Text("sexe hors de la liste de FHIR", "gender outside the FHIR list"), _wrong_code),
    "bundle-unknown-type": (Text("type de ressource inconnu", "unknown type of resource"), _unknown_type),
    "bundle-no-request": (Text("entrée sans request", "entry without request"), _without_method),
    "bundle-update": (Text("mise à jour (PUT) au lieu d'un ajout", "update (PUT) instead of a creation"), _updates),
}


def bodies() -> list[Sent]:
    """What is sent to a consumer, in order: bad bodies first, so that nothing good is there when they come."""
    found = []
    for operation, (title, spoil) in BAD.items():
        bundle = copy.deepcopy(good())
        spoil(bundle)
        told = Text(f"lot refusable : {title.fr}", f"bundle to refuse: {title.en}")
        found.append(Sent(operation, told, _bytes(bundle), len(bundle["entry"])))
    whole = _bytes(good())
    found.append(Sent("bundle-truncated", Text("JSON coupé", "truncated JSON"), whole[: len(whole) // 2]))
    taken = good()
    told = Text("lot conforme d'un usager inventé", "conformant bundle of an invented person")
    return [*found, Sent("bundle-good", told, _bytes(taken), len(taken["entry"]))]


def empty() -> bytes:
    """A transaction without entry: nothing is created even where it is taken."""
    return _bytes({"resourceType": "Bundle", "type": "transaction", "entry": []})


def _bytes(bundle: Bundle) -> bytes:
    return json.dumps(bundle, ensure_ascii=False).encode()
