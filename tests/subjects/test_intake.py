"""From paths to subjects: whatever the disk does, a run goes on and says what it could not read."""

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.subjects.intake import Skipped, Unit, open_unit, units
from dui_conformance.subjects.model import Budget
from tests.places import ROOT
from tests.subjects.opening import EXPORTS, QUICK, codes, fixture, opened, within

DOCUMENT = "documents/projet-personnalise.xml"


def listed(folder: Path) -> dict[str, str]:
    """Id → defect code (or kind) of everything in a folder, opened as a run opens it."""
    out = {}
    for unit in units([folder], folder.parent):
        if isinstance(unit, Skipped):
            out[unit.id] = "skipped"
            continue
        subject = open_unit(unit, Budget())
        out[unit.id] = ",".join(codes(subject)) or subject.kind
    return out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "exports"
    made.mkdir()
    return made


def test_a_folder_in_a_stable_order_with_stable_ids(folder: Path) -> None:
    for name in ("b.xml", "a.xml", "sous/c.xml", "sous/dossier/d.xml", ".git/e.xml", ".cache"):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"<a/>")
    assert list(listed(folder)) == [
        "exports/.cache",
        "exports/.git",
        "exports/a.xml",
        "exports/b.xml",
        "exports/sous/c.xml",
        "exports/sous/dossier/d.xml",
    ]
    assert listed(folder)["exports/.git"] == "skipped"


def test_two_inputs_of_one_name_have_two_ids(tmp_path: Path) -> None:
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "lot.xml").write_bytes(b"<a/>")
    base = tmp_path / "ailleurs"
    found = [unit.id for unit in units([tmp_path / "x" / "lot.xml", tmp_path / "y" / "lot.xml"], base)]
    assert found == ["lot.xml", "lot.xml#2"]


def test_troubles_of_the_disk_do_not_stop_a_run(folder: Path) -> None:
    (folder / "bon.xml").write_bytes(b"<a/>")
    (folder / "vide.xml").write_bytes(b"")
    (folder / "lien.xml").symlink_to(folder / "bon.xml")
    (folder / "boucle").symlink_to(folder / "boucle")
    (folder / "casse").symlink_to(folder / "absent")
    (folder / "retour").symlink_to(folder)
    os.mkfifo(folder / "tube")
    with within(2):
        assert listed(folder) == {
            "exports/bon.xml": "xml",
            "exports/boucle": "input.symlink",
            "exports/casse": "input.symlink",
            "exports/lien.xml": "input.symlink",
            "exports/retour": "input.symlink",
            "exports/tube": "input.special",
            "exports/vide.xml": "input.empty",
        }


def test_what_the_user_names_may_be_a_link(folder: Path, tmp_path: Path) -> None:
    (folder / "a.xml").write_bytes(b"<a/>")
    link = tmp_path / "lien"
    link.symlink_to(folder)
    assert [unit.id for unit in units([link], tmp_path)] == ["lien/a.xml"]
    loop = tmp_path / "boucle"
    loop.symlink_to(loop)
    (unit,) = units([loop], tmp_path)
    assert isinstance(unit, Unit)
    assert codes(open_unit(unit, Budget())) == ["input.symlink"]
    (unit,) = units([tmp_path / "absent"], tmp_path)
    assert isinstance(unit, Unit)
    assert codes(open_unit(unit, Budget())) == ["input.vanished"]


def test_a_file_that_vanishes(folder: Path) -> None:
    file = folder / "a.xml"
    file.write_bytes(b"<a/>")
    (unit,) = units([folder], folder.parent)
    assert isinstance(unit, Unit)
    file.unlink()
    assert codes(open_unit(unit, Budget())) == ["input.vanished"]
    folder.rmdir()
    assert codes(open_unit(unit, Budget())) == ["input.vanished"]


