"""The Questionnaires of a guide, from its table (`questionnaires.yaml`): linkIds, types and admitted answers.

A QuestionnaireResponse is then held to the one it names (R4 §12.6), as to any Questionnaire. Where the examples of the
guide do not nest their answers as its Questionnaire does (`loose`), linkIds alone are compared, and give a warning.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Data = dict[str, Any]


def questionnaires(told: Mapping[str, Any], version: str) -> Iterator[Data]:
    """A Questionnaire for each name of the table, and for each other name it is known by, but those that are loose."""
    for name, spec in told["questionnaires"].items():
        for url in () if spec.get("loose") else _urls(told, name):
            yield {
                "resourceType": "Questionnaire",
                "id": url.rpartition("/")[2],
                "url": url,
                "version": version,
                "status": "active",
                "item": _items(spec["items"], told),
            }


def canonicals(told: Mapping[str, Any]) -> list[str]:
    """The canonical of each grid, loose or not."""
    return [url for name in told["questionnaires"] for url in _urls(told, name)]


def loose(told: Mapping[str, Any]) -> Iterator[tuple[str, list[str], list[str]]]:
    """The loose ones: name, canonicals, linkIds."""
    for name, spec in told["questionnaires"].items():
        if spec.get("loose"):
            yield name, _urls(told, name), list(_links(_items(spec["items"], told)))


def answers(urls: list[str]) -> str:
    """FHIRPath on a QuestionnaireResponse: whether it answers one of these, with or without its version."""
    return " or ".join(f"questionnaire = '{url}' or questionnaire.startsWith('{url}|')" for url in urls)


def _urls(told: Mapping[str, Any], name: str) -> list[str]:
    names = [name, *filter(None, (told["questionnaires"][name].get("also"),))]
    return [f"{told['canonical']}{identity}" for identity in names]


def _links(items: list[Data]) -> Iterator[str]:
    for item in items:
        yield item["linkId"]
        yield from _links(item.get("item", []))


def _items(table: Mapping[str, Any], told: Mapping[str, Any]) -> list[Data]:
    return [_item(link, row, told) for link, row in table.items()]


def _item(link: str, row: Any, told: Mapping[str, Any]) -> Data:
    spec = row if isinstance(row, Mapping) else {"is": row}
    kind, *answers = str(spec["is"]).split()
    item: Data = {"linkId": link, "type": kind}
    if answers:
        system = told["systems"][answers[0]]
        item["answerOption"] = [{"valueCoding": {"system": system, "code": code}} for code in answers[1:]]
    inside = _items(spec.get("items") or {}, told)
    if "below" in spec:
        inside += [{"linkId": f"{spec['below']}-{suffix}", "type": "boolean"} for suffix in str(told["each"]).split()]
    if inside:
        item["item"] = inside
    return item
