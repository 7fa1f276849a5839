"""The door for mails: any structure, any header, in a time that does not grow faster than the bytes."""

import base64
import email.message
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.rules import hostile
from dui_conformance.subjects import mime
from dui_conformance.subjects.mail import is_mail
from dui_conformance.subjects.model import Element, Subject
from tests.subjects.opening import EXPORTS, QUICK, codes, damaged, fixture, opened, within

HEAD = b"From: a@b.mssante.fr\r\nTo: c@d.mssante.fr\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
PDF_PART = (
    b'Content-Type: application/pdf; name="x.pdf"\r\nContent-Disposition: attachment; filename="x.pdf"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\n"
)


def view(subject: Subject) -> Element:
    assert subject.kind == "mail"
    assert subject.view is not None
    return subject.view


def multipart(*parts: bytes, boundary: bytes = b"b", kind: bytes = b"mixed") -> bytes:
    head = b'Content-Type: multipart/%s; boundary="%s"\r\n\r\n' % (kind, boundary)
    return head + b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--\r\n"


TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\nBonjour"


def test_the_structure_of_a_mail() -> None:
    alternative = multipart(TEXT, b"Content-Type: text/html\r\n\r\n<p>", boundary=b"bb", kind=b"alternative")
    subject = opened(HEAD + multipart(alternative, PDF_PART + base64.encodebytes(b"%PDF-1.4")))
    parts = view(subject).findall("part")
    assert [part.get("type") for part in parts] == ["text/plain", "text/html", "application/pdf"]
    assert [part.get("within") for part in parts] == ["multipart/mixed multipart/alternative"] * 2 + ["multipart/mixed"]
    assert parts[0].text == "Bonjour"
    assert parts[2].get("sha256") == subject.children[0].sha256
    assert subject.children[0].kind == "pdf"


def test_it_reads_the_good_mails_as_the_standard_library_does() -> None:
    for path in sorted((EXPORTS / "mails").glob("*.eml")):
        data = path.read_bytes()
        expected = email.message_from_bytes(data, policy=email.policy.default)
        leaves = [
            part for part in expected.walk() if not part.is_multipart() and part.get_content_maintype() != "message"
        ]
        found = mime.structure(data, 60, 1000)
        assert found.problems == []
        own = [part for part in found.parts if not mime.content_type(part.typed).startswith("message/")]
        bodies = [mime.payload(data, part)[0] for part in own]
        attached = [leaf for leaf in leaves if leaf.get_content_disposition() == "attachment"]
        for leaf in attached:
            assert leaf.get_payload(decode=True) in bodies
        assert [h.name for h in found.headers] == [name.lower() for name in expected]
        assert [h.text for h in found.headers if h.name == "subject"] == [" ".join(str(expected["subject"]).split())]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?=C3=A9t=C3=A9?=", "été"),
        ("=?UTF-8?B?w6l0w6k=?=", "été"),
        ("=?UTF-8?B?w6l0w6k?=", "été"),  # the padding is missing
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        ("=?iso-8859-1?q?=E9?= =?utf-8?q?=C3=A9?=", "éé"),
        ("=?utf-8*fr?q?a?=", "a"),
        ("=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "é"),  # one character cut in two words
        ("=?inconnu?q?a=C3=A9?=", "aé"),
        ("=?zlib?b?eJwDAAAAAAE=?=", None),
        ("=?utf-8?q?a", "=?utf-8?q?a"),
        ("=?a?q?" * 3, "=?a?q?" * 3),
    ],
)
def test_rfc_2047_words(raw: str, expected: str | None) -> None:
    decoded = mime.decoded_words(raw)
    assert expected is None or decoded == expected


