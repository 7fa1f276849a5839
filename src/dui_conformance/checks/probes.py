"""What the endpoints of a DUI answer to a probe: refusals, security headers, cookies, FHIR transactions.

Clauses: RFC 9110 §15.5 (refusals), RFC 6797 (HSTS), RFC 6265 §4.1.2 (cookies), RFC 9325 (TLS suites), FHIR R4 http.html
§3.1.0 and TDDUI 2.4.0 (eprescription-tddui B2).
"""

import re

from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict, blocked, check, failed, review

_REFUSED = ("401", "403")
_REDIRECTED = ("301", "302", "303", "307", "308")
_BROKEN = re.compile(r"NULL|aNULL|ADH|AECDH|anon|EXP(?:ORT)?-|RC4|RC2|(?:^|-)DES-CBC-|MD5")
_WEAK = re.compile(r"3DES|DES-CBC3|IDEA|SEED|CAMELLIA|ARIA|PSK|SRP|(?:^|-)CBC|SHA$|SHA256$|SHA384$")
_FORWARD_SECRET = re.compile(r"^(?:TLS_|ECDHE-|DHE-)")
_AEAD = re.compile(r"GCM|CHACHA20|CCM")
_HSTS_AGE = re.compile(r"max-age\s*=\s*\"?(\d{1,12})", re.IGNORECASE)
_HALF_YEAR = 180 * 86_400
_IDLE = 2 * 3600  # seconds: SC.SSI/IE.58


def access_is_refused(status: str, failure: str, kind: str) -> Verdict:
    """A request without good credentials is refused: 401 or 403, or for a page a redirection to where one signs in.

    A connection that is closed in the handshake refuses too (mutual TLS). Another error does not tell whether
    access was refused.
    """
    if not status:
        return PASSED if failure in ("SSLError", "ConnectionError") else blocked(found=failure)
    if status in _REFUSED or (kind == "web" and status in _REDIRECTED):
        return PASSED
    return failed(found=status) if status.startswith("2") else review(found=status)


def answer_is_success(status: str, failure: str) -> Verdict:
    """A request that is right is answered with a success; a refusal for want of rights is not concluded upon."""
    if not status:
        return blocked(found=failure)
    return blocked(found=status) if status in _REFUSED else check(status.startswith("2"), found=status)


def suites_are_not_broken(suites: tuple[str, ...]) -> Verdict:
    """No suite without encryption or authentication, of export strength, RC4 or DES (RFC 9325 §4.1, MUST NOT)."""
    found = [suite for suite in suites if _BROKEN.search(suite)]
    return check(not found, found=", ".join(found))


def suites_are_recommended(suites: tuple[str, ...]) -> Verdict:
    """Suites have forward secrecy and authenticated encryption (RFC 9325 §4.1 and §4.2, SHOULD)."""
    weak = [s for s in suites if not _BROKEN.search(s) and (not _FORWARD_SECRET.search(s) or not _AEAD.search(s))]
    return check(not weak, found=", ".join(weak))


def transport_is_strict(value: str) -> Verdict:
    """Strict-Transport-Security is there, for half a year at least (RFC 6797 §6.1)."""
    age = _HSTS_AGE.search(value[:1000])
    return check(age is not None and int(age[1]) >= _HALF_YEAR, found=value)


def framing_is_bounded(policy: str, options: str) -> Verdict:
    """The page says who may frame it: frame-ancestors of its policy, else X-Frame-Options."""
    return check("frame-ancestors" in policy.lower() or options.strip().lower() in ("deny", "sameorigin"))


def cookie_is_guarded(cookie: str) -> Verdict:
    """Secure, HttpOnly and SameSite (RFC 6265 §4.1.2.5, §4.1.2.6)."""
    attributes = {part.strip().partition("=")[0].lower() for part in cookie.split(";")[1:]}
    missing = [name for name in ("Secure", "HttpOnly", "SameSite") if name.lower() not in attributes]
    return check(not missing, missing=", ".join(missing), cookie=cookie.partition("=")[0].strip())


def cookie_does_not_outlive_idleness(cookie: str) -> Verdict:
    """A cookie that is kept for more than two hours may hold a session open: a person looks (SC.SSI/IE.58)."""
    age = re.search(r";\s*max-age\s*=\s*(\d{1,12})", cookie[:4000], re.IGNORECASE)
    if age is None or int(age[1]) <= _IDLE:
        return PASSED
    return review(found=age[1], cookie=cookie.partition("=")[0].strip())


def token_does_not_outlive_idleness(seconds: str) -> Verdict:
    """An access token that lives more than two hours outlives the idleness that closes a session (SC.SSI/IE.58)."""
    if not seconds.isdigit():
        return NOT_APPLICABLE
    return PASSED if int(seconds) <= _IDLE else review(found=seconds)


def claims_are_stated(
    claims: tuple[str, ...], system: tuple[str, ...], types: tuple[str, ...], interactions: tuple[str, ...]
) -> Verdict:
    """What the manifest claims is in the capability statement: `transaction`, `Patient`, `Patient.read`.

    `types` and `interactions` follow one another: the resource type of each interaction.
    """
    held = {*system, *types, *(f"{t}.{i}" for t, i in zip(types, interactions, strict=False))}
    missing = [claim for claim in claims if claim not in held]
    return check(not missing, missing=", ".join(missing)) if claims else NOT_APPLICABLE


def entries_are_created(sent: str, statuses: tuple[str, ...]) -> Verdict:
    """Each entry of a transaction is answered with 201 (TDDUI 2.4.0; FHIR R4 §3.1.0.11.3)."""
    wrong = [status for status in statuses if not status.startswith("201")]
    if wrong:
        return failed(found=", ".join(sorted(set(wrong))), expected="201")
    return check(str(len(statuses)) == sent, found=str(len(statuses)), expected=sent)


def locations_are_told(statuses: tuple[str, ...], locations: tuple[str, ...]) -> Verdict:
    """Each created entry tells where it is, with its id and its version (FHIR R4 §3.1.0.8, Location)."""
    good = [location for location in locations if "/_history/" in location]
    return check(len(good) == len(statuses), found=str(len(good)), expected=str(len(statuses)))


def nothing_is_kept(status: str, failure: str) -> Verdict:
    """A transaction that must be refused is refused whole: no success (TDDUI, « tout ou rien »).

    A refusal for want of rights says nothing of the content.
    """
    if not status:
        return blocked(found=failure)
    return blocked(found=status) if status in _REFUSED else check(not status.startswith("2"), found=status)
