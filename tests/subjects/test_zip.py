"""The door for ZIP: nothing is extracted, nothing inflates beyond its budget, every refusal has its cause."""

import io
import os
import random
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.rules import hostile
from dui_conformance.subjects import zip as door
from dui_conformance.subjects.model import Budget
from dui_conformance.subjects.xml import xml_safe
from tests.subjects.opening import QUICK, codes, damaged, fixture, opened, within

ARCHIVE = "xdm/projet-personnalise/IHE_XDM.ZIP"
MEBIBYTE = 1 << 20


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))  # no clock: xdist compares what its workers collect
            archive.writestr(info, content, method)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (hostile.zip_bomb(), "zip.bomb"),
        (hostile.zip_climbing(), "zip.path"),
        (hostile.zip_absolute(), "zip.path"),
        (zipped({"a/../../b": b"x"}), "zip.path"),
        (zipped({"..\\b": b"x"}), "zip.path"),
        (zipped({"\\\\serveur\\b": b"x"}), "zip.path"),
        (zipped({"C:\\b": b"x"}), "zip.path"),
        (hostile.zip_link(), "zip.link"),
        (hostile.zip_duplicate(), "zip.duplicate"),
        (hostile.zip_encrypted(), "zip.encrypted"),
        (hostile.zip_method(), "zip.method"),
        (zipped({"a": b"x"}, zipfile.ZIP_BZIP2), "zip.method"),
        (hostile.zip_damaged(), "zip.damaged"),
        (hostile.zip_overlap(), "zip.overlap"),
        (hostile.zip_empty(), "zip.empty"),
        (hostile.zip_crowded(), "zip.too_many_entries"),
        (b"PK\x03\x04", "zip.broken"),
        (zipped({"a": b"x"})[:-10], "zip.broken"),
        (b"PK\x05\x06" + bytes(18), "zip.empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_each_trap_is_named(data: bytes, expected: str) -> None:
    with within(3):
        assert set(codes(opened(data))) == {expected}


def test_a_name_that_only_holds_dots_is_no_climb() -> None:
    assert codes(opened(zipped({"a..b/c...txt": b"x", "deux points/x:y": b"x"}))) == []


def test_what_can_be_read_beside_a_trap_is_read() -> None:
    subject = opened(zipped({"../a.xml": b"<a/>", "b.xml": b"<b/>"}))
    assert codes(subject) == ["zip.path"]
    assert [child.name for child in subject.children] == ["b.xml"]


def test_duplicates_are_both_judged_under_ids_of_their_own() -> None:
    subject = opened(hostile.zip_duplicate())
    assert [child.id for child in subject.children] == ["export!/lettre.txt", "export!/lettre.txt#2"]
    assert [child.data for child in subject.children] == [b"one", b"two"]


def test_a_header_that_lies_about_the_size_changes_nothing() -> None:
    data = bytearray(zipped({"a.bin": bytes(40 * MEBIBYTE)}))
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        where = data.index(signature) + at
        data[where : where + 4] = struct.pack("<L", 10)
    with within(2):
        assert codes(opened(bytes(data))) in (["zip.bomb"], ["zip.damaged"], [])
        assert sum(subject.size for subject in opened(bytes(data)).walk()) < len(data) + 100


def test_many_bombs_do_not_add_up() -> None:
    content = zlib.compress(bytes(9 * MEBIBYTE), 9)
    entries = {f"{number}.bin": bytes(9 * MEBIBYTE) for number in range(40)}
    assert len(content) < 10_000
    data = zipped(entries)
    with within(5):
        opening = door.read(data, Budget(), 64 * MEBIBYTE)
    assert opening.wasted <= 80 * MEBIBYTE  # the allowance, and what was under way when it ran out
    assert {defect.code for defect in opening.defects} == {"zip.bomb", "zip.too_large"}


def test_a_bomb_of_overlapping_entries_is_not_read() -> None:
    body = zlib.compress(bytes(4 * MEBIBYTE), 9)[2:-4]
    crc = zlib.crc32(bytes(4 * MEBIBYTE))
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(body), 4 * MEBIBYTE, 1, 0) + b"a"
    directory = b"".join(
        struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, crc, len(body), 4 * MEBIBYTE, 1, 0, 0, 0, 0, 0, 0)
        + b"a"
        for _ in range(5_000)
    )
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 5_000, 5_000, len(directory), len(local) + len(body), 0)
    with within(3):
        subject = opened(local + body + directory + end)
    assert subject.children == []
    assert codes(subject).count("zip.overlap") == 5_000


def test_a_million_entries_are_refused_before_they_are_made_objects() -> None:
    directory = (struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *[0] * 16) + b"") * 1_000_000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, len(directory), 0, 0)
    with within(1):
        assert codes(opened(b"PK\x03\x04" + directory + end)) == ["zip.too_many_entries"]


def test_containers_inside_containers_stop_somewhere() -> None:
    with within(3):
        found = codes(opened(hostile.zip_nested(40)))
    assert found == ["input.too_nested"]


def test_the_volume_of_nested_archives_is_one_budget() -> None:
    inner = zipped({"a.bin": os.urandom(1000) * 1000})
    data = zipped({f"{number}.zip": inner for number in range(20)}, zipfile.ZIP_STORED)
    found = codes(opened(data, budget=Budget(unpacked_size=5 * MEBIBYTE)))
    assert {"zip.too_large", "input.budget"} & set(found)
    total = sum(s.size for s in opened(data, budget=Budget(unpacked_size=5 * MEBIBYTE)).walk() if not s.defects)
    assert total <= 5 * MEBIBYTE + len(data)


def test_the_number_of_subjects_is_one_budget() -> None:
    inner = zipped({f"{number}.txt": b"x" for number in range(50)})
    data = zipped({f"{number}.zip": inner for number in range(50)})
    subject = opened(data, budget=Budget(entries=200))
    assert "input.budget" in codes(subject)
    assert sum(1 for inner in subject.walk() if not inner.defects) <= 200


def test_names_that_no_text_can_hold_become_ids_that_can() -> None:
    subject = opened(zipped({"IHE_XDM/SUBSET01/a\x01\x1fb.xml": b"<a/>", "IHE_XDM/\ufffe\x7f": b"x"}))
    assert subject.kind == "xdm"
    for inner in subject.walk():
        assert inner.id == xml_safe(inner.id)
        inner.id.encode()


def test_a_good_archive_has_no_defect() -> None:
    assert codes(opened(fixture(ARCHIVE))) == []


@QUICK
@given(st.binary(max_size=500), st.integers(0, 60))
def test_random_bytes_never_raise(data: bytes, cut: int) -> None:
    opened(b"PK\x03\x04" + data)
    opened(hostile.zip_overlap()[:cut] + data)


@QUICK
@given(damaged(ARCHIVE))
def test_damaged_archives_never_raise(data: bytes) -> None:
    with within(5):
        opened(data)


def test_every_field_of_the_directory_may_lie() -> None:
    good = zipped({"IHE_XDM/SUBSET01/METADATA.XML": b"<a/>", "b.txt": b"x" * 100})
    rng = random.Random(1)  # noqa: S311  reproducible damage
    for _ in range(600):
        data = bytearray(good)
        at = data.index(b"PK\x01\x02") + rng.randrange(4, 120)
        lies = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xfe\xfd\x7f", bytes([rng.randrange(256)]))
        data[at : at + 4] = rng.choice(lies)
        opened(bytes(data))
