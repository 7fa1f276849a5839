"""Sentences of the run that no rule or table holds."""

from dui_conformance.text import Text

NOT_CHECKED = {
    "hidden": Text("entrée cachée, non ouverte", "hidden entry, not opened"),
    "kind": Text("format reconnu ou non, mais qu'aucune règle ne juge encore", "a format that no rule judges yet"),
    "received": Text(
        "document reçu d'un autre logiciel : comparé au compte rendu d'intégration, non jugé comme un export",
        "document received from another software: compared with the integration report, not judged as an export",
    ),
    "template": Text(
        "modèle (templateId) dont le contenu n'est pas encore jugé",
        "template (templateId) whose content is not judged yet",
    ),
    "model": Text(
        "modèle de document, ou version, dont aucune table n'est là : ses sections ne sont pas jugées",
        "document model, or version, of which there is no table: its sections are not judged",
    ),
    "official_model": Text(
        "modèle de document dont l'artefact officiel n'a pas de Schematron : jugé par ses profils généraux seuls",
        "document model of which the official artefact has no Schematron: judged by its general profiles only",
    ),
    "official_missing": Text(
        "fichier que l'artefact officiel inclut et qu'il ne contient pas : défaut de l'artefact, ses règles manquent",
        "file that the official artefact includes and does not hold: a defect of the artefact, its rules are missing",
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
    "fhir_profile_type": Text(
        "profil FHIR demandé (--profile) : aucune ressource n'est de son type",
        "FHIR profile asked for (--profile): no resource is of its type",
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
    "probe": Text(
        "ce que la sonde n'a pas pu conclure sur cette machine, ou sans ce que le manifeste peut déclarer",
        "what the probe could not conclude on this machine, or without what the manifest may declare",
    ),
    "fhir_issues": Text("anomalies au-delà de celles listées", "issues beyond those listed"),
    "code": Text(
        "code absent d'un jeu de valeurs dont seul un extrait est connu",
        "code not in a value set of which only an extract is known",
    ),
}

OFFICIAL_TITLE = Text("Assertion officielle : {schema}", "Official assert: {schema}")
OFFICIAL_BROKEN = Text("L'artefact officiel a pu juger le document", "The official artefact could judge the document")
OFFICIAL_REMEDY = Text(
    "Lire le message, qui est celui de l'artefact officiel, et corriger le document à l'endroit indiqué.",
    "Read the message, which is that of the official artefact, and correct the document at the place shown.",
)
