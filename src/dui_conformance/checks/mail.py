"""MSSanté mails: the object, what goes with it, who gets it, and the reports that come back.

Clauses: référentiel socle MSSanté n° 2 1.0.1, ECO.2.x (read through task notes that quote it), volet « Transmission
au LPS de documents CDA provenant d'un courriel MSSanté » 1.1, RFC 5322, RFC 8098 (dmp-mssante C.2 to C.4).
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from dui_conformance.checks.ins import matricule_of
from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict, check, failed

Table = Mapping[str, Mapping[str, str]]
Records = Sequence[tuple[str, Mapping[str, str]]]

_LONGEST = 400
_LABEL = 40  # characters of the label of a document (ECO.2.1.3, ECO.2.1.6)
_OBJECT = re.compile(
    r"(?:\[Annule et remplace\] )?XDM/1\.0/DDM\+(?P<rest>.{1,40} [A-Z' -]+ [A-Za-z' -]+?)(?P<date> \d\d/\d\d/\d{4})?"
)
_PDF = re.compile(
    r"(?P<date>\d{8})_(?P<type>[^_]{1,40})_(?P<name>[^_]+)_(?P<given>[^_]+?)(?:_[^_]+)?\.pdf", re.IGNORECASE
)
_MESSAGE_ID = re.compile(r"<[^\s<>@]+@[^\s<>@]+>")
_DOMAIN = re.compile(r"[a-z0-9.-]{1,253}")
_TITLES = frozenset("dr pr m mr mme mlle me docteur professeur monsieur madame".split())
_DISPOSITION = re.compile(
    r"(?:manual|automatic)-action ?/ ?MDN-sent-(?:manually|automatically) ?; ?"
    r"(?:displayed|deleted|dispatched|processed)(?P<modifiers> ?/.*)?",
    re.IGNORECASE,
)
_INLINE = re.compile(r" ?/ ?error ?: ?(?P<code>\d{3})\b.*", re.IGNORECASE)
_ERROR = re.compile(r"(?P<code>[^\s^]*)\^.+")
_KO = re.compile(r"\[KO Intégration système !\]\[(?P<code>\d{3})\] XDM/1\.0/DDM\+.+")
_REPLACES = re.compile(r"\[?annule et remplace\b", re.IGNORECASE)


def _plain(text: str) -> str:
    """In capitals, without accent, each run of other signs one blank: what two spellings of a name have in common."""
    decomposed = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "OE"))
    bare = "".join(c for c in decomposed if not unicodedata.combining(c)).upper()
    return " ".join(re.sub(r"[^0-9A-Z]+", " ", bare).split())


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return len(digits) == 8


def _read(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The match of a whole text; a hostile length is no match, for these patterns try every cut of it."""
    return pattern.fullmatch(text) if len(text) <= _LONGEST else None


def _pdf(name: str) -> re.Match[str] | None:
    return _read(_PDF, unicodedata.normalize("NFC", name)) if len(name) <= _LONGEST else None


def object_is_formed(title: str) -> Verdict:
    """The object is `XDM/1.0/DDM+<label> <BIRTH NAME> <given name>[ <dd/mm/yyyy>]` (ECO.2.1.3)."""
    return check(_read(_OBJECT, title) is not None, found=title)


def _expected_label(codes: tuple[str, ...], labels: tuple[str, ...]) -> str:
    """The label of the object: the document's, cut at 40 characters, or how many documents there are."""
    if len(codes) > 1:
        return f"{len(codes)} documents"
    return " ".join(labels[0].split())[:_LABEL].rstrip() if labels else ""


def object_names_the_document(title: str, codes: tuple[str, ...], labels: tuple[str, ...]) -> Verdict:
    """The label is the displayName of the CDA's code cut at 40 characters, or `N documents` (ECO.2.1.3)."""
    found = _read(_OBJECT, title)
    expected = _expected_label(codes, labels)
    if found is None or not expected:
        return NOT_APPLICABLE
    return check(f"{_plain(found['rest'])} ".startswith(f"{_plain(expected)} "), expected=expected)


def _given_names(givens: tuple[str, ...]) -> set[str]:
    """Each given name as an object may write it: the first one, or what the CDA writes."""
    return {_plain(form) for given in givens for form in (given, given.split(" ")[0]) if _plain(form)}


def object_names_the_user(title: str, births: tuple[str, ...], givens: tuple[str, ...]) -> Verdict:
    """Name and given name are the birth name and the first given name of the INS traits (ECO.2.1.3)."""
    found = _read(_OBJECT, title)
    if found is None or not births or not givens:
        return NOT_APPLICABLE
    rest = _plain(found["rest"])
    for birth in births:
        if any(rest.endswith(f" {_plain(birth)} {given}") for given in _given_names(givens)):
            return PASSED
    return failed(found=found["rest"], expected=f"{births[0]} {givens[-1]}")