def test_a_file_that_turns_into_a_pipe_does_not_hang(folder: Path) -> None:
    file = folder / "a.xml"
    file.write_bytes(b"<a/>")
    (unit,) = units([folder], folder.parent)
    assert isinstance(unit, Unit)
    file.unlink()
    os.mkfifo(file)
    found: list[list[str]] = []
    opener = threading.Thread(target=lambda: found.append(codes(open_unit(unit, Budget()))), daemon=True)
    opener.start()
    opener.join(5)
    assert found == [["input.special"]]


def test_a_file_that_turns_into_a_folder(folder: Path) -> None:
    file = folder / "a.xml"
    file.write_bytes(b"<a/>")
    (unit,) = units([folder], folder.parent)
    assert isinstance(unit, Unit)
    file.unlink()
    file.mkdir()
    assert codes(open_unit(unit, Budget())) == ["input.special"]


def test_a_file_that_grows_past_the_limit_while_it_is_read(folder: Path) -> None:
    (folder / "a.xml").write_bytes(b"x" * 100)
    (unit,) = units([folder], folder.parent)
    assert isinstance(unit, Unit)
    assert codes(open_unit(unit, Budget(file_size=99))) == ["input.too_large"]
    assert codes(open_unit(unit, Budget(file_size=100))) == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (errno.EACCES, "input.forbidden"),
        (errno.EPERM, "input.forbidden"),
        (errno.EIO, "input.unreadable"),
        (errno.EMFILE, "input.unreadable"),
        (errno.ENOENT, "input.vanished"),
        (errno.ELOOP, "input.symlink"),
    ],
)
def test_errors_of_the_system(folder: Path, monkeypatch: pytest.MonkeyPatch, code: int, expected: str) -> None:
    (folder / "a.xml").write_bytes(b"<a/>")
    (unit,) = units([folder], folder.parent)
    assert isinstance(unit, Unit)

    def refuse(*_arguments: object) -> int:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        (defect,) = open_unit(unit, Budget()).defects
    assert (defect.code, defect.values) == (expected, {"cause": errno.errorcode[code]})


def test_a_folder_that_cannot_be_listed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "ferme").mkdir()
    (folder / "z.xml").write_bytes(b"<a/>")
    listing = os.listdir

    def refuse(path: Path) -> list[str]:
        if Path(path).name == "ferme":
            raise PermissionError(errno.EACCES, "refused")
        return listing(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", refuse)
        assert listed(folder) == {"exports/ferme": "input.forbidden", "exports/z.xml": "xml"}


def test_folders_deeper_than_python_recurses(folder: Path) -> None:
    depth = 1_500
    here = os.getcwd()
    os.chdir(folder)  # step by step: the whole path is longer than the system takes at once
    try:
        for _ in range(depth):
            os.mkdir("d")
            os.chdir("d")
    finally:
        os.chdir(here)
    try:
        assert set(listed(folder).values()) <= {"input.unreadable"}
    finally:
        subprocess.run(["rm", "-rf", str(folder)], check=True)


def test_names_that_are_no_text(folder: Path) -> None:
    try:
        (folder / os.fsdecode(b"lettre-\xff\xfe.xml")).write_bytes(b"<a/>")
        (folder / "retour\nligne.xml").write_bytes(b"<a/>")
    except OSError:
        pytest.skip("this file system has no such names")
    for unit in units([folder], folder.parent):
        assert isinstance(unit, Unit)
        subject = open_unit(unit, Budget())
        assert subject.kind == "xml"
        subject.id.encode()


@pytest.fixture
def unpacked(folder: Path) -> Path:
    """An XDM archive that lies unpacked."""
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(fixture("xdm/projet-personnalise/IHE_XDM.ZIP"))) as archive:
        archive.extractall(folder / "lot")
    return folder / "lot"


def test_an_unpacked_archive_is_one_unit(unpacked: Path) -> None:
    (unpacked / "note.txt").write_text("à côté")
    assert listed(unpacked.parent) == {"exports/lot": "xdm", "exports/lot/note.txt": "text"}
    packed = opened(fixture("xdm/projet-personnalise/IHE_XDM.ZIP"))
    (unit,) = (u for u in units([unpacked], unpacked.parent) if isinstance(u, Unit) and u.unpacked_archive)
    subject = open_unit(unit, Budget())
    assert [c.kind for c in subject.walk()] == [c.kind for c in packed.walk()]
    assert {c.sha256 for c in subject.walk() if c.parent} == {c.sha256 for c in packed.walk() if c.parent}


