"""Hostile bytes that no small change of a good file gives: bombs, nesting, names that climb out of a folder.

The counter-examples of the `input` family name them (`{make: NAME}`, see `rules.mutations`); the tests of the doors
use them too. All are small, and harmless to keep; what they turn into is not.
"""

import io
import struct
import zipfile
from collections.abc import Callable, Mapping

_LINK = 0o120777 << 16
_DATE = (2026, 1, 1, 0, 0, 0)


def _archive(entries: list[tuple[str, bytes]], attributes: int = 0o644 << 16) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in entries:
            info = zipfile.ZipInfo(name, _DATE)
            info.external_attr, info.create_system = attributes, 3
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def zip_bomb() -> bytes:
    """40 MB of zeros in 40 kB."""
    return _archive([("lettre.xml", bytes(40 << 20))])


def zip_climbing() -> bytes:
    """An entry whose name leaves the folder it would be extracted to."""
    return _archive([("../../etc/cron.d/lettre.xml", b"<a/>")])


def zip_absolute() -> bytes:
    """An entry with an absolute name."""
    return _archive([("/lettre.xml", b"<a/>")])


def zip_link() -> bytes:
    """A symbolic link."""
    return _archive([("lettre.xml", b"/etc/passwd")], _LINK)


def zip_duplicate() -> bytes:
    """Two entries of one name: which one a reader takes depends on the reader."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _archive([("lettre.txt", b"one"), ("lettre.txt", b"two")])


def zip_encrypted() -> bytes:
    """An entry that its flag says is encrypted."""
    data = bytearray(_archive([("lettre.xml", b"<a/>")]))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def zip_method() -> bytes:
    """An entry compressed by a method that is not read (LZMA)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("lettre.xml", _DATE), b"<a/>", zipfile.ZIP_LZMA)
    return out.getvalue()


def zip_damaged() -> bytes:
    """An entry whose content is not what its checksum says."""
    data = bytearray(_archive([("lettre.txt", b"lettre " * 40)]))
    at = 30 + len("lettre.txt") + 2
    data[at] ^= 0xFF
    return bytes(data)


def zip_overlap() -> bytes:
    """Two entries that share the same compressed bytes."""
    data = _archive([("lettre.txt", b"lettre")])
    at = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    directory = data[at:end]
    second = directory.replace(b"lettre.txt", b"lettr2.txt")
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, len(directory) * 2, at, 0)
    return data[:at] + directory + second + tail


def zip_empty() -> bytes:
    """An archive that holds nothing."""
    return _archive([])


def zip_crowded() -> bytes:
    """More entries than an input may hold."""
    return _archive([(f"{number}.txt", b"") for number in range(10_001)])


def zip_nested(depth: int = 14) -> bytes:
    """Archives inside archives."""
    data = b"lettre"
    for number in range(depth):
        data = _archive([(f"{number}.zip" if number else "lettre.txt", data)])
    return data


def xml_deep(depth: int = 2_000) -> bytes:
    """Elements inside elements, 2 000 deep."""
    return b"<a>" * depth + b"</a>" * depth


def cda_wide(authors: int = 50_000) -> bytes:
    """A header of 50 000 authors."""
    return b'<ClinicalDocument xmlns="urn:hl7-org:v3">' + b"<author/>" * authors + b"</ClinicalDocument>"


def xml_crowded() -> bytes:
    """Four million empty elements."""
    return b"<a>" + b"<b/>" * 4_000_001 + b"</a>"


def xml_laughs() -> bytes:
    """Entities that make a thousand million characters of a few hundred."""
    levels = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE a [<!ENTITY a0 "ah">{levels}]><a>&a9;</a>'.encode()


def xml_external() -> bytes:
    """An entity that would be fetched from the disk."""
    return b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'


