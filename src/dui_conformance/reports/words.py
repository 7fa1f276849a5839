"""The words of the reports, in French and in English. Sentences about the run come from run.json itself."""

from collections.abc import Mapping

from dui_conformance.reports.typography import NBSP, amount, clean, date, number, size, typeset
from dui_conformance.runjson import Bilingual
from dui_conformance.text import Language

_LONGEST = 2000  # characters of a message: a rule that quotes more than that quotes too much

# Two forms, one for each language, French first.
_Pair = tuple[str, str]

STATUSES: Mapping[str, _Pair] = {
    "proved": ("prouvée", "proved"),
    "attested": ("attestée", "attested"),
    "waived": ("admise par dérogation", "accepted by waiver"),
    "failed": ("en échec", "failed"),
    "blocked": ("non concluante", "inconclusive"),
    "missing": ("preuve à fournir", "evidence to provide"),
    "to_attest": ("à attester", "to be attested"),
    "review": ("à vérifier", "to be verified"),
    "not_covered": ("non couverte par l’outil", "not covered by the tool"),
    "not_applicable": ("non applicable", "not applicable"),
}
# What each status means, for the reader who has never seen the tool.
STATUS_MEANINGS: Mapping[str, _Pair] = {
    "proved": ("les contrôles des exports ont réussi", "the checks of the exports passed"),
    "attested": ("un document daté en répond", "a dated document answers for it"),
    "waived": (
        "des erreurs sont acceptées, avec un responsable et une échéance",
        "errors are accepted, with an owner and an expiry date",
    ),
    "failed": ("au moins une erreur dans les exports", "at least one error in the exports"),
    "blocked": ("des contrôles n’ont pas pu conclure", "some checks could not conclude"),
    "missing": ("aucun export ne permet de juger", "no export allows a judgement"),
    "to_attest": ("un document daté est attendu", "a dated document is expected"),
    "review": ("une personne doit trancher", "a person has to decide"),
    "not_covered": ("l’outil ne la juge pas", "the tool does not judge it"),
    "not_applicable": ("d’après ce que l’éditeur déclare", "according to what the editor declares"),
}
SEVERITIES: Mapping[str, _Pair] = {
    "error": ("erreur", "error"),
    "tool": ("défaut de l’outil", "tool failure"),
    "blocked": ("non concluant", "inconclusive"),
    "warning": ("avertissement", "warning"),
    "review": ("à vérifier", "to be verified"),
    "info": ("information", "information"),
    "waived": ("admis par dérogation", "waived"),
}
SEVERITY_COUNTS: Mapping[str, _Pair] = {
    "error": ("{n} erreur|{n} erreurs", "{n} error|{n} errors"),
    "tool": ("{n} défaut de l’outil|{n} défauts de l’outil", "{n} tool failure|{n} tool failures"),
    "blocked": (
        "{n} contrôle non concluant|{n} contrôles non concluants",
        "{n} inconclusive check|{n} inconclusive checks",
    ),
    "warning": ("{n} avertissement|{n} avertissements", "{n} warning|{n} warnings"),
    "review": ("{n} point à vérifier|{n} points à vérifier", "{n} point to verify|{n} points to verify"),
    "info": ("{n} information|{n} informations", "{n} note|{n} notes"),
    "waived": (
        "{n} constat admis par dérogation|{n} constats admis par dérogation",
        "{n} waived finding|{n} waived findings",
    ),
}
OUTCOMES: Mapping[str, _Pair] = {
    "passed": ("réussis", "passed"),
    "failed": ("en échec", "failed"),
    "review": ("à vérifier", "to verify"),
    "blocked": ("non concluants", "inconclusive"),
    "error": ("défauts de l’outil", "tool failures"),
    "not_applicable": ("sans objet", "not applicable"),
}
KINDS: Mapping[str, _Pair] = {
    "cda": ("document CDA", "CDA document"),
    "xdm": ("archive IHE XDM", "IHE XDM archive"),
    "xds": ("métadonnées XDS", "XDS metadata"),
    "mail": ("mail", "mail"),
    "pdf": ("PDF", "PDF"),
    "picture": ("image", "picture"),
    "zip": ("archive ZIP", "ZIP archive"),
    "fhir": ("ressource FHIR", "FHIR resource"),
    "hl7v2": ("message HL7 v2", "HL7 v2 message"),
    "exchange": ("échange enregistré", "recorded exchange"),
    "session": ("session enregistrée", "recorded session"),
    "proof": ("preuve déposée", "proof handed in"),
    "integration": ("compte rendu d’intégration", "integration report"),
    "xml": ("fichier XML", "XML file"),
    "text": ("fichier texte", "text file"),
    "unknown": ("format inconnu", "unknown format"),
}
COVERAGES: Mapping[str, _Pair] = {
    "automated": ("jugée par des règles, sur les exports", "judged by rules, on the exports"),
    "assisted": ("jugée en partie sur les exports", "judged in part on the exports"),
    "attested": ("attestée par un document daté", "attested by a dated document"),
    "not_covered": ("non couverte par l’outil", "not covered by the tool"),
}
OBLIGATIONS: Mapping[str, _Pair] = {
    "mandatory": ("obligatoire", "mandatory"),
    "conditional": ("obligatoire sous condition", "mandatory under condition"),
    "recommended": ("recommandée", "recommended"),
    "unknown": ("caractère obligatoire inconnu", "obligation unknown"),
}
APPLICABLE: Mapping[str, _Pair] = {
    "yes": ("applicable", "applicable"),
    "no": ("non applicable", "not applicable"),
    "assumed": ("supposée applicable", "assumed to apply"),
}
STEPS: Mapping[str, _Pair] = {
    "fix": ("correction", "correction"),
    "produce": ("export à produire", "export to produce"),
    "declare": ("déclaration", "declaration"),
    "review": ("vérification", "verification"),
    "attest": ("attestation", "attestation"),
}
NOT_CHECKED: Mapping[str, _Pair] = {
    "hidden": ("entrée cachée", "hidden entry"),
    "kind": ("format", "format"),
    "received": ("document reçu, comparé et non jugé", "document received, compared and not judged"),
    "template": ("modèle (templateId)", "template (templateId)"),
    "code": ("code", "code"),
    "fhir_code": ("code FHIR", "FHIR code"),
    "fhir_value_set": ("jeu de valeurs FHIR", "FHIR value set"),
    "fhir_extension": ("extension FHIR", "FHIR extension"),
    "fhir_profile": ("profil FHIR", "FHIR profile"),
    "fhir_profile_type": ("profil FHIR demandé", "FHIR profile asked for"),
    "fhir_reference": ("référence FHIR", "FHIR reference"),
    "fhir_expression": ("contrainte FHIR", "FHIR constraint"),
    "fhir_slice": ("tranche d’un profil FHIR", "slice of a FHIR profile"),
    "fhir_questionnaire": ("questionnaire FHIR", "FHIR questionnaire"),
    "fhir_issues": ("anomalies FHIR", "FHIR issues"),
    "probe": ("sonde", "probe"),
    "official_model": ("modèle sans Schematron officiel", "model without an official Schematron"),
    "official_missing": ("inclusion absente de l’artefact officiel", "include absent from the official artefact"),
    "rule": ("règle non exécutée", "rule not run"),
}
WAIVERS: Mapping[str, _Pair] = {
    "used": ("utilisée", "used"),
    "unused": ("sans objet", "unused"),
    "expired": ("expirée", "expired"),
}
BENEFICIARIES: Mapping[str, _Pair] = {
    "project_owner": ("porteur du projet", "project owner"),
    "editor": ("éditeur", "editor"),
}
FUNDING_STATES: Mapping[str, _Pair] = {
    "granted": ("non", "no"),
    "earned": ("oui, acquis", "yes, earned"),
    "at_stake": ("oui, en jeu", "yes, at stake"),
    "excluded": ("exclu", "excluded"),
}
ENVIRONMENTS: Mapping[str, _Pair] = {"test": ("test", "test"), "production": ("production", "production")}
DOMAINS: Mapping[str, _Pair] = {
    "PA": ("PA (personnes âgées)", "PA (older people)"),
    "PH": ("PH (personnes handicapées)", "PH (people with disabilities)"),
    "DOM": ("DOM (domicile)", "DOM (home care)"),
    "PDE": ("PDE (protection de l’enfance)", "PDE (child protection)"),
    "PDS": ("PDS (personnes en difficultés spécifiques)", "PDS (people in specific difficulty)"),
    "AHI": ("AHI (accueil, hébergement, insertion)", "AHI (reception, housing, integration)"),
    "PJM": ("PJM (protection juridique des majeurs)", "PJM (legal protection of adults)"),
}
OPTIONS: Mapping[str, _Pair] = {
    "identity_master": ("Le DUI est référentiel d’identités", "The DUI is the identity master"),
    "reimbursable_acts": ("Facture des actes remboursables", "Bills reimbursable acts"),
    "calls_insi": ("Appelle le téléservice INSi", "Calls the INSi tele-service"),
    "receives_identities": (
        "Reçoit des identités d’un autre domaine",
        "Receives identities from another domain",
    ),
    "hosted": ("Hébergé par l’éditeur", "Hosted by the editor"),
    "intermediation_platform": (
        "Passe par une plateforme d’intermédiation",
        "Goes through an intermediation platform",
    ),
    "application_mailbox": ("Gère une boîte aux lettres applicative", "Handles an application mailbox"),
    "own_accounts": ("Gère ses propres comptes d’accès", "Manages its own accounts"),
    "via_trajectoire": ("Échange avec ViaTrajectoire", "Exchanges with ViaTrajectoire"),
    "mailbox_operator": ("Opérateur de messagerie", "Mailbox operator"),
    "mailbox_interface": ("Interface de messagerie", "Mailbox interface"),
}
# Phrases that several formats use. `one|many` where a number `{n}` chooses.
COMMON: Mapping[str, _Pair] = {
    "undeclared_product": ("Produit non déclaré", "Product not declared"),
    "wave": ("vague {n}", "wave {n}"),
    "n_rules": ("{n} règle exécutée|{n} règles exécutées", "{n} rule run|{n} rules run"),
    "n_places": ("{n} endroit|{n} endroits", "{n} place|{n} places"),
    "copies": (
        "(et {n} copie identique)|(et {n} copies identiques)",
        "(and {n} identical copy)|(and {n} identical copies)",
    ),
    "more_places": ("… et {n} autre endroit|… et {n} autres endroits", "… and {n} more place|… and {n} more places"),
    "more_causes": (
        (
            "… et {n} autre cause : voir le rapport HTML ou run.json.|"
            "… et {n} autres causes : voir le rapport HTML ou run.json."
        ),
        (
            "… and {n} more cause: see the HTML report or run.json.|"
            "… and {n} more causes: see the HTML report or run.json."
        ),
    ),
    "more_steps": ("… et {n} autre étape|… et {n} autres étapes", "… and {n} more step|… and {n} more steps"),
    "attest": ("Attester {n} exigence|Attester {n} exigences", "Attest {n} requirement|Attest {n} requirements"),
    "no_finding": ("Aucun constat.", "No finding."),
    "remedy": ("Correction", "Fix"),
    "source": ("Source", "Source"),
    "not_checked": ("Ce qui n’a pas été contrôlé", "What was not checked"),
}
_VOCABULARIES: Mapping[str, Mapping[str, _Pair]] = {
    "status": STATUSES,
    "meaning": STATUS_MEANINGS,
    "severity": SEVERITIES,
    "outcome": OUTCOMES,
    "kind": KINDS,
    "coverage": COVERAGES,
    "obligation": OBLIGATIONS,
    "applicable": APPLICABLE,
    "step": STEPS,
    "not_checked": NOT_CHECKED,
    "waiver": WAIVERS,
    "beneficiary": BENEFICIARIES,
    "funding_state": FUNDING_STATES,
    "environment": ENVIRONMENTS,
    "domain": DOMAINS,
    "option": OPTIONS,
}