def object_dates_the_user(title: str, dates: tuple[str, ...]) -> Verdict:
    """The date of the object, if there is one, is the date of birth (ECO.2.1.3)."""
    found = _read(_OBJECT, title)
    known = [date for date in dates if _is_date(date[:8])]
    if found is None or not found["date"] or not known:
        return NOT_APPLICABLE
    expected = [f"{date[6:8]}/{date[4:6]}/{date[:4]}" for date in known]
    return check(found["date"].strip() in expected, found=found["date"].strip(), expected=expected[0])


def codes_are_listed(found: str, codes: tuple[str, ...]) -> Verdict:
    """X-MSS-CODECDA lists the type codes of the CDA documents, separated by commas (ECO.2.4.1)."""
    listed = {code.strip() for code in found.split(",")}
    return check(listed == set(codes), found=found, expected=",".join(dict.fromkeys(codes)))


def flag_says_ins(found: str, complete: tuple[str, ...]) -> Verdict:
    """X-MSS-INS is O if every CDA has the INS, its OID and the four traits, N otherwise (ECO.2.4.2).

    `complete`: true or false for each CDA.
    """
    if found not in ("O", "N"):
        return NOT_APPLICABLE  # the rule on its form speaks
    expected = "O" if all(value == "true" for value in complete) else "N"
    return check(found == expected, found=found, expected=expected)


def header_is_as_declared(found: str, declared: str) -> Verdict:
    """X-MSS-NIL is the product reference declared in dui.toml (ECO.2.4.3)."""
    return check(found == declared, found=found, expected=declared)


def message_id_is_formed(value: str) -> Verdict:
    """`<left@right>`, without blank (RFC 5322 §3.6.4, ECO.2.2.1)."""
    return check(_MESSAGE_ID.fullmatch(value) is not None, found=value)


def ids_are_unique(records: Records) -> Iterator[tuple[int, Verdict]]:
    """Two mails of a run with the same Message-ID are the same bytes (ECO.2.2.1). Facts: `id`, `sha256`."""
    first: dict[str, int] = {}
    for index, (_, facts) in enumerate(records):
        at = first.setdefault(facts["id"], index)
        if facts["id"] and at != index:
            other, its = records[at]
            yield index, check(its["sha256"] == facts["sha256"], id=facts["id"], other=other)


def references_end_with(references: str, answered: str) -> Verdict:
    """The last of References is the Message-ID that is answered (RFC 5322 §3.6.4)."""
    known = _MESSAGE_ID.findall(references)
    parents = _MESSAGE_ID.findall(answered)
    if not known or not parents:
        return failed(last=known[-1] if known else "", answered=parents[0] if parents else "")
    return check(known[-1] == parents[0], last=known[-1], answered=parents[0])


def sender_is_named(name: str, address: str) -> Verdict:
    """The display name of From says who writes, and is not the address again (ECO.2.2.7)."""
    local = address.partition("@")[0]
    return check(bool(name) and "@" not in name and _plain(name) != _plain(local), found=name)


def person_is_named(name: str) -> Verdict:
    """After a title come the given name, the NAME in capitals, the entity (ECO.2.2.7, personal mailbox)."""
    words = name.replace(".", "").split()
    if not words or words[0].lower() not in _TITLES:
        return NOT_APPLICABLE  # a functional label
    capitals = [at for at, word in enumerate(words) if at > 1 and len(_plain(word)) > 1 and word == word.upper()]
    after = [word for at, word in enumerate(words) if capitals and at > capitals[0] and at not in capitals]
    # an entity may itself be in capitals (EHPAD): then there are two words of them at least
    return check(bool(capitals) and (bool(after) or len(capitals) > 1), found=name)


def domain_is_mssante(domain: str, mail_domains: tuple[str, ...] | str) -> Verdict:
    """The address lies under mssante.fr, or in a domain that the manifest declares (MSSanté white list)."""
    domain = domain.rstrip(".")
    admitted = ("mssante.fr", *(name.lower().lstrip("@*.") for name in mail_domains if name))
    shown = domain if _DOMAIN.fullmatch(domain) else "?"
    return check(any(domain == name or domain.endswith(f".{name}") for name in admitted), domain=shown)