def test_the_name_of_an_attachment_in_every_form() -> None:
    for disposition, expected in (
        ('attachment; filename="a.pdf"', "a.pdf"),
        ("attachment; filename*=UTF-8''%C3%A9.pdf", "é.pdf"),
        ("attachment; filename*0*=UTF-8''%C3%A9; filename*1=b.pdf", "éb.pdf"),
        ('attachment; filename="=?utf-8?q?=C3=A9?=.pdf"', "é.pdf"),
        ('attachment;\r\n filename="a\r\n b.pdf"', "a b.pdf"),
        ("attachment; filename*=zlib''%00", None),
        ("attachment; filename*99999999999999999999=x", None),
        ('attachment; filename="../../etc/passwd"', "../../etc/passwd"),
        ('attachment; filename="a\x00b\x01.pdf"', None),
    ):
        part = b"Content-Type: application/pdf\r\nContent-Disposition: " + disposition.encode() + b"\r\n\r\n%PDF-1.4"
        subject = opened(HEAD + multipart(TEXT, part))
        found = view(subject).findall("part")[1].get("filename")
        assert expected is None or found == expected
        assert subject.children[0].id.startswith("export!/")
        assert subject.children[0].id.isprintable()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xef\xbb\xbf" + HEAD + b"\r\nx", ["mail.bom"]),
        (HEAD + b"pas un en-tete\r\n\r\nx", ["mail.header_line"]),
        (HEAD + b"Content-Type: multipart/mixed\r\n\r\nx", ["mail.boundary"]),
        (HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\nx", ["mail.boundary"]),
        (HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx", ["mail.truncated"]),
        (HEAD + multipart(TEXT)[:-4], ["mail.truncated"]),
        (HEAD + b"Content-Transfer-Encoding: x-uuencode\r\n\r\nx", ["mail.encoding"]),
        (HEAD + multipart(PDF_PART + b"JVBERi0x@LjQ="), ["mail.base64", "pdf.damaged"]),
        (HEAD + multipart(PDF_PART + b""), ["input.empty"]),
        (hostile.mail_deep(), ["mail.too_deep"]),
        (hostile.mail_forwarded(), ["mail.too_deep"]),
        (hostile.mail_crowded(), ["mail.too_many_parts"]),
        (hostile.mail_headers(), ["mail.too_many_headers"]),
        (hostile.mail_addressees(), ["mail.too_many_addresses"]),
        (b"From a@b Thu Jan  1 00:00:00 2026\n" + HEAD + b"\r\nx", []),
        (HEAD, []),
        (HEAD[:-2], []),
        (HEAD.replace(b"\r\n", b"\n") + multipart(TEXT).replace(b"\r\n", b"\n"), []),
        (HEAD + multipart(b"", b"\r\n", TEXT), []),
        (HEAD + multipart(multipart(TEXT, boundary=b"bc"), TEXT), []),
    ],
)
def test_each_fault_is_named(data: bytes, expected: list[str]) -> None:
    with within(2):
        assert codes(opened(data)) == expected


def test_what_can_be_read_of_a_faulty_mail_is_read() -> None:
    subject = opened(HEAD + multipart(TEXT, PDF_PART + b"JVBERi0x@LjQ=", PDF_PART + base64.encodebytes(b"%PDF-1.5")))
    assert [child.data for child in subject.children] == [b"%PDF-1.4", b"%PDF-1.5"]
    assert [child.id for child in subject.children] == ["export!/x.pdf", "export!/x.pdf#2"]


def test_headers_have_their_line() -> None:
    subject = opened(b"\xef\xbb\xbfFrom: a@b.fr\nTo: c@d.fr,\n e@f.fr\nSubject: x\n\nbody")
    assert [(h.get("name"), h.get("line")) for h in view(subject).findall("header")] == [
        ("from", "1"),
        ("to", "2"),
        ("subject", "4"),
    ]


def test_raw_bytes_in_headers_are_seen() -> None:
    for raw in ("é".encode(), "é".encode("latin-1")):
        subject = opened(HEAD.replace(b"Subject: x", b"Subject: " + raw) + b"\r\nx")
        header = view(subject).find("header[@name='subject']")
        assert header is not None
        assert (header.get("ascii"), header.text) == ("false", "é")


