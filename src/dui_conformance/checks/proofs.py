"""What a reviewer refuses in a proof, before its substance: causes of refusal that the ANS has told (segur-dui §5 (1),
notes on experience of SQ2), and files that do not open.

A proof is a file declared in `[[attestations]]`; `forms` are those of `subjects.proofs`.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from dui_conformance.checks.mail import pdf_name_is_formed
from dui_conformance.checks.printed import is_readable, shows_a_date
from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict, check, failed, review

Records = Sequence[tuple[str, Mapping[str, object]]]

_NOTICE = frozenset(("SC.DOC.06.MS1", "DUI.DOC.06"))
_TRUSTED = frozenset(("DUI.MSS.04", "SC.MSS/va1.06"))
_EXPIRED = frozenset(("DUI.MSS.05", "SC.MSS/va1.04"))
_SYMBOL = frozenset(("SC.DOC.03.MS1", "DUI.DOC.03", "DOC/va1.04", "INS/va1.03", "INS/va1.10", "INS/va1.15"))
_NAMED = frozenset(("DOC/va1.01", "MSS/va1.01", "SC.MSS.17.MS1", "SC.MSS.18.MS1", "SC.MSS/CONF.23"))
_FEED = frozenset(("DMP/va1.01",))
_SEEN = ("picture", "video")
_PICTURED = 10  # hundredths of a page under which a PDF shows no screen
# what an extract of a trust store, of a configuration or of code holds and an account of it does not
_EXTRACT = re.compile(
    r"-----BEGIN [A-Z ]{0,40}CERTIFICATE|\.(?:pem|crt|cer|jks|p12|pfx|p7b)\b|\w\s{0,9}=\s{0,9}\S"
    r"|^[a-z_.-]{2,60}:\s|\w\([^)\s]{0,80}\)",
    re.MULTILINE,
)
_IGC = re.compile(r"igc[\s_-]*sante", re.IGNORECASE)
_EXPIRY = re.compile(r"expir|not_?after|validity|perim|CERT_REQUIRED|checkValidity", re.IGNORECASE)


def opens(form: str, whole: str, encrypted: str) -> Verdict:
    """The file is of a form that a reviewer opens, complete, and without a password."""
    if form in ("unknown", "empty"):
        return failed(why=form)
    if encrypted == "true":
        return failed(why="encrypted")
    return check(whole == "true", why="cut")


def date_is_written(date: str, texts: tuple[str, ...], pictured: tuple[str, ...]) -> Verdict:
    """The day under which the proof is declared is written in it, where it has text."""
    if is_readable(texts) is not PASSED:
        return NOT_APPLICABLE
    answer = shows_a_date((date.replace("-", ""),), texts, pictured)
    return check(answer is PASSED, date=date) if answer.answer != "review" else review(date=date)


def pdf_keeps_its_name(form: str, name: str, attests: tuple[str, ...]) -> Verdict:
    """A PDF handed in for the rules on names still has the name under which it was sent (ECO.2.1.6)."""
    if form != "pdf" or not _NAMED & set(attests):
        return NOT_APPLICABLE
    return pdf_name_is_formed(name)


def _of(records: Records, wanted: frozenset[str]) -> list[tuple[int, Mapping[str, object]]]:
    return [(at, facts) for at, (_, facts) in enumerate(records) if wanted & set(_all(facts, "attests"))]


def _all(facts: Mapping[str, object], name: str) -> tuple[str, ...]:
    values = facts.get(name, ())
    return tuple(map(str, values)) if isinstance(values, tuple | list) else ()


def _is_seen(facts: Mapping[str, object]) -> bool:
    """Whether a proof shows a screen: a picture, a video, or a PDF with a picture."""
    shares = _all(facts, "pictured")
    return facts.get("form") in _SEEN or any(share.isdigit() and int(share) >= _PICTURED for share in shares)


def setting_is_seen(records: Records) -> Iterator[tuple[int, Verdict]]:
    """The information notice is proved by the PDF and by the screen on which it is set: the PDF alone was refused
    every time at first review."""
    found = _of(records, _NOTICE)
    if found and not any(_is_seen(facts) or facts.get("form") in ("office", "archive") for _, facts in found):
        yield found[0][0], failed()


def trusted_are_listed(records: Records) -> Iterator[tuple[int, Verdict]]:
    """The trust chain is proved by an extract of the trusted authorities, or of the code that sets them: an account
    of it was refused four times in five."""
    yield from _extract_is_there(records, _TRUSTED, _IGC)


def refusal_is_set(records: Records) -> Iterator[tuple[int, Verdict]]:
    """That an expired certificate is refused is proved by an extract of configuration or of code: seven proofs in ten
    were refused."""
    yield from _extract_is_there(records, _EXPIRED, _EXPIRY)


def _extract_is_there(records: Records, wanted: frozenset[str], word: re.Pattern[str]) -> Iterator[tuple[int, Verdict]]:
    found = _of(records, wanted)
    if not found or any(_is_seen(facts) or facts.get("form") in ("office", "archive") for _, facts in found):
        return
    for _, facts in found:
        text = _plain(" ".join(_all(facts, "texts")))
        if word.search(text) and _EXTRACT.search(text):
            return
    yield found[0][0], failed()


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def symbol_is_no_screenshot(records: Records) -> Iterator[tuple[int, Verdict]]:
    """The DataMatrix is proved by the document that carries it: a screenshot of the status of the identity was taken
    for it."""
    told = set()
    for requirement in sorted(_SYMBOL):
        found = _of(records, frozenset((requirement,)))
        if found and found[0][0] not in told and all(facts.get("form") in _SEEN for _, facts in found):
            told.add(found[0][0])
            yield found[0][0], failed(requirement=requirement)


def feed_is_filmed(records: Records) -> Iterator[tuple[int, Verdict]]:
    """That every document goes to the DMP without a gesture is proved by a video: many proofs were refused because
    they showed one document sent, not that the sending is systematic."""
    found = _of(records, _FEED)
    if found and not any(facts.get("form") in ("video", "archive") for _, facts in found):
        yield found[0][0], failed()