def test_troubles_inside_an_unpacked_archive(unpacked: Path) -> None:
    subset = unpacked / "IHE_XDM" / "SUBSET01"
    (subset / "DOC0002.XML").symlink_to("/etc/passwd")
    os.mkfifo(subset / "DOC0003.XML")
    (subset / "retour").symlink_to(unpacked)
    (unit,) = units([unpacked], unpacked.parent)
    assert isinstance(unit, Unit)
    with within(2):
        subject = open_unit(unit, Budget())
    assert sorted(codes(subject)) == ["input.special", "input.symlink", "input.symlink"]
    assert sum(inner.kind == "cda" for inner in subject.walk()) == 1


def test_an_unpacked_archive_has_a_budget(unpacked: Path) -> None:
    (unit,) = units([unpacked], unpacked.parent)
    assert isinstance(unit, Unit)
    assert "input.budget" in codes(open_unit(unit, Budget(file_size=2_000)))
    assert "input.budget" in codes(open_unit(unit, Budget(entries=3)))


def test_a_mail_a_zip_a_cda_and_a_pdf_know_where_they_lie() -> None:
    subject = opened(fixture("mails/vers-usager.eml"), "lot.eml")
    by_kind = {inner.kind: inner for inner in subject.walk()}
    assert by_kind["cda"].id == "lot.eml!/IHE_XDM.ZIP!/IHE_XDM/SUBSET01/DOC0001.XML"
    assert [parent.kind for parent in by_kind["cda"].ancestors()] == ["xdm", "mail"]
    assert len({inner.id for inner in subject.walk()}) == len(list(subject.walk()))


def test_every_good_export_opens_without_defect() -> None:
    found = {unit.id: codes(open_unit(unit, Budget())) for unit in units([EXPORTS], EXPORTS) if isinstance(unit, Unit)}
    assert {name: found for name, found in found.items() if found} == {}


@QUICK
@given(st.binary(max_size=300))
def test_random_bytes_never_raise(data: bytes) -> None:
    subject = opened(data)
    assert subject.sha256
    assert (codes(subject) == ["input.empty"]) == (data == b"")


_HEAVY = """
import base64, io, resource, sys, zipfile, zlib
from dui_conformance.rules.hostile import MAKERS
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget

body = base64.encodebytes(bytes(37 << 20))
cases = [make() for name, make in MAKERS.items()]
cases.append(b'<ClinicalDocument xmlns="urn:hl7-org:v3"><component><nonXMLBody><text representation="B64">' + body
             + b"</text></nonXMLBody></component></ClinicalDocument>")
mail = b"From: a@b\\r\\nTo: c@d\\r\\n"
cases.append(mail + b"Content-Transfer-Encoding: base64\\r\\nContent-Type: image/png\\r\\n\\r\\n" + body)
cases.append(mail + b"a:b\\n" * 3_000_000)
bomb = zlib.compress(bytes(300 << 20), 9)
cases.append(b"%PDF-1.5\\n1 0 obj<</Type/XRef/W[1 2 1]/Size 9/Root 2 0 R/Length 1/Filter/FlateDecode>>stream\\n" + bomb
             + b"\\nendstream endobj\\nstartxref\\n9\\n%%EOF")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for case in cases:
    open_bytes("x", case, Budget())
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((after - before) // (1 if sys.platform != "darwin" else 1024))
"""


def test_memory_stays_bounded_whatever_comes() -> None:
    if sys.platform == "win32":
        pytest.skip("resource is a Unix module")
    with within(60):
        done = subprocess.run(
            [sys.executable, "-c", _HEAVY],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
            timeout=120,
        )
    assert int(done.stdout) < 700_000, f"{int(done.stdout) // 1024} MiB more than the inputs themselves"
