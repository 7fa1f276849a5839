"""The pre-flight of proofs."""

from typing import Any

import pytest

from dui_conformance.checks import proofs


@pytest.mark.parametrize(
    ("form", "whole", "encrypted", "why"),
    [
        ("pdf", "true", "false", ""),
        ("picture", "false", "false", "cut"),
        ("pdf", "true", "true", "encrypted"),
        ("unknown", "true", "false", "unknown"),
        ("empty", "false", "false", "empty"),
    ],
)
def test_a_proof_opens(form: str, whole: str, encrypted: str, why: str) -> None:
    verdict = proofs.opens(form, whole, encrypted)
    assert (verdict.answer == "passed") is (why == "")
    assert verdict.values.get("why", "") == why or not why


def test_its_date_is_written() -> None:
    text = ("Recette du 12 mars 2026, MaisonClaire DUI",)
    assert proofs.date_is_written("2026-03-12", text, ()).answer == "passed"
    assert proofs.date_is_written("2026-03-13", text, ()).values == {"date": "2026-03-13"}
    assert proofs.date_is_written("2026-03-13", (), ()).answer == "not_applicable"
    assert proofs.date_is_written("2026-03-13", text, ("60",)).answer == "review"


def test_a_pdf_for_the_rules_on_names_keeps_its_name() -> None:
    name = "20260421_Grille d'evaluation_QUILLEVERE_ANNICK.pdf"
    assert proofs.pdf_keeps_its_name("pdf", name, ("DOC/va1.01",)).answer == "passed"
    assert proofs.pdf_keeps_its_name("pdf", "preuve.pdf", ("DOC/va1.01",)).answer == "failed"
    assert proofs.pdf_keeps_its_name("pdf", "preuve.pdf", ("SC.DOC.06.MS1",)).answer == "not_applicable"
    assert proofs.pdf_keeps_its_name("text", "preuve.md", ("DOC/va1.01",)).answer == "not_applicable"


def record(form: str, *attests: str, text: str = "", pictured: tuple[str, ...] = ()) -> tuple[str, dict[str, Any]]:
    return f"{form}-{attests[0]}", {"form": form, "attests": attests, "texts": (text,), "pictured": pictured}


def spoken(found: Any) -> list[int]:
    return [at for at, _ in found]


def test_the_notice_wants_the_screen_that_sets_it() -> None:
    alone = record("pdf", "SC.DOC.06.MS1", pictured=("2",))
    assert spoken(proofs.setting_is_seen([record("text", "DUI.MSS.04"), alone])) == [1]
    for seen in (record("picture", "DUI.DOC.06"), record("pdf", "SC.DOC.06.MS1", pictured=("70",))):
        assert spoken(proofs.setting_is_seen([alone, seen])) == []
    assert spoken(proofs.setting_is_seen([record("text", "DUI.MSS.04")])) == []


ACCOUNT = "Recette : autorités de l'IGC Santé seules ; certificat expiré refusé (CRL). Date : 2026-03-10"
EXTRACT = "ca_file = conf/igc-sante.pem\nrefuse_expired = true"


def test_an_account_is_not_an_extract() -> None:
    assert spoken(proofs.trusted_are_listed([record("text", "DUI.MSS.04", text=ACCOUNT)])) == [0]
    assert spoken(proofs.refusal_is_set([record("text", "SC.MSS/va1.04", text=ACCOUNT)])) == [0]
    assert spoken(proofs.trusted_are_listed([record("text", "DUI.MSS.04", text=EXTRACT)])) == []
    assert spoken(proofs.refusal_is_set([record("text", "DUI.MSS.05", text=EXTRACT)])) == []
    assert spoken(proofs.refusal_is_set([record("video", "DUI.MSS.05")])) == []


def test_a_screenshot_is_not_the_datamatrix() -> None:
    both = [record("picture", "DOC/va1.04"), record("pdf", "SC.DOC.03.MS1")]
    assert spoken(proofs.symbol_is_no_screenshot(both)) == [0]
    assert spoken(proofs.symbol_is_no_screenshot([*both, record("pdf", "DOC/va1.04")])) == []


def test_a_systematic_feed_is_filmed() -> None:
    assert spoken(proofs.feed_is_filmed([record("text", "DMP/va1.01"), record("picture", "DMP/va1.01")])) == [0]
    assert spoken(proofs.feed_is_filmed([record("text", "DMP/va1.01"), record("video", "DMP/va1.01")])) == []
    assert spoken(proofs.feed_is_filmed([record("text", "SC.DMP.01.MS1")])) == []
