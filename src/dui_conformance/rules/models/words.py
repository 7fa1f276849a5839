"""The sentences of a row: what it asks, what it found, what to do."""

from collections.abc import Mapping
from typing import Any

from dui_conformance.rules.models.paths import templates_named
from dui_conformance.text import Text

Data = Mapping[str, Any]


def asked(row: Data, title: Text, titles: Mapping[str, Text]) -> Text:
    """The statement of a row, its title: « Allergie : `code` (1..1), @codeSystem = … »."""
    if "title" in row:
        return Text(f"{title.fr} : {row['title']['fr']}", f"{title.en}: {row['title']['en']}")
    said = place(row, titles)
    fr, en = [said.fr], [said.en]
    if "card" in row:
        told = cardinality(row)
        fr, en = [f"{said.fr} ({told})"], [f"{said.en} ({told})"]
    for name, value in row.get("attributes", {}).items():
        if value is True:
            fr.append(f"@{name} renseigné")
            en.append(f"@{name} given")
        elif value is False:
            fr.append(f"sans @{name}")
            en.append(f"no @{name}")
        else:
            fr.append(f"@{name} = {' ou '.join(value)}")
            en.append(f"@{name} = {' or '.join(value)}")
    if "type" in row:
        fr.append(f"xsi:type {' ou '.join(row['type'])}")
        en.append(f"xsi:type {' or '.join(row['type'])}")
    if "value_set" in row:
        fr.append(f"code du jeu de valeurs {row['value_set']}")
        en.append(f"code of the value set {row['value_set']}")
    for name in row.get("pattern", {}):
        fr.append(f"forme de @{name}")
        en.append(f"form of @{name}")
    if row.get("text"):
        fr.append("un texte à lire")
        en.append("a text to read")
    if row.get("narrative"):
        fr.append("renvoie au texte de la section")
        en.append("refers to the text of the section")
    if row.get("null") is False:
        fr.append("sans nullFlavor")
        en.append("no nullFlavor")
    return Text(f"{title.fr} : {', '.join(fr)}", f"{title.en}: {', '.join(en)}")


def cardinality(row: Data) -> str:
    """`1..1`, `0..*`."""
    least, most = row.get("card", (0, None))
    return f"{least}..{'*' if most is None else most}"


def place(row: Data, titles: Mapping[str, Text]) -> Text:
    """What a row is about: `code`, or the template that it names."""
    path = row.get("path", ".")
    each = row.get("each", "")
    named = templates_named(path)
    plain = f"{each}/{path}" if each and path != "." else each or path
    for root in named:
        plain = plain.replace(f"[template({root})]", "").replace(f"[template('{root}')]", "")
    code = f"`{plain}`" if plain != "." else "l'élément"
    code_en = f"`{plain}`" if plain != "." else "the element"
    if not named:
        return Text(code, code_en)
    root = named[-1]
    title = Text.of(row["name"]) if "name" in row else titles.get(root)
    if path.rpartition("/")[2].startswith("section["):
        if title is None:
            return Text(f"la section de templateId {root}", f"the section of templateId {root}")
        return Text(f"la section « {title.fr} » (templateId {root})", f"the section “{title.en}” (templateId {root})")
    if title is None:
        return Text(f"{code} (templateId {root})", f"{code_en} (templateId {root})")
    return Text(f"« {title.fr} » ({code}, templateId {root})", f"“{title.en}” ({code_en}, templateId {root})")