def patient_address_is_a_matricule(local: str) -> Verdict:
    """The address of a user is the matricule INS of 15 characters, whose key is right (ECO.2.2.6)."""
    matricule = matricule_of(local.upper())
    return check(matricule is not None and matricule.key == matricule.expected_key, found=local)


def patient_address_is_of_the_documents(local: str, patients: tuple[str, ...]) -> Verdict:
    """The matricule of the address is the patientId of the metadata (ECO.2.1.2, ECO.2.2.6). `patients`: CX values."""
    known = {patient.partition("^")[0].upper() for patient in patients if patient}
    if not known or patient_address_is_a_matricule(local) != PASSED:
        return NOT_APPLICABLE
    return check(known == {local.upper()}, found=local, known=", ".join(sorted(known)))


def every_document_has_the_ins(present: tuple[str, ...]) -> Verdict:
    """Each CDA carries the INS, without which no address of a user can be built (ECO.2.2.6)."""
    lacking = sum(value != "true" for value in present)
    return check(not lacking, count=str(lacking))


def one_user(patients: tuple[str, ...]) -> Verdict:
    """Every document of a mail is about the same person (ECO.2.1.1). `patients`: a value per document."""
    known = sorted({patient for patient in patients if patient})
    return check(len(known) < 2, count=str(len(known)))


def size_is_delivered(size: str, limit: str) -> Verdict:
    """The whole mail stays within what Mon espace santé takes (25 MB)."""
    mebibytes = f"{int(size) / 2**20:.1f}"
    return check(int(size) <= int(limit), size=mebibytes, size_fr=mebibytes.replace(".", ","))


def nobody_sees_what_is_hidden(codes: tuple[str, ...], mask: str) -> Verdict:
    """No document that carries `mask` goes to those that it is hidden from (dmp-mssante C.3)."""
    return check(mask not in codes, mask=mask)


def each_document_has_its_pdf(documents: tuple[str, ...], pdfs: tuple[str, ...]) -> Verdict:
    """There are as many attached PDFs as CDA documents at least (ECO.2.1.1)."""
    return check(len(pdfs) >= len(documents), documents=str(len(documents)), pdfs=str(len(pdfs)))


def no_pdf_without_document(documents: tuple[str, ...], pdfs: tuple[str, ...]) -> Verdict:
    """There are no more attached PDFs than CDA documents (ECO.2.1.1: the same documents as PDF)."""
    return check(len(pdfs) <= len(documents), documents=str(len(documents)), pdfs=str(len(pdfs)))


def bodies_are_attached(bodies: tuple[str, ...], attached: tuple[str, ...]) -> Verdict:
    """The PDF embedded in each level-1 CDA is attached, byte for byte (ECO.2.1.5). Values: SHA-256."""
    if not bodies or len(attached) < len(bodies):
        return NOT_APPLICABLE  # that a PDF is missing is said elsewhere
    missing = [body for body in bodies if body not in attached]
    return check(not missing, count=str(len(missing)))


def pdf_name_is_formed(name: str) -> Verdict:
    """`<YYYYMMDD>_<type>_<NAME>_<given name>[_<record>].pdf`, the date being one of the calendar (ECO.2.1.6)."""
    found = _pdf(name)
    return check(found is not None and _is_date(found["date"]), found=name)


def pdf_names_name_the_user(names: tuple[str, ...], births: tuple[str, ...], givens: tuple[str, ...]) -> Verdict:
    """Name and given name of each PDF are those of the INS traits (ECO.2.1.6)."""
    if not births or not givens:
        return NOT_APPLICABLE
    known, first = {_plain(birth) for birth in births}, _given_names(givens)
    for found in filter(None, (_pdf(name) for name in names)):
        if _plain(found["name"]) not in known or _plain(found["given"]) not in first:
            return failed(found=f"{found['name']}_{found['given']}", expected=f"{births[0]}_{givens[-1]}")
    return PASSED


def pdf_names_tell_the_act(names: tuple[str, ...], dates: tuple[str, ...], labels: tuple[str, ...]) -> Verdict:
    """Date and type of each PDF are those of the act and of the document (ECO.2.1.6)."""
    acts = list(dict.fromkeys(date[:8] for date in dates if date))
    types = list(dict.fromkeys(label[:_LABEL].rstrip() for label in labels if label))
    if not acts or not types:
        return NOT_APPLICABLE
    known = {_plain(label) for label in types}
    for found in filter(None, (_pdf(name) for name in names)):
        if not _is_date(found["date"]):
            continue  # the rule on the form speaks
        if found["date"] not in acts:
            return failed(found=found["date"], expected=", ".join(acts))
        if _plain(found["type"]) not in known:
            return failed(found=found["type"], expected=", ".join(types))
    return PASSED


