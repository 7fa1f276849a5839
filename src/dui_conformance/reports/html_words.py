"""The phrases of the HTML report."""

from collections.abc import Mapping

from dui_conformance.reports import funding_words, model_words, official_words

PHRASES: Mapping[str, tuple[str, str]] = {
    # head
    "title": ("Préparation au référencement Ségur", "Readiness for Ségur referencing"),
    "kicker": (
        "Ségur du numérique en santé · dossier usager informatisé (DUI) · vague {n}",
        "Ségur du numérique en santé · resident record software (DUI) · wave {n}",
    ),
    "skip": ("Aller au contenu", "Skip to content"),
    "contents": ("Sommaire", "Contents"),
    "editor": ("Éditeur", "Editor"),
    "nie": ("NIE", "NIE"),
    "nil": ("NIL", "NIL"),
    "version": ("Version", "Version"),
    "wave_label": ("Vague", "Wave"),
    "domains": ("Domaines", "Domains"),
    "environment": ("Environnement", "Environment"),
    "referenced": ("Référencé", "Referenced"),
    "not_given": ("non déclaré", "not declared"),
    "yes": ("oui", "yes"),
    "no": ("non", "no"),
    "with_values": (
        "Ce rapport montre des valeurs personnelles (option --with-values). Il ne doit pas être diffusé.",
        "This report shows personal values (option --with-values). It must not be passed on.",
    ),
    "masked": (
        (
            "Les valeurs personnelles sont remplacées par des jetons comme ‹3fa2c1› ; deux jetons égaux cachent la "
            "même valeur."
        ),
        "Personal values are replaced by tokens such as ‹3fa2c1›; equal tokens stand for the same value.",
    ),
    "undeclared": (
        (
            "Aucun fichier dui.toml n’a été donné : l’outil suppose que toute exigence s’applique. « dui-conformance "
            "init » en écrit un, à compléter."
        ),
        (
            "No dui.toml file was given: the tool assumes that every requirement applies. `dui-conformance init` "
            "writes one to fill in."
        ),
    ),
    # verdict
    "verdict": ("Verdict", "Verdict"),
    "not_a_decision": (
        (
            "Ce rapport aide à préparer le dossier. Il ne vaut pas référencement : la décision revient à l’Agence du "
            "numérique en santé (ANS)."
        ),
        (
            "This report helps to prepare the file. It is not a referencing: the decision is that of the Agence du "
            "numérique en santé (ANS)."
        ),
    ),
    "nothing_judged": ("Aucun export n’a été jugé.", "No export was judged."),
    "files_judged": ("{n} élément lu|{n} éléments lus", "{n} item read|{n} items read"),
    # readiness
    "readiness": ("Préparation, en détail", "Readiness in detail"),
    "decomposition": (
        "Exigences obligatoires et applicables de la vague {n}, par statut",
        "Mandatory, applicable requirements of wave {n}, by status",
    ),
    "by_theme": ("Les mêmes, par thème", "The same, by theme"),
    "status": ("Statut", "Status"),
    "meaning": ("Ce que cela veut dire", "What it means"),
    "number_label": ("Nombre", "Number"),
    "theme": ("Thème", "Theme"),
    "total": ("Total", "Total"),
    "blocking": ("Ce qui bloque", "What blocks"),
    "n_blocking": (
        "{n} exigence empêche de se dire prêt.|{n} exigences empêchent de se dire prêt.",
        "{n} requirement stands in the way.|{n} requirements stand in the way.",
    ),
    "nothing_blocks": ("Aucune exigence connue ne bloque.", "No known requirement blocks."),
    "show_blocking": (
        "Voir l’exigence|Voir les {n} exigences",
        "See the requirement|See the {n} requirements",
    ),
    "requirement": ("Exigence", "Requirement"),
    "statement": ("Énoncé", "Statement"),
    "why_status": ("Pourquoi", "Why"),
    # funding
    "funding": ("Financement en jeu", "Funding at stake"),
    "no_funding": (
        (
            "Aucun projet de financement n’est déclaré. La partie [funding] de dui.toml (dispositif, nombre d’ESSMS) "
            "donne le montant en jeu."
        ),
        (
            "No funding project is declared. The [funding] part of dui.toml (scheme, number of ESSMS) gives the "
            "amount at stake."
        ),
    ),
    "scheme": ("Dispositif", "Scheme"),
    "project": ("Projet", "Project"),
    "project_size": ("{n} ESSMS|{n} ESSMS", "{n} ESSMS|{n} ESSMS"),
    "acquisition": ("acquisition ou changement de logiciel", "acquisition or change of software"),
    "already_equipped": ("ESSMS déjà équipés", "ESSMS already equipped"),
    "window": ("Dépôt", "Filing"),
    "window_dates": ("du {opens} au {closes}", "from {opens} to {closes}"),
    "line": ("Ligne", "Line"),
    "beneficiary": ("Bénéficiaire", "Beneficiary"),
    "essms_counted": ("ESSMS comptés", "ESSMS counted"),
    "per_essms": ("Par ESSMS", "Per ESSMS"),
    "amount_label": ("Montant", "Amount"),
    "unknown": ("inconnu", "unknown"),
    "dependence": ("Dépend du référencement", "Depends on referencing"),
    "lines_of": ("Montants du dispositif pour ce projet", "Amounts of the scheme for this project"),
    "payment": ("Versement", "Payment"),
    "n_between": (
        (
            "{n} exigence bloquante sépare le projet de ce montant.|"
            "{n} exigences bloquantes séparent le projet de ce montant."
        ),
        (
            "{n} blocking requirement stands between the project and this amount.|"
            "{n} blocking requirements stand between the project and this amount."
        ),
    ),
    # steps
    "next": ("Prochaines étapes", "Next steps"),
    "no_step": ("Rien à faire d’après ce que l’outil sait.", "Nothing to do as far as the tool knows."),
    "to_attest": (
        (
            "{n} exigence demande un document daté, déclaré dans dui.toml ([[attestations]]).|"
            "{n} exigences demandent un document daté, déclaré dans dui.toml ([[attestations]])."
        ),
        (
            "{n} requirement asks for a dated document, declared in dui.toml ([[attestations]]).|"
            "{n} requirements ask for a dated document, declared in dui.toml ([[attestations]])."
        ),
    ),
    "show_attestations": ("Voir ce que chacune attend", "See what each expects"),
    # requirements
    "requirements": ("Exigences", "Requirements"),
    "n_requirements": ("{n} exigence|{n} exigences", "{n} requirement|{n} requirements"),
    "filter_requirements": ("Filtrer les exigences", "Filter the requirements"),
    "filter_findings": ("Filtrer les constats", "Filter the findings"),
    "all": ("Tous", "All"),
    "only_binding": ("Seulement celles qui comptent pour être prêt", "Only those that count for readiness"),
    "search": ("Contient le texte", "Contains the text"),
    "reset": ("Effacer les filtres", "Clear the filters"),
    "shown_of": ("{shown} affichés sur {total}", "{shown} shown of {total}"),
    "unfold": ("Tout déplier", "Unfold all"),
    "fold": ("Tout replier", "Fold all"),
    "details": ("Preuves, constats, points d’attention", "Evidence, findings, points to watch"),
    "of_requirement": ("de l’exigence {id}", "of requirement {id}"),
    "counts_for": ("compte pour être prêt", "counts for readiness"),
    "counts_not": ("ne compte pas pour être prêt", "does not count for readiness"),
    "aliases": ("Autres identifiants", "Other identifiers"),
    "profile": ("Profil", "Profile"),
    "obligation": ("Caractère", "Obligation"),
    "coverage": ("Comment elle est jugée", "How it is judged"),
    "expected_proof": ("Preuve attendue par l’ANS", "Proof the ANS expects"),
    "remains": ("Reste à montrer", "Remains to be shown"),
    "pitfalls": ("Points d’attention", "Points to watch"),
    "evidence": ("Éléments de preuve", "Evidence"),
    "evidence_none": ("absent", "absent"),
    "evidence_count": ("{n} trouvé|{n} trouvés", "{n} found|{n} found"),
    "attestation": ("Attestation", "Attestation"),
    "dated": ("datée du {date}", "dated {date}"),
    "its_rules": ("Règles qui la jugent", "Rules that judge it"),
    "more_of_its_rules": (
        "et {n} autre règle, voir les constats|et {n} autres règles, voir les constats",
        "and {n} more rule, see the findings|and {n} more rules, see the findings",
    ),
    "n_judging": ("{n} règle|{n} règles", "{n} rule|{n} rules"),
    "its_findings": ("Constats", "Findings"),
    "and_more": (
        "et {n} autre, voir run.json|et {n} autres, voir run.json",
        "and {n} more, see run.json|and {n} more, see run.json",
    ),
    "other_tables": ("Autres exigences, hors du verdict", "Other requirements, outside the verdict"),
    "not_proven": ("applicabilité non démontrée", "applicability not proven"),
    "not_proven_why": (
        (
            "Aucune source ne montre que ces lignes du socle commun s’imposent à un DUI. Elles sont données pour "
            "information et ne comptent pas dans le verdict."
        ),
        (
            "No source shows that these rows of the common base bind a DUI. They are given for information and do "
            "not count in the verdict."
        ),
    ),
    "other_wave_why": (
        ("Ces exigences relèvent d’une autre vague que celle du rapport ; elles ne comptent pas dans le verdict."),
        "These requirements belong to another wave than that of the report; they do not count in the verdict.",
    ),
    "not_printed": (
        "Partie non imprimée : la déplier avant d’imprimer.",
        "Part not printed: unfold it before printing.",
    ),
    # findings
    "findings": ("Constats", "Findings"),
    "causes": ("Causes, de la plus grave à la moins grave", "Causes, worst first"),
    "by_file": ("Par fichier", "By file"),
    "level": ("Niveau", "Level"),
    "rule": ("Règle", "Rule"),
    "places": ("Endroits", "Places"),
    "items": ("Éléments", "Items"),
    "first_place": ("Premier endroit", "First place"),
    "line_no": ("ligne {n}", "line {n}"),
    "column_no": ("colonne {n}", "column {n}"),
    "whole_file": ("élément entier", "whole item"),
    "excerpt": ("Extrait", "Excerpt"),
    "path": ("Chemin", "Path"),
    "more_here": (
        "et {n} autre endroit du même élément|et {n} autres endroits du même élément",
        "and {n} more place in the same item|and {n} more places in the same item",
    ),
    "waived_by": ("Dérogation de {owner}, jusqu’au {expires}", "Waiver of {owner}, until {expires}"),
    "more_findings": (
        "… et {n} autre constat, voir run.json|… et {n} autres constats, voir run.json",
        "… and {n} more finding, see run.json|… and {n} more findings, see run.json",
    ),
    "more_files": (
        (
            "… et {n} autre fichier avec des constats, voir run.json|"
            "… et {n} autres fichiers avec des constats, voir run.json"
        ),
        "… and {n} more file with findings, see run.json|… and {n} more files with findings, see run.json",
    ),
    "quiet_files": (
        "{n} fichier sans constat|{n} fichiers sans constat",
        "{n} file without findings|{n} files without findings",
    ),
    "holding": ("contient {n} élément|contient {n} éléments", "holds {n} item|holds {n} items"),
    "not_judged": ("non jugé", "not judged"),
    "no_file": ("Aucun fichier n’a été lu.", "No file was read."),
    # rules, value sets, limits
    "rules": ("Règles exécutées", "Rules run"),
    "show_rules": (
        "Voir la règle et ses résultats|Voir les {n} règles et leurs résultats",
        "See the rule and its outcomes|See the {n} rules and their outcomes",
    ),
    "rules_caption": ("Règles exécutées : nombre d’éléments par résultat", "Rules run: number of items by outcome"),
    "value_sets": ("Jeux de valeurs utilisés", "Value sets used"),
    "no_value_set": ("Aucune règle exécutée ne se réfère à un jeu de valeurs.", "No rule run refers to a value set."),
    "value_set": ("Jeu de valeurs", "Value set"),
    "name_label": ("Nom", "Name"),
    "oid": ("OID", "OID"),
    "date_label": ("Date", "Date"),
    "extent": ("Étendue", "Extent"),
    "complete": ("complet", "complete"),
    "extract": ("extrait", "extract"),
    "value_sets_why": (
        "Un jeu de valeurs change plusieurs fois par an, et un verdict peut changer avec lui.",
        "A value set changes several times a year, and a verdict may change with it.",
    ),
    "all_checked": ("Tout ce qui a été lu a été jugé.", "Everything that was read was judged."),
    "reason": ("Raison", "Reason"),
    "waivers": ("Dérogations", "Waivers"),
    "no_waiver": ("Aucune dérogation n’est déclarée.", "No waiver is declared."),
    "subject": ("Élément", "Item"),
    "owner": ("Responsable", "Owner"),
    "expires": ("Échéance", "Expiry"),
    "state": ("État", "State"),
    "refused": ("Attestations refusées", "Refused attestations"),
    "no_refused": ("Aucune attestation déclarée n’a été refusée.", "No declared attestation was refused."),
    "file": ("Fichier", "File"),
    "about": ("Ce que l’éditeur déclare, et ce rapport", "What the editor declares, and this report"),
    "declared": ("Déclaré dans dui.toml", "Declared in dui.toml"),
    "this_report": ("Ce rapport", "This report"),
    "tool": ("Outil", "Tool"),
    "catalogue": ("Empreinte du catalogue de règles", "Digest of the rule catalogue"),
    "preset": ("Sélection de règles", "Rule selection"),
    "inputs": ("Entrées", "Inputs"),
    "read_items": ("Éléments lus", "Items read"),
    **funding_words.PHRASES,
    **model_words.PHRASES,
    **official_words.PHRASES,
}
