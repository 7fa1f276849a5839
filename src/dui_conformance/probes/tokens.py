"""Tokens that must be refused: forged, unsigned, tampered with. None of them gives any right to anybody."""

import base64
import json
import secrets
from datetime import datetime, timedelta

ISSUER = "https://dui-conformance.invalid/emetteur"


def forged(now: datetime) -> str:
    """A token in date whose signature is random bytes."""
    head = {"alg": "RS256", "typ": "JWT", "kid": "dui-conformance"}
    return f"{_part(head)}.{_part(_claims(now))}.{_encoded(secrets.token_bytes(256))}"


def unsigned(now: datetime) -> str:
    """A token in date of algorithm `none` (RFC 8725 §3.1)."""
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(_claims(now))}."


def tampered(token: str) -> str:
    """A good token whose payload, or else whose last characters, were changed."""
    head, dot, rest = token.partition(".")
    payload, second, signature = rest.partition(".")
    if dot and second and payload:
        claims = claims_of(token)
        if claims:
            changed = {**claims, "sub": f"{claims.get('sub', '')} modifié"}
            return f"{head}.{_part(changed)}.{signature}"
    return token[:-4] + ("AAAA" if not token.endswith("AAAA") else "BBBB")


def claims_of(token: str) -> dict[str, object]:
    """The claims of a JWT, unverified; empty if it is none."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def lifetime(token: str) -> int | None:
    """Seconds between `iat` and `exp` of a JWT; None if it does not say."""
    claims = claims_of(token)
    issued, expires = claims.get("iat"), claims.get("exp")
    if isinstance(issued, int | float) and isinstance(expires, int | float):
        return int(expires - issued)
    return None


def _claims(now: datetime) -> dict[str, object]:
    return {
        "iss": ISSUER,
        "sub": "dui-conformance",
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=5)).timestamp()),
    }


def _part(content: object) -> str:
    return _encoded(json.dumps(content, separators=(",", ":")).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