class Words:
    """The words of one language."""

    def __init__(self, lang: Language, phrases: Mapping[str, _Pair]) -> None:
        self.lang: Language = lang
        self._at = 0 if lang == "fr" else 1
        self._phrases = {**COMMON, **phrases}

    def __getitem__(self, key: str) -> str:
        """A fixed phrase."""
        return typeset(self._phrases[key][self._at], self.lang)

    def filled(self, key: str, **values: str) -> str:
        """A phrase with its `{name}` places filled; the values are set as they are."""
        return self[key].format_map(values)

    def count(self, key: str, n: int) -> str:
        """A counted phrase: `one|many`, with `{n}`. French says 0 in the singular, English in the plural."""
        one, many = (SEVERITY_COUNTS.get(key) or self._phrases[key])[self._at].split("|")
        singular = n < 2 if self.lang == "fr" else n == 1
        return typeset((one if singular else many).replace("{n}", number(n, self.lang)), self.lang)

    def name(self, vocabulary: str, key: str) -> str:
        """The word for a value of run.json; a value this version does not know stands for itself."""
        pair = _VOCABULARIES[vocabulary].get(key)
        return clean(key) if pair is None else typeset(pair[self._at], self.lang)

    def of(self, text: Bilingual) -> str:
        """A sentence of the run, set in this language."""
        return typeset(text[self.lang], self.lang)

    def open(self, text: object) -> str:
        """A sentence of an open part of run.json, whose form no schema promises; empty if it is not one."""
        said = text.get(self.lang) if isinstance(text, Mapping) else None
        return typeset(said, self.lang) if isinstance(said, str) else ""

    def exact(self, text: Bilingual) -> str:
        """A message or a remedy: it quotes values that a reader may copy, so nothing in it is set otherwise."""
        return clean(text[self.lang], _LONGEST)

    def amount(self, euros: float) -> str:
        return amount(euros, self.lang)

    def date(self, iso: str) -> str:
        return date(iso, self.lang)

    def number(self, value: float) -> str:
        return number(value, self.lang)

    def size(self, octets: int) -> str:
        return size(octets, self.lang)

    @property
    def colon(self) -> str:
        """A colon after a label."""
        return f"{NBSP}:" if self.lang == "fr" else ":"