def name_is_composed(name: str) -> Verdict:
    """The name is in Unicode NFC: é is one character, not e and an accent."""
    return check(unicodedata.is_normalized("NFC", name))


def metadata_give_the_ins(entries: tuple[str, ...], found: tuple[str, ...]) -> Verdict:
    """Each DocumentEntry has a matricule INS as patientId: the receiver finds the user by it (ECO.2.1.2)."""
    lacking = len(entries) - len(found)
    return check(lacking <= 0, count=str(lacking))


def replacement_is_announced(title: str, replaced: tuple[str, ...]) -> Verdict:
    """The object of a mail that carries a new version begins with « [Annule et remplace] » (MSS/va1.13)."""
    if not replaced:
        return NOT_APPLICABLE
    return check(_REPLACES.match(title) is not None)


def announced_replacement_is_one(title: str, replaced: tuple[str, ...]) -> Verdict:
    """« [Annule et remplace] » is said of a CDA that replaces another (relatedDocument RPLC)."""
    if _REPLACES.match(title) is None:
        return NOT_APPLICABLE
    return check(bool(replaced))


def replaced_is_announced(records: Records) -> Iterator[tuple[int, Verdict]]:
    """A mail that sends the new version of a document that another mail of the run sent says so in its object.

    Facts, of mails: `title`; of documents: `id`, `replaces`. A document lies in the mail whose id begins its own.
    """
    mails = {identifier: index for index, (identifier, facts) in enumerate(records) if "title" in facts}
    holder = {index: _holder(identifier, mails) for index, (identifier, _) in enumerate(records)}
    sent = {facts["id"] for index, (_, facts) in enumerate(records) if facts.get("id") and holder[index] is not None}
    for index, (_, facts) in enumerate(records):
        at = holder[index]
        if at is not None and facts.get("replaces") and facts["replaces"] in sent:
            yield at, check(_REPLACES.match(records[at][1]["title"]) is not None, replaced=facts["replaces"])


def _holder(identifier: str, mails: Mapping[str, int]) -> int | None:
    """The mail that a document lies in: the one whose id is a step on the way to the document's."""
    steps = identifier.split("!/")
    ways = ("!/".join(steps[:length]) for length in range(len(steps) - 1, 0, -1))
    return next((mails[way] for way in ways if way in mails), None)


def disposition_is_formed(value: str) -> Verdict:
    """`automatic-action/MDN-sent-automatically; processed[/error]` and its like (RFC 8098 §3.2.6)."""
    return check(_DISPOSITION.fullmatch(value) is not None, found=value)


def disposition_has_no_code(value: str) -> Verdict:
    """The code of an error is in a field Error, not in Disposition as version 1.1 of the volet wrote it."""
    found = _DISPOSITION.fullmatch(value)
    if found is None:
        return NOT_APPLICABLE
    return check(_INLINE.fullmatch(found["modifiers"] or "") is None, found=value)


def error_is_told(value: str, error: str) -> Verdict:
    """`processed/error` has its field Error, and only it has one (volet LPS 1.1.3)."""
    found = _DISPOSITION.fullmatch(value)
    if found is None:
        return NOT_APPLICABLE
    modifiers = found["modifiers"] or ""
    if _INLINE.fullmatch(modifiers):
        return NOT_APPLICABLE
    failure = modifiers.replace(" ", "").lower() == "/error"
    return check(failure == bool(error), found=value)


def error_code_is_known(error: str, codes: Table) -> Verdict:
    """Error is `<code>^<label>`, its code from 900 to 906 (volet LPS 1.1)."""
    found = _ERROR.fullmatch(error)
    return check(found is not None and found["code"] in codes, found=error, known=", ".join(sorted(codes)))


def failure_is_in_the_object(title: str, error: str) -> Verdict:
    """The object of a failure is `[KO Intégration système !][code] XDM/1.0/DDM+…`, with the code of Error."""
    code = error.partition("^")[0].strip()
    found = _KO.fullmatch(unicodedata.normalize("NFC", title))
    return check(found is not None and found["code"] == code, found=title, code=code)


def original_is_no_report(kind: str, automatic: str, path: str) -> Verdict:
    """A report never answers a report nor an automatic mail (RFC 8098 §2.1, RFC 3834).

    `kind`, `automatic`, `path`: Content-Type, Auto-Submitted and Return-Path of what is answered.
    """
    is_report = kind.lower().startswith("multipart/report")
    is_automatic = automatic.lower() not in ("", "no")
    return check(not (is_report or is_automatic or path == "<>"))
