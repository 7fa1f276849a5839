"""The good fixtures with canaries for people: names nobody bears, so that finding one in an output is a leak.

Names become canaries wherever they stand (headers, narrative, metadata, mail headers and bodies, names of parts);
numbers (matricules, birth dates, telephones) of the invented people are unmistakable as they are. Titles, comments
and narrative get a word of their own, `SECRET`, that no header tells.
"""

import base64
import email
import email.policy
import email.utils
import hashlib
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from email.header import Header, decode_header, make_header

from lxml import etree

from tests.places import READY, read_top

EXPORTS = READY / "exports"
SECRET = "Xyvoquart"
_RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"

# names of the cast (fixtures/build/people.py) → canaries of the same shape: blanks, hyphens, apostrophes, accents
NAMES = {
    "BERGERONNEAU": "ZAXOVRETTE",
    "VALMORIN": "ZYGUMARD",
    "MARGUERITE": "QUOXILDE",
    "ODILE": "VYXANE",
    "QUILLEVERE": "ZOUKRAMEC",
    "KERLOC'H": "KWEZOC'H",
    "ANNICK": "JYXICK",
    "D'ARGENTRE": "D'UZGENTRAX",
    "JEAN-BAPTISTE": "ZWAN-BYXTISTE",
    "LEON": "ZWEON",
    "LÉON": "ZWÉON",
    "OSTROWSKI": "OZTRWYSKI",
    "STANISLAS": "STYXISLAS",
    "STAN": "STYX",
    "ALBARET": "ALZBARWET",
    "LUCIEN": "LUXWIEN",
    "CLÉMENCE": "CLÉMWENCE",
    "LEGRELLE": "LEGZWELLE",
    "SIMONE": "ZIMWONE",
    "FONTANGES": "FWOXANGES",
    "HÉLÈNE": "HÉZWÈNE",
    "HELENE": "HEZWENE",
    "MORVAN-DUVAL": "MWORZAN-DUZWAL",
    "CLAIRE": "CLYXARE",
    "BENHALIMA": "BEXHALWIMA",
    "KARIM": "KWARYX",
    "SARRAZIN": "SZARWAZIN",
    "PAUL-ÉMILE": "PZAUL-ÉMWILE",
    "PAUL-EMILE": "PZAUL-EMWILE",
    "LACOMBE": "LZACWOMBE",
    "INÈS": "IZWÈS",
    "INES": "IZWES",
    "LAVANDIÈRES": "LZAVANDWIÈRES",
    "LAVANDIERES": "LZAVANDWIERES",
    "VERNEUIL": "VWERZUIL",  # who signs in at the simulated Pro Santé Connect; as long, for Content-Length
}
NUMBERS = (
    "238055313004",  # the beginnings of the matricules: a key cut off hides nobody
    "244023523820",
    "181112A00411",
    "190079912231",
    "E00127",
    "E00131",
    "E00140",
    "F00042",
    "F00057",
    "0261910013",
    "0261910014",
    "0261910015",
    "0639980042",
    "0639980057",
)
BIRTHS = ("19380514", "19440229", "19811102", "19900723", "19410819", "19351003")
_MONTHS = {"02": "fevrier", "05": "mai", "07": "juillet", "08": "aout", "10": "octobre", "11": "novembre"}


