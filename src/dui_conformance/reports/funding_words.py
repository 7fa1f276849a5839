"""The bonus in words: what is at stake, and the sum that gives it. The amounts are those of run.json."""

from collections.abc import Mapping

from dui_conformance.reports.typography import NBSP
from dui_conformance.reports.words import Words
from dui_conformance.runjson import Funding, FundingLine

PHRASES: Mapping[str, tuple[str, str]] = {
    "bonus_at_stake": (
        "{amount} en jeu : ce que le référencement ajoute.",
        "{amount} at stake: what referencing adds.",
    ),
    "bonus_more": (
        "Au moins {amount} en jeu : ce que le référencement ajoute, dont une part au montant inconnu.",
        "At least {amount} at stake: what referencing adds, part of it of unknown amount.",
    ),
    "bonus_unknown": (
        "Un complément est en jeu, d’un montant que l’outil ne connaît pas.",
        "A supplement is at stake, of an amount the tool does not know.",
    ),
    "bonus_granted": (
        "Logiciel déclaré référencé : plus rien n’est en jeu au titre du référencement.",
        "Software declared referenced: nothing is at stake any more for referencing.",
    ),
    "bonus_none": (
        "Aucun montant de ce dispositif ne dépend du référencement pour ce projet.",
        "No amount of this scheme depends on referencing for this project.",
    ),
    "bonus_ineligible": (
        "Le projet ne relève pas de ce dispositif : les montants sont donnés pour mémoire.",
        "The project does not come under this scheme: amounts are given for the record.",
    ),
    "n_essms_of": ("{n} ESSMS compté|{n} ESSMS comptés", "{n} ESSMS counted|{n} ESSMS counted"),
    "of_project": ("sur {n} au projet", "of {n} in the project"),
    "at_most": ("au plus", "at most"),
    "amount_unknown": ("montant inconnu", "amount unknown"),
}


def headline(funding: Funding, w: Words) -> str:
    """One sentence on what depends on referencing."""
    if not funding["eligible"]:
        return w["bonus_ineligible"]
    if funding["referenced"]:
        return w["bonus_granted"]
    if funding["at_stake"]:
        key = "bonus_more" if funding["unknown_at_stake"] else "bonus_at_stake"
        return w.filled(key, amount=w.amount(funding["at_stake"]))
    return w["bonus_unknown" if funding["unknown_at_stake"] else "bonus_none"]


def sum_of(line: FundingLine, funding: Funding, w: Words) -> str:
    """31 ESSMS comptés (sur 80 au projet) × 3 000 € = 93 000 €."""
    counted = w.count("n_essms_of", line["essms"])
    if line["essms"] != funding["essms"]:
        counted += f" ({w.filled('of_project', n=w.number(funding['essms']))})"
    if line["per_essms"] is None or line["amount"] is None:
        return f"{counted} × {w['amount_unknown']}"
    most = f"{w['at_most']} " if line["ceiling"] else ""
    return f"{counted} × {most}{w.amount(line['per_essms'])} = {most}{w.amount(line['amount'])}"


def payment(line: FundingLine, w: Words) -> str:
    """50 % au démarrage ; 50 % sur preuve… What is not understood in this open part of run.json is left out."""
    parts = []
    for part in line["payment"]:
        share, when = part.get("share"), w.open(part.get("when"))
        if isinstance(share, int | float) and when:
            parts.append(f"{w.number(round(share * 100, 2))}{NBSP if w.lang == 'fr' else ''}% {when}")
    return " ; ".join(parts) if w.lang == "fr" else "; ".join(parts)
