"""The forms of proofs, told by their bytes."""

import io
import zipfile

import pytest

from dui_conformance.rules.hostile import pdf_encrypted, zip_damaged, zip_encrypted
from dui_conformance.subjects.proofs import opened
from tests.places import READY

PNG = (READY / "attestations/parametrage-mention.png").read_bytes()
PDF = (READY / "exports/pdf/grille-evaluation.pdf").read_bytes()


def office() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w/>")
    return out.getvalue()


def box(name: bytes, content: bytes = b"") -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + name + content


MP4 = box(b"ftyp", b"isom") + box(b"mdat", b"x" * 40) + box(b"moov", b"y")


@pytest.mark.parametrize(
    ("data", "form", "whole", "encrypted"),
    [
        (PNG, "picture", "true", "false"),
        (PNG[:-40], "picture", "false", "false"),
        (b"\xff\xd8\xff\xe0" + b"0" * 50 + b"\xff\xd9", "picture", "true", "false"),
        (b"\xff\xd8\xff\xe0" + b"0" * 50, "picture", "false", "false"),
        (b"GIF89a" + b"0" * 20 + b";", "picture", "true", "false"),
        (MP4, "video", "true", "false"),
        (MP4[:60], "video", "false", "false"),
        (b"\x1a\x45\xdf\xa3" + b"0" * 20 + b"\x18\x53\x80\x67", "video", "true", "false"),
        (PDF, "pdf", "true", "false"),
        (PDF[:300], "pdf", "false", "false"),
        (pdf_encrypted(), "pdf", "true", "true"),
        (office(), "office", "true", "false"),
        (zip_encrypted(), "archive", "true", "true"),
        (zip_damaged()[:60], "archive", "false", "false"),
        (b"Recette du 3 mars", "text", "true", "false"),
        ("Reçu le 3 mars".encode("latin-1"), "text", "true", "false"),
        (b'{"ca": "igc"}', "text", "true", "false"),
        (b"", "empty", "false", "false"),
        (bytes(range(16)) * 9, "unknown", "true", "false"),
    ],
    ids=range(19),
)  # fmt: skip
def test_a_form_is_known_by_its_bytes(data: bytes, form: str, whole: str, encrypted: str) -> None:
    subject = opened("attestations/preuve", data, date="2026-03-03", attests=("SC.DOC.06.MS1",))
    assert subject.view is not None
    found = subject.view
    assert (found.get("form"), found.get("whole"), found.get("encrypted")) == (form, whole, encrypted)
    assert [item.get("id") for item in found.iterfind("attests")] == ["SC.DOC.06.MS1"]


def test_what_a_text_says_is_kept() -> None:
    subject = opened("preuve.txt", "\ufeffRecette à Rennes\x0c".encode(), date="2026-03-03", attests=())
    assert subject.view is not None
    assert (subject.view.findtext("text") or "").startswith("Recette à Rennes")