def found(cause: str, row: Data, values: Mapping[str, str], titles: Mapping[str, Text]) -> Text:
    """What is wrong, without the name of the template."""
    where = place(row, titles)
    told = cardinality(row)
    v = values
    expected = v.get("expected", "")
    match cause:
        case "element":
            return Text(
                f"ce templateId est sur `{v['found']}`, et non sur `{expected}`",
                f"this templateId is on `{v['found']}`, not on `{expected}`",
            )
        case "parent":
            return Text(f"le templateId parent {expected} manque", f"the parent templateId {expected} is missing")
        case "absent":
            if v["count"] != "0":
                return Text(f"{where.fr} : {v['count']} trouvé(s) ({told})", f"{where.en}: {v['count']} found ({told})")
            return Text(f"{where.fr} manque ({told})", f"{where.en} is missing ({told})")
        case "many":
            return Text(
                f"{where.fr} figure {v['count']} fois ({told})", f"{where.en} occurs {v['count']} times ({told})"
            )
        case "forbidden":
            return Text(f"{where.fr} ne doit pas figurer", f"{where.en} must not be there")
        case "attribute":
            more_fr = f" (attendu : {expected})" if expected else ""
            more_en = f" (expected: {expected})" if expected else ""
            return Text(
                f"{where.fr} n'a pas d'attribut @{v['attribute']}{more_fr}",
                f"{where.en} has no attribute @{v['attribute']}{more_en}",
            )
        case "value":
            return Text(
                f"{where.fr}, @{v['attribute']} : « {v['found']} » au lieu de {expected}",
                f"{where.en}, @{v['attribute']}: “{v['found']}” instead of {expected}",
            )
        case "unwanted":
            return Text(
                f"{where.fr} ne doit pas avoir d'attribut @{v['attribute']} (« {v['found']} »)",
                f"{where.en} must not have the attribute @{v['attribute']} (“{v['found']}”)",
            )
        case "null":
            return Text(
                f"{where.fr} : nullFlavor « {v['found']} » n'est pas admis",
                f"{where.en}: nullFlavor “{v['found']}” is not admitted",
            )
        case "type":
            return Text(
                f"{where.fr} est de type {v['found']} au lieu de {expected}",
                f"{where.en} is of type {v['found']} instead of {expected}",
            )
        case "code":
            return Text(
                f"{where.fr} : le code « {v['found']} » n'est pas dans {v['set']} ({v['date']})",
                f"{where.en}: the code “{v['found']}” is not in {v['set']} ({v['date']})",
            )
        case "system":
            return Text(
                f"{where.fr} : « {v['found']} » est dans {v['set']} sous le système {expected}, et non {v['system']}",
                f"{where.en}: “{v['found']}” is in {v['set']} under the system {expected}, not {v['system']}",
            )
        case "pattern":
            return Text(
                f"{where.fr}, @{v['attribute']} : « {v['found']} » n'a pas la forme attendue",
                f"{where.en}, @{v['attribute']}: “{v['found']}” does not have the form expected",
            )
        case "text":
            return Text(f"{where.fr} n'a rien à lire", f"{where.en} has nothing to read")
        case "reference":
            return Text(
                f"{where.fr} ne dit pas où lire le texte (attribut @value)",
                f"{where.en} does not say where to read the text (attribute @value)",
            )
        case _:
            return Text(f"{where.fr} ne convient pas", f"{where.en} is not as it must be")


def remedy(row: Data, titles: Mapping[str, Text]) -> Text:
    """What to do, whatever was found."""
    where = place(row, titles)
    least, most = row.get("card", (0, None))
    if most == 0:
        return Text(f"Retirer {where.fr}.", f"Remove {where.en}.")
    fr, en = [], []
    if least or most is not None:
        told = cardinality(row)
        fr.append(f"Écrire {where.fr} ({told})")
        en.append(f"Write {where.en} ({told})")
    for name, value in row.get("attributes", {}).items():
        if value is False:
            fr.append(f"retirer @{name}")
            en.append(f"remove @{name}")
        elif value is True:
            fr.append(f"renseigner @{name}")
            en.append(f"fill @{name}")
        else:
            fr.append(f"@{name} = {' ou '.join(value)}")
            en.append(f"@{name} = {' or '.join(value)}")
    if "type" in row:
        fr.append(f"xsi:type = {' ou '.join(row['type'])}")
        en.append(f"xsi:type = {' or '.join(row['type'])}")
    if "value_set" in row:
        fr.append(f"choisir un code de {row['value_set']} et son codeSystem")
        en.append(f"choose a code of {row['value_set']} and its codeSystem")
    if row.get("text"):
        fr.append("écrire le texte que lira le professionnel")
        en.append("write the text that the professional will read")
    if row.get("narrative"):
        fr.append("écrire dans @value # et l'ID du passage du texte")
        en.append("write in @value # and the ID of the passage of the text")
    if row.get("pattern"):
        names = ", ".join(f"@{name}" for name in row["pattern"])
        fr.append(f"corriger {names}")
        en.append(f"correct {names}")
    if row.get("null") is False:
        fr.append("donner une valeur au lieu de nullFlavor")
        en.append("give a value instead of nullFlavor")
    told_fr, told_en = ", ".join(fr), ", ".join(en)
    if "card" not in row and where.fr.startswith(("`", "«")):
        told_fr, told_en = f"Dans {where.fr} : {told_fr}", f"In {where.en}: {told_en}"
    return Text(told_fr[:1].upper() + told_fr[1:] + ".", told_en[:1].upper() + told_en[1:] + ".")
