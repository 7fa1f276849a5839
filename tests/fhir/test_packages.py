"""FHIR packages that mean harm: nothing is written, followed, or read without bound."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dui_conformance.fhir import packages
from dui_conformance.fhir.packages import DefinitionsError, read

Members = list[tuple[tarfile.TarInfo, bytes]]


def packed(*members: tuple[str, bytes], change: Callable[[tarfile.TarInfo], None] = lambda _: None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            change(info)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


RESOURCE = json.dumps({"resourceType": "ValueSet", "url": "https://example.org/vs"}).encode()


@pytest.mark.parametrize(
    "name", ["../../../tmp/vs.json", "/etc/vs.json", "package/../../vs.json", "package/a/b/c/vs.json"]
)
def test_a_name_that_leads_out_is_never_written(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(read(packed((name, RESOURCE))).resources) <= 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_passed_over(kind: bytes, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_bytes(RESOURCE)

    def turned(info: tarfile.TarInfo) -> None:
        info.type, info.linkname, info.size = kind, str(secret), 0

    assert read(packed(("package/vs.json", b""), change=turned)).resources == ()


def test_what_inflates_without_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "_PACKAGE_LIMIT", 1_000_000)
    bomb = packed(("package/other/zeros.bin", bytes(5_000_000)), ("package/vs.json", RESOURCE))
    assert len(bomb) < 50_000
    with pytest.raises(DefinitionsError, match="too large"):
        read(bomb)


def test_a_header_that_announces_terabytes_is_refused() -> None:
    def swollen(info: tarfile.TarInfo) -> None:
        info.pax_headers = {}
        info.size = 8 * 2**40

    out = io.BytesIO()
    info = tarfile.TarInfo("package/vs.json")
    swollen(info)
    out.write(info.tobuf(tarfile.GNU_FORMAT))
    with pytest.raises(DefinitionsError):
        read(gzip.compress(out.getvalue()))


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "_MEMBERS_LIMIT", 3)
    with pytest.raises(DefinitionsError, match="too many"):
        read(packed(*((f"package/{n}.json", RESOURCE) for n in range(5))))


def test_json_that_is_nested_without_end_is_passed_over() -> None:
    assert read(packed(("package/vs.json", b"[" * 200_000), ("package/ok.json", RESOURCE))).resources != ()


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b", packed(("package/vs.json", RESOURCE))[:60], b"PK\x03\x04"])
def test_what_is_damaged_is_refused(damage: bytes) -> None:
    with pytest.raises(DefinitionsError):
        read(damage)


def test_the_old_name_of_the_versions_is_read_too() -> None:
    manifest = json.dumps({"name": "a", "version": "1", "fhir-version-list": ["4.0.1"]}).encode()
    assert read(packed(("package/package.json", manifest))).fhir_versions == ("4.0.1",)
