"""What Pro Santé Connect remembers: sign-ins, their codes and tokens, and the tokens it makes."""

import base64
import hashlib
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import RSAKey

from dui_conformance.simulators.psc.people import Professional
from dui_conformance.simulators.service import Token, Tokens, secret

REALM = "/auth/realms/esante-wallet"
_CODE = 60.0  # seconds that a code lives
_KEPT = 5000  # sign-ins that are remembered


@dataclass(slots=True)
class SignIn:
    """One sign-in, from the authorization request on. `rank` names it in the facts; `after`: faults served in it."""

    rank: int
    client: str
    redirect: str
    state: str | None
    nonce: str | None
    challenge: str
    challenge_method: str
    professional: Professional | None = None
    code: str = ""
    code_until: float = 0.0
    code_used: bool = False
    refresh: str = ""
    identifier: str = ""
    began: int = 0
    after: list[str] = field(default_factory=list)
    ended: bool = False
    asked: str = ""  # auth_req_id, in CIBA
    polls: int = 0

    def serve(self, fault: str) -> None:
        if fault not in self.after:
            self.after.append(fault)


class Grants:
    """The sign-ins of a session and the keys that sign their tokens."""

    def __init__(self, issuer: str, tokens: Tokens) -> None:
        self.issuer = issuer
        self.tokens = tokens
        self.kid = secret(8)
        self.key = RSAKey.import_key(rsa.generate_private_key(65537, 2048), {"kid": self.kid, "use": "sig"})
        self._sign_ins: dict[int, SignIn] = {}
        self._index: dict[str, SignIn] = {}
        self._count = 0
        self.latest: SignIn | None = None

    @cached_property
    def other_key(self) -> RSAKey:
        """A key that is not published, under the name of the one that is."""
        return RSAKey.import_key(rsa.generate_private_key(65537, 2048), {"kid": self.kid})

    def begin(self, client: str, redirect: str, state: str | None, nonce: str | None, pkce: tuple[str, str]) -> SignIn:
        """A new sign-in."""
        self._count += 1
        made = SignIn(self._count, client, redirect, state, nonce, *pkce, identifier=secret(16), began=int(time.time()))
        self._sign_ins[self._count] = self.latest = made
        while len(self._sign_ins) > _KEPT:
            old = self._sign_ins.pop(next(iter(self._sign_ins)))
            self._index = {key: one for key, one in self._index.items() if one is not old}
        self._index[f"session {made.identifier}"] = made
        return made

    def find(self, kind: str, value: str) -> SignIn | None:
        """The sign-in of a code, a refresh token, an access token, an auth_req_id or a session."""
        return self._index.get(f"{kind} {value}")

    def remember(self, kind: str, value: str, sign_in: SignIn) -> str:
        self._index[f"{kind} {value}"] = sign_in
        return value

    def authorize(self, sign_in: SignIn, professional: Professional) -> str:
        """The professional has signed in: a code, good once and for a minute."""
        sign_in.professional = professional
        sign_in.code = self.remember("code", f"{secret(16)}.{sign_in.identifier}", sign_in)
        sign_in.code_until = time.monotonic() + _CODE
        return sign_in.code

    def issue(self, sign_in: SignIn, seconds: float, fault: str, thumbprint: str) -> dict[str, Any]:
        """The answer of the token endpoint: access, refresh and id tokens; `fault` spoils the id token."""
        who = sign_in.professional
        assert who is not None  # noqa: S101  a code is given once somebody has signed in
        now = int(time.time())
        common = {
            "iss": self.issuer,
            "sub": who.claims(REALM)["sub"],
            "iat": now,
            "auth_time": sign_in.began,
            "azp": sign_in.client,
            "session_state": sign_in.identifier,
            "acr": "eidas1",
        }
        access = self._signed(
            {**common, "exp": now + int(seconds), "jti": secret(12), "typ": "Bearer", "scope": "openid scope_all"}
            | ({"cnf": {"x5t#S256": thumbprint}} if thumbprint else {})
        )
        self.tokens.issue(Token(access, who.national_id, time.monotonic() + seconds, sign_in.identifier, thumbprint))
        self.remember("access", access, sign_in)
        sign_in.refresh = self.remember(
            "refresh", self._signed({**common, "typ": "Refresh", "jti": secret(12)}), sign_in
        )
        claims = {**common, "aud": sign_in.client, "exp": now + 300, "typ": "ID", "jti": secret(12)}
        claims["at_hash"] = _half_hash(access)
        if sign_in.nonce is not None:
            claims["nonce"] = sign_in.nonce
        return {
            "access_token": access,
            "expires_in": int(seconds),
            "refresh_expires_in": 1800,
            "refresh_token": sign_in.refresh,
            "token_type": "Bearer",
            "id_token": self._id_token(claims, fault, now),
            "session_state": sign_in.identifier,
            "scope": "openid scope_all",
        }

    def _id_token(self, claims: dict[str, Any], fault: str, now: int) -> str:
        if fault == "wrong_nonce":
            claims["nonce"] = secret(16)
        elif fault == "no_nonce":
            claims.pop("nonce", None)
        elif fault == "wrong_audience":
            claims["aud"] = claims["azp"] = "un-autre-client"
        elif fault == "wrong_issuer":
            claims["iss"] = "https://autre-fournisseur.example/auth/realms/esante-wallet"
        elif fault == "expired_id_token":
            claims |= {"iat": now - 7200, "exp": now - 3600}
        elif fault == "alg_none":
            head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
            return f"{head}.{self._signed(claims).split('.')[1]}."
        if fault == "bad_signature":
            return jwt.encode({"alg": "RS256", "kid": self.kid}, claims, self.other_key)
        return self._signed(claims)

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "typ": "JWT", "kid": self.kid}, claims, self.key)

    def keys(self) -> dict[str, Any]:
        """The JWKS."""
        return {"keys": [{**self.key.as_dict(private=False), "alg": "RS256", "use": "sig"}]}


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _half_hash(token: str) -> str:
    """at_hash (OpenID Connect Core §3.1.3.6)."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()[:16]).rstrip(b"=").decode()
