"""Sentences of the run that no rule or table holds."""

from dui_conformance.text import Text

NOT_CHECKED = {
    "hidden": Text("entrée cachée, non ouverte", "hidden entry, not opened"),
    "kind": Text("format reconnu ou non, mais qu'aucune règle ne juge encore", "a format that no rule judges yet"),
    "template": Text(
        "modèle (templateId) dont le contenu n'est pas encore jugé",
        "template (templateId) whose content is not judged yet",
    ),
    "code": Text(
        "code absent d'un jeu de valeurs dont seul un extrait est connu",
        "code not in a value set of which only an extract is known",
    ),
}
