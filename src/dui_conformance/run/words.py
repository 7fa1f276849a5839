"""Sentences of the run that no rule or table holds."""

from dui_conformance.text import Text

NOT_CHECKED = {
    "hidden": Text("entrée cachée, non ouverte", "hidden entry, not opened"),
    "kind": Text("format reconnu ou non, mais qu'aucune règle ne juge encore", "a format that no rule judges yet"),
    "template": Text(
        "modèle (templateId) dont le contenu n'est pas encore jugé",
        "template (templateId) whose content is not judged yet",
    ),
    "fhir_code": Text(
        "code d'un système ou d'un jeu de valeurs FHIR que l'outil ne détient pas, ou qu'en partie",
        "code of a system or a FHIR value set that the tool does not hold, or holds in part only",
    ),
    "fhir_value_set": Text(
        "jeu de valeurs FHIR que l'outil ne détient pas", "FHIR value set that the tool does not hold"
    ),
    "fhir_extension": Text(
        "extension FHIR dont l'outil ne détient pas la définition",
        "FHIR extension whose definition the tool does not hold",
    ),
    "fhir_profile": Text(
        "profil FHIR que l'outil ne détient pas (dui-conformance artefacts add)",
        "FHIR profile that the tool does not hold (dui-conformance artefacts add)",
    ),
    "fhir_reference": Text(
        "référence FHIR à une ressource qui n'est pas dans l'export",
        "FHIR reference to a resource that is not in the export",
    ),
    "fhir_expression": Text(
        "contrainte FHIR qui ne peut être évaluée sur cette ressource",
        "FHIR constraint that cannot be evaluated on this resource",
    ),
    "fhir_slice": Text(
        "tranche d'un profil FHIR dont l'appartenance ne peut être dite",
        "slice of a FHIR profile to which belonging cannot be told",
    ),
    "fhir_questionnaire": Text(
        "questionnaire FHIR que l'outil ne détient pas", "FHIR questionnaire that the tool does not hold"
    ),
    "fhir_issues": Text("anomalies au-delà de celles listées", "issues beyond those listed"),
    "code": Text(
        "code absent d'un jeu de valeurs dont seul un extrait est connu",
        "code not in a value set of which only an extract is known",
    ),
}