_MAIL = (
    b'Message-ID: <1@exemple.mssante.fr>\r\nFrom: "Service des admissions" <a@exemple.mssante.fr>\r\n'
    b"To: b@exemple.mssante.fr\r\nDate: Wed, 28 Jan 2026 09:40:00 +0100\r\nMIME-Version: 1.0\r\n"
)
_TEXT = b"Content-Type: text/plain; charset=utf-8\r\n"


def mail_deep(depth: int = 5_000) -> bytes:
    """Parts inside parts, 5 000 deep."""
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
    closed = b"".join(b"--b%d--\r\n" % n for n in reversed(range(depth)))
    return _MAIL + opened + _TEXT + b"\r\nBonjour\r\n" + closed


def mail_forwarded(depth: int = 5_000) -> bytes:
    """Mails attached to mails, 5 000 deep."""
    return _MAIL + b"Content-Type: message/rfc822\r\n\r\n" * depth + b"Subject: x\r\n\r\nBonjour\r\n"


def mail_crowded() -> bytes:
    """More parts than a mail may have."""
    parts = b"".join(b"--b\r\n" + _TEXT + b"\r\n.\r\n" for _ in range(1_100))
    return _MAIL + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + parts + b"--b--\r\n"


def mail_headers() -> bytes:
    """More headers than a mail may have."""
    return _MAIL + _TEXT + b"".join(b"X-Trace: %d\r\n" % number for number in range(1_100)) + b"\r\nBonjour\r\n"


def mail_addressees() -> bytes:
    """More addresses than are read."""
    addresses = b",\r\n ".join(b"a%d@exemple.mssante.fr" % number for number in range(2_100))
    return _MAIL.replace(b"b@exemple.mssante.fr", addresses) + _TEXT + b"\r\nBonjour\r\n"


def hl7v2_long() -> bytes:
    """A message of 30 000 segments."""
    return b"MSH|^~\\&|A\r" + b"OBX|1|ST|X||1\r" * 30_000


def pdf_crowded() -> bytes:
    """A PDF of more objects than are read."""
    return b"%PDF-1.4\n1 0 obj\n[" + b"0 " * 8_000_001 + b"]\nendobj\n%%EOF\n"


def _pdf(pages: bytes, catalogue: bytes, trailer: bytes) -> bytes:
    """A PDF of these parts with a right cross-reference table."""
    bodies = (b"<</Type/Catalog/Pages 2 0 R%s>>" % catalogue, pages)
    out = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    table = b"0000000000 65535 f \n"
    for number, body in enumerate(bodies, 1):
        table += b"%010d 00000 n \n" % len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    end = b"xref\n0 %d\n%strailer\n<</Root 1 0 R/Size %d%s>>\nstartxref\n%d\n%%%%EOF\n"
    return out + end % (len(bodies) + 1, table, len(bodies) + 1, trailer, len(out))


def pdf_blank() -> bytes:
    """A PDF without page."""
    return _pdf(b"<</Type/Pages/Kids[]/Count 0>>", b"", b"")


def pdf_encrypted() -> bytes:
    """A PDF that wants a password."""
    key = b"<" + b"00" * 32 + b">"
    encryption = b"/Encrypt<</Filter/Standard/V 1/R 2/O%s/U%s/P -4>>/ID[<00><00>]" % (key, key)
    return _pdf(b"<</Type/Pages/Kids[]/Count 0>>", b"", encryption)


MAKERS: Mapping[str, Callable[[], bytes]] = {
    maker.__name__: maker
    for maker in (
        hl7v2_long,
        zip_bomb,
        zip_climbing,
        zip_absolute,
        zip_link,
        zip_duplicate,
        zip_encrypted,
        zip_method,
        zip_damaged,
        zip_overlap,
        zip_empty,
        zip_crowded,
        zip_nested,
        xml_deep,
        cda_wide,
        xml_crowded,
        xml_laughs,
        xml_external,
        mail_deep,
        mail_forwarded,
        mail_crowded,
        mail_headers,
        mail_addressees,
        pdf_crowded,
        pdf_blank,
        pdf_encrypted,
    )
}