def folded(text: str) -> str:
    """Lower case without accents, to look for a canary in any form."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def canaries() -> list[str]:
    """Every folded word that no output may hold: each part of a name, numbers, dates as they may be written."""
    words = {part for name in NAMES.values() for part in re.split(r"[-' ]", folded(name)) if len(part) >= 4}
    found = [*words, folded(SECRET), *map(str.lower, NUMBERS)]
    for birth in BIRTHS:
        year, month, day = birth[:4], birth[4:6], birth[6:]
        found += [f"{year}{s}{month}{s}{day}" for s in ("", "-", "/", ".", " ")]
        found += [f"{day}{s}{month}{s}{year}" for s in ("", "-", "/", ".", " ")]
        found += [f"{day}/{month}/{year[2:]}", f"{int(day)} {_MONTHS[month]} {year}"]
    return sorted(found)


_NAME = re.compile(
    r"(?<![^\W_])(?:" + "|".join(map(re.escape, sorted(NAMES, key=len, reverse=True))) + r")(?![^\W_])", re.IGNORECASE
)


def in_text(text: str) -> str:
    """The text with every name replaced, in the case it is written in."""
    return _NAME.sub(lambda found: _like(found[0], NAMES[found[0].upper()]), text)


def _like(written: str, canary: str) -> str:
    if written.isupper():
        return canary
    return canary.title() if written[:1].isupper() else canary.lower()


def in_bytes(data: bytes) -> bytes:
    """A fixture of any format, planted."""
    if data[:2] == b"PK":
        return _in_zip(data)
    if data[:5] == b"%PDF-":
        return data
    if data.lstrip()[:1] == b"<":
        return _in_xml(data)
    if data[:12].lower() == b"return-path:":
        return _in_mail(data)
    if data.lstrip(b"\x0b")[:3] in (b"MSH", b"BHS", b"FHS"):
        return _in_hl7v2(data)
    return in_text(data.decode("utf-8")).encode()


def _in_hl7v2(data: bytes) -> bytes:
    """A message with the document it carries, in its own character set."""
    codec = "iso8859-15" if b"|8859/15|" in data else "utf-8"
    text = in_text(data.decode(codec)).encode(codec)
    return re.sub(
        rb"(?<=\^XML\^Base64\^)[^|^]+",
        lambda found: base64.b64encode(in_bytes(base64.b64decode(found[0]))),
        text,
    )


def _in_xml(data: bytes) -> bytes:
    text = in_text(data.decode("utf-8"))
    text = text.replace("</title>", f" {SECRET}</title>", 1)  # of the document; those of sections name the patient
    family = re.search(r"<family[^>]*>([^<]+)<", text)
    text = re.sub(rf"(?<!{SECRET})</title>", f" {family[1]}</title>", text) if family else text
    planted = re.sub(r"(<(?:paragraph|td|item|content)[^<>/]*>)", rf"\1{SECRET} ", text).encode()
    return _in_titles(planted) if b"SubmitObjectsRequest" in planted else planted


def _in_titles(metadata: bytes) -> bytes:
    """The metadata with the secret in the titles and comments of documents and lots (labels of codes are nobody's)."""
    root = etree.fromstring(metadata)
    for name in root.iter(f"{_RIM}Name", f"{_RIM}Description"):
        parent = name.getparent()
        if parent is not None and parent.tag in (f"{_RIM}ExtrinsicObject", f"{_RIM}RegistryPackage"):
            for text in name.iter(f"{_RIM}LocalizedString"):
                text.set("value", f"{text.get('value')} {SECRET}")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _in_zip(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = [(info.filename, archive.read(info)) for info in archive.infolist()]
    out, changed = [], []
    for name, content in entries:
        planted = in_bytes(content) if content else content
        changed.append((content, planted))
        out.append((name, planted))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in out:
            if name.endswith("METADATA.XML"):
                for old, new in changed:
                    content = _follow(content, old, new)
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
    return stream.getvalue()


def _follow(metadata: bytes, old: bytes, new: bytes) -> bytes:
    """The metadata with the hash and the size of a changed document."""
    digest = hashlib.sha1(old).hexdigest().upper().encode()  # noqa: S324  the XDS hash attribute is SHA-1
    if digest not in metadata:
        return metadata
    metadata = metadata.replace(digest, hashlib.sha1(new).hexdigest().upper().encode())  # noqa: S324
    return metadata.replace(b"<Value>%d<" % len(old), b"<Value>%d<" % len(new))


ADDRESSED = ("Return-Path", "From", "To", "Cc", "Reply-To", "Disposition-Notification-To", "Return-Receipt-To")


def _decoded(value: object) -> str:
    return str(make_header(decode_header(" ".join(str(value).split()))))


def encoded(text: str) -> str:
    """A header value as an encoded word, if it needs one."""
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=998).encode()


_WORDS = re.compile(r"=\?[^?\s]+\?[BbQq]\?[^?]*\?=(?:\s+=\?[^?\s]+\?[BbQq]\?[^?]*\?=)*")


def _in_mail(data: bytes) -> bytes:
    if b"base64" not in data:  # a reply, or a report on a mail: all is text
        text = _WORDS.sub(lambda found: encoded(in_text(_decoded(found[0]))), in_text(data.decode("utf-8")))
        return text.encode()
    message = email.message_from_bytes(data, policy=email.policy.compat32)
    for name in ADDRESSED:
        if name in message:
            pairs = email.utils.getaddresses([in_text(_decoded(message[name]))])
            named = (f"{encoded(display)} <{address}>" if display else f"<{address}>" for display, address in pairs)
            message.replace_header(name, ", ".join(named))
    if "Subject" in message:
        message.replace_header("Subject", encoded(in_text(_decoded(message["Subject"]))))
    for part in message.walk():
        if part.is_multipart():
            continue
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        if part.get_filename():
            filename = in_text(part.get_filename() or "")
            for header, parameter in (("content-disposition", "filename"), ("content-type", "name")):
                if part.get_param(parameter, header=header) is not None:
                    part.set_param(parameter, filename, header=header, replace=True)
            part.set_payload(base64.encodebytes(in_bytes(payload)).decode())
        elif part.get_content_maintype() == "text" and not part.is_multipart():
            del part["Content-Transfer-Encoding"]
            part["Content-Transfer-Encoding"] = "8bit"
            text = in_text(payload.decode("utf-8")) + SECRET + "\n"
            part.set_payload(text.encode().decode("ascii", "surrogateescape"))
    return message.as_bytes()


def files() -> Iterator[tuple[str, bytes]]:
    """Every file of the good exports, planted, under its path."""
    for path in sorted(EXPORTS.rglob("*")):
        if path.is_file():
            yield path.relative_to(EXPORTS).as_posix(), in_bytes(path.read_bytes())


def read(top: str) -> bytes:
    """A planted top file, as `mutations.mutated` wants it."""
    return in_bytes(read_top(top))