@pytest.mark.parametrize(
    "header",
    [
        b"Subject: " + b"=?a?q?" * 100_000,
        b"Subject: " + b"=?" * 300_000,
        b"Subject: " + b"=?utf-8?b?" + b"QUJD" * 200_000 + b"?=",
        b"Subject: " + b"\r\n a" * 200_000,
        b"Subject: " + b"\r" * 500_000,
        b"Subject: =?punycode?q?" + b"a-b" * 100_000 + b"?=",
        b"To: " + b"," * 500_000,
        b"To: " + b"(" * 300_000,
        b"To: " + b"<" * 300_000,
        b"To: " + b'"' * 300_000,
        b"To: " + b"a@[" * 100_000,
        b"To: " + b"a:;" * 100_000,
        b"To: " + b"\\" * 300_000,
        b"Content-Type: text/plain" + b';"' * 200_000,
        b"Content-Type: multipart/mixed; boundary=" + b"b" * 500_000,
        b"Content-Disposition: attachment; " + b"filename*0=a;" * 50_000,
        b"X" * 900_000 + b": a",
        b"X-" + b"y" * 2_000_000,
    ],
    ids=lambda header: header[:24].decode("latin-1").strip(),
)
def test_hostile_headers_take_no_time(header: bytes) -> None:
    with within(4):
        opened(HEAD + header + b"\r\n\r\nx")


@pytest.mark.parametrize(
    "body",
    [
        b"a:b\n" * 1_000_000,
        b"\r\n" + b"a\n" * 20_000_000,
        multipart(*[b"\r\n"] * 300_000),
        b"Content-Type: multipart/mixed; boundary=-\r\n\r\n" + b"-" * 10_000_000,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"\n--bc" * 3_000_000,
        hostile.mail_deep(55) + b"ligne\n" * 5_000_000,
        b"Content-Type: message/disposition-notification\r\n\r\n" + b"a: b\r\n\r\n" * 500_000,
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=" * 20_000_000,
    ],
    ids=("headers", "lines", "parts", "dashes", "near boundaries", "deep", "report", "quoted"),
)
def test_hostile_bodies_take_no_time(body: bytes) -> None:
    with within(6):
        opened(HEAD + body)


def test_fifty_megabytes_of_base64_are_judged_in_seconds() -> None:
    content = b"\x89PNG" + bytes(37 << 20)
    data = HEAD + multipart(TEXT, PDF_PART + base64.encodebytes(content))
    assert len(data) > 50_000_000
    with within(8):
        subject = opened(data)
    assert codes(subject) == []
    assert subject.children[0].size == len(content)


def test_a_report_and_the_headers_of_its_original() -> None:
    subject = opened(fixture("mails/mdn-echec.eml"))
    mail = view(subject)
    assert (mail.get("flavour"), mail.get("reportType")) == ("mdn", "disposition-notification")
    assert mail.findtext("report/field[@name='error']") == "902^Patient inconnu"
    assert mail.find("part/original/header[@name='message-id']") is not None
    encoded = base64.encodebytes(b"Disposition: a; processed\r\nFinal-Recipient: rfc822;a@b\r\n")
    part = b"Content-Type: message/disposition-notification\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded
    mail = view(opened(HEAD + multipart(TEXT, part, kind=b"report")))
    assert mail.findtext("report/field[@name='disposition']") == "a; processed"


def test_what_is_and_what_is_not_a_mail() -> None:
    assert is_mail(HEAD)
    assert is_mail(b"Received: a\r\n b\r\nDate: c\r\n\r\n")
    assert not is_mail(b"Titre: compte rendu\r\nAuteur: x\r\n\r\n")
    assert not is_mail(b"a" * 100_000)
    assert not is_mail(b"")


@QUICK
@given(st.binary(max_size=600))
def test_random_bytes_never_raise(data: bytes) -> None:
    opened(HEAD + data)
    opened(HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + data)
    opened(HEAD + b"Subject: =?utf-8?" + data)
    opened(HEAD + b"Content-Type: " + data)
    opened(HEAD + b"Content-Type: application/pdf; name*0*=" + data)
    opened(b"To: " + data + b"\r\n" + HEAD)


@QUICK
@given(st.lists(st.sampled_from((b"--b", b"--b--", b"--", b"\r\n", b"\n", b"\r", b"b", b":", b" ", TEXT, PDF_PART))))
def test_any_arrangement_of_boundaries_is_read(pieces: list[bytes]) -> None:
    opened(HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"".join(pieces))


@QUICK
@given(damaged("mails/vers-professionnel.eml"))
def test_damaged_mails_never_raise(data: bytes) -> None:
    with within(5):
        opened(data)


@QUICK
@given(damaged("mails/mdn-echec.eml"))
def test_damaged_reports_never_raise(data: bytes) -> None:
    opened(data)
