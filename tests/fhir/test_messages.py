"""Messages: both languages, every id written down, every place filled, values marked as personal."""

import re
from pathlib import Path

from dui_conformance.fhir import messages
from dui_conformance.text import unmark
from tests.fhir.building import PATIENT, changed, validate

SOURCES = Path(messages.__file__).parent
_FAMILIES = "|".join(sorted({i.split(".")[0] for i in messages.CATALOGUE}))
_ID = re.compile(rf'"((?:{_FAMILIES})\.[a-z-]+(?:\.[a-z]+)?)"')
_PLACE = re.compile(r"\{(\w+)\??")


def test_every_id_of_the_code_is_written_down() -> None:
    used = {m for path in SOURCES.glob("*.py") for m in _ID.findall(path.read_text("utf-8"))}
    assert len(used) > 100
    assert used - {"reading.py"} <= set(messages.CATALOGUE)


def test_every_message_is_used() -> None:
    code = "".join(path.read_text("utf-8") for path in SOURCES.glob("*.py"))
    primitives = set(re.findall(r'"([a-z0-9]+(?:\.[a-z]+)?)"', (SOURCES / "primitives.py").read_text("utf-8")))
    for rule in messages.CATALOGUE:
        family, _, rest = rule.partition(".")
        stem = rule.removesuffix("-extensible")
        assert f'"{stem}"' in code or (family == "primitive" and rest in primitives), rule


def test_both_languages_say_the_same_things() -> None:
    for rule, message in messages.CATALOGUE.items():
        assert set(_PLACE.findall(message.text.fr)) == set(_PLACE.findall(message.text.en)), rule
        assert message.severity in ("fatal", "error", "warning", "information"), rule
        assert rule.startswith("discriminator.") or (message.fix.fr and message.fix.en), rule


def test_french_typography() -> None:
    for rule, message in messages.CATALOGUE.items():
        assert "'" not in message.text.fr.replace("{", "").split("http")[0], rule


def test_a_message_names_the_offender_and_the_fix() -> None:
    (issue,) = validate(changed(PATIENT, "name.0.famly", "X")).issues
    assert "famly" in issue.message.fr
    assert "family" in issue.message.fr
    assert issue.fix.fr
    assert issue.profile == "http://hl7.org/fhir/StructureDefinition/HumanName"


def test_values_are_marked_as_personal() -> None:
    (issue,) = validate(changed(PATIENT, "birthDate", "le 5 mars 1979")).issues
    assert "1979" in unmark(issue.message.fr, str)
    assert "1979" not in unmark(issue.message.fr, lambda _: "…")
