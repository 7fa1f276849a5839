"""The endpoints of Pro Santé Connect (dmp-mssante G). Facts noted for the rules are named here alone.

Facts: `signIn` (rank of the sign-in, ties its exchanges), `after` (faults served in that sign-in before this
exchange), `clientAuthentication` (client_secret_basic, client_secret_post, tls_client_auth, none, wrong), `pkce` (S256,
plain, none, wrong), `code` (good, used, expired, unknown), `redirect` (same, other, missing), `token` (alive, expired,
unknown, missing, bound_elsewhere), `refresh` (good, unknown, ended), `grant`, `origin` (true for a call of a browser).
"""

import base64
import binascii
import hashlib
import html
import json
import ssl
import time
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

from dui_conformance.simulators.psc.grants import REALM, Grants, SignIn, challenge_of
from dui_conformance.simulators.psc.people import BY_ID, PROFESSIONALS
from dui_conformance.simulators.server import Exchange, Request, Response
from dui_conformance.simulators.service import Scene, secret

_OIDC = f"{REALM}/protocol/openid-connect"
_CIBA = "urn:openid:params:grant-type:ciba"
PATHS: Mapping[str, str] = {
    f"{REALM}/.well-known/wallet-openid-configuration": "discovery",
    f"{REALM}/.well-known/openid-configuration": "discovery_standard",
    "/auth": "authorize",
    "/auth/choix": "choose",
    f"{_OIDC}/token": "token",
    f"{_OIDC}/userinfo": "userinfo",
    f"{_OIDC}/token/introspect": "introspect",
    f"{_OIDC}/logout": "logout",
    f"{_OIDC}/certs": "certs",
    f"{_OIDC}/ext/ciba/auth": "ciba",
}
_GRANTS: Mapping[str, str] = {"authorization_code": "token", "refresh_token": "refresh", _CIBA: "ciba_token"}
FAULTS = frozenset(
    "wrong_state no_state access_denied wrong_nonce no_nonce wrong_audience wrong_issuer expired_id_token "
    "bad_signature alg_none invalid_grant refresh_refused wrong_subject".split()
)
_POLLS = 2  # answers authorization_pending before a CIBA request is accepted


class Provider:
    """The application. `client`, `client_secret`: what the DUI under test is registered with."""

    def __init__(self, scene: Scene, client: str, client_secret: str) -> None:
        self.scene = scene
        self.client = client
        self.client_secret = client_secret
        self.base = ""
        self.grants = Grants("", scene.tokens)

    def listen(self, base: str) -> None:
        """The address it is served at, which its issuer is made of."""
        self.base = base
        self.grants.issuer = f"{base}{REALM}"

    def operation(self, request: Request) -> str:
        found = PATHS.get(request.path, "unknown")
        return _GRANTS.get(request.form.get("grant_type", ""), "token") if found == "token" else found

    async def answer(self, request: Request, operation: str, exchange: Exchange) -> Response:
        answers: Mapping[str, Callable[[Request, Exchange], Response]] = {
            "discovery": self._discovery,
            "discovery_standard": self._discovery,
            "authorize": self._authorize,
            "choose": self._choose,
            "token": self._token,
            "refresh": self._refresh,
            "ciba_token": self._ciba_token,
            "userinfo": self._userinfo,
            "introspect": self._introspect,
            "logout": self._logout,
            "certs": lambda _request, _exchange: _json(self.grants.keys()),
            "ciba": self._ciba,
        }
        exchange.facts["origin"] = bool(request.header("origin"))
        answer = answers.get(operation)
        return Response(404) if answer is None else answer(request, exchange)

    def _discovery(self, request: Request, exchange: Exchange) -> Response:
        at = f"{self.base}{_OIDC}"
        return _json(
            {
                "issuer": self.grants.issuer,
                "authorization_endpoint": f"{self.base}/auth",
                "token_endpoint": f"{at}/token",
                "introspection_endpoint": f"{at}/token/introspect",
                "userinfo_endpoint": f"{at}/userinfo",
                "end_session_endpoint": f"{at}/logout",
                "jwks_uri": f"{at}/certs",
                "backchannel_authentication_endpoint": f"{at}/ext/ciba/auth",
                "grant_types_supported": ["authorization_code", "refresh_token", _CIBA],
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_basic",
                    "client_secret_post",
                    "tls_client_auth",
                ],
                "code_challenge_methods_supported": ["S256"],
                "scopes_supported": ["openid", "scope_all"],
                "acr_values_supported": ["eidas1"],
                "backchannel_token_delivery_modes_supported": ["poll"],
                "tls_client_certificate_bound_access_tokens": True,
            }
        )

    def _authorize(self, request: Request, exchange: Exchange) -> Response:
        asked = request.query if request.method == "GET" else request.form
        redirect = asked.get("redirect_uri", "")
        if not redirect.startswith(("http://", "https://")) and ":" not in redirect:
            return _page("<p>redirect_uri manque ou n'est pas une adresse.", 400)
        sign_in = self.grants.begin(
            asked.get("client_id", ""),
            redirect,
            asked.get("state"),
            asked.get("nonce"),
            (asked.get("code_challenge", ""), asked.get("code_challenge_method", "plain")),
        )
        self._tie(exchange, sign_in)
        refused = self._refused(asked)
        if exchange.fault is not None and exchange.fault.name in ("wrong_state", "no_state", "access_denied"):
            sign_in.serve(exchange.fault.name)
            refused = "access_denied" if exchange.fault.name == "access_denied" else refused
        if refused:
            return self._back(sign_in, {"error": refused})
        who = BY_ID.get(asked.get("login_hint", ""))
        if who is None and self.scene.setting("psc", "signs_in_at_once", False):
            who = PROFESSIONALS[0]
        if who is not None:
            return self._back(sign_in, {"code": self.grants.authorize(sign_in, who)})
        links = "".join(
            f'<li><a href="/auth/choix?demande={sign_in.identifier}&amp;identite={p.national_id}">'
            f"{html.escape(p.given)} {html.escape(p.family)} ({p.rpps})</a>"
            for p in PROFESSIONALS
        )
        refuse = f'<p><a href="/auth/choix?demande={sign_in.identifier}&amp;identite=refus">Refuser</a>'
        return _page(f"<p>Qui se connecte ?<ul>{links}</ul>{refuse}")

    def _refused(self, asked: Mapping[str, str]) -> str:
        """The error that the real provider answers with, in strict mode."""
        if self.scene.mode != "strict":
            return ""
        if asked.get("client_id") != self.client:
            return "unauthorized_client"
        if asked.get("response_type") != "code":
            return "unsupported_response_type"
        scopes = asked.get("scope", "").split()
        if "openid" not in scopes or "scope_all" not in scopes:
            return "invalid_scope"
        return "" if asked.get("acr_values") == "eidas1" else "invalid_request"

    def _choose(self, request: Request, exchange: Exchange) -> Response:
        asked = request.query
        sign_in = self.grants.find("session", asked.get("demande", ""))
        if sign_in is None:
            return _page("<p>Cette demande n'existe pas.", 400)
        self._tie(exchange, sign_in)
        who = BY_ID.get(asked.get("identite", ""))
        if who is None:
            return self._back(sign_in, {"error": "access_denied"})
        return self._back(sign_in, {"code": self.grants.authorize(sign_in, who)})

    def _back(self, sign_in: SignIn, values: Mapping[str, str]) -> Response:
        """The redirection to the DUI."""
        answered = dict(values)
        if "wrong_state" in sign_in.after:
            answered["state"] = secret(16)
        elif sign_in.state is not None and "no_state" not in sign_in.after:
            answered["state"] = sign_in.state
        answered["session_state"] = sign_in.identifier
        joint = "&" if "?" in sign_in.redirect else "?"
        return Response(302, headers={"Location": sign_in.redirect + joint + urllib.parse.urlencode(answered)})

    def _token(self, request: Request, exchange: Exchange) -> Response:
        form, facts = request.form, exchange.facts
        facts["clientAuthentication"] = authentication = self._authentication(request)
        facts["grant"] = form.get("grant_type", "")
        sign_in = self.grants.find("code", form.get("code", ""))
        facts["code"] = _code_state(sign_in)
        if sign_in is None:
            if self.grants.latest is not None:  # whose code it is not is not known: the last sign-in is supposed
                self._tie(exchange, self.grants.latest)
            return _error("invalid_grant")
        self._tie(exchange, sign_in)
        facts["redirect"] = "same" if form.get("redirect_uri") == sign_in.redirect else "other"
        if "redirect_uri" not in form:
            facts["redirect"] = "missing"
        facts["pkce"] = pkce = _pkce(sign_in, form.get("code_verifier", ""))
        bad = authentication in ("none", "wrong") or facts["code"] != "good" or pkce == "wrong"
        if bad or facts["redirect"] != "same":
            return _error("invalid_client" if authentication in ("none", "wrong") else "invalid_grant")
        sign_in.code_used = True
        return self._issued(request, exchange, sign_in)

    def _refresh(self, request: Request, exchange: Exchange) -> Response:
        form, facts = request.form, exchange.facts
        facts["clientAuthentication"] = authentication = self._authentication(request)
        sign_in = self.grants.find("refresh", form.get("refresh_token", ""))
        facts["refresh"] = "unknown" if sign_in is None else "ended" if sign_in.ended else "good"
        if sign_in is not None:
            self._tie(exchange, sign_in)
        if authentication in ("none", "wrong"):
            return _error("invalid_client")
        if sign_in is None or sign_in.ended:
            return _error("invalid_grant")
        if exchange.fault is not None and exchange.fault.name == "refresh_refused":
            sign_in.serve("refresh_refused")
            sign_in.ended = True
            self.scene.tokens.revoke(sign_in.identifier)
            return _error("invalid_grant")
        return self._issued(request, exchange, sign_in)

    def _issued(self, request: Request, exchange: Exchange, sign_in: SignIn) -> Response:
        fault = exchange.fault.name if exchange.fault is not None else ""
        if fault == "invalid_grant":
            return _error("invalid_grant")
        if fault in FAULTS:
            sign_in.serve(fault)
        seconds = float(self.scene.setting("psc", "access_token_seconds", 120))
        return _json(self.grants.issue(sign_in, seconds, fault, _thumbprint(request.certificate)))

    def _userinfo(self, request: Request, exchange: Exchange) -> Response:
        scheme, _, value = request.header("authorization").partition(" ")
        value = value.strip() if scheme.lower() == "bearer" else ""
        sign_in = self._bearer(request, exchange, value)
        if sign_in is None or sign_in.professional is None:
            return Response(401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        claims = sign_in.professional.claims(REALM)
        if exchange.fault is not None and exchange.fault.name == "wrong_subject":
            sign_in.serve("wrong_subject")
            claims["sub"] = PROFESSIONALS[-1].claims(REALM)["sub"] + "0"
        return _json(claims)

    def _bearer(self, request: Request, exchange: Exchange, value: str) -> SignIn | None:
        """The sign-in of an access token that is good; notes what it is, and ties the exchange."""
        token, sign_in = self.scene.tokens.get(value), self.grants.find("access", value)
        state = "missing" if not value else "unknown"
        if sign_in is not None:
            self._tie(exchange, sign_in)
            state = "unknown" if token is None else "alive" if token.alive else "expired"
        if state == "alive" and token is not None and token.thumbprint:
            state = "alive" if token.thumbprint == _thumbprint(request.certificate) else "bound_elsewhere"
        exchange.facts["token"] = state
        return sign_in if state in ("alive", "bound_elsewhere") else None

    def _introspect(self, request: Request, exchange: Exchange) -> Response:
        exchange.facts["clientAuthentication"] = authentication = self._authentication(request)
        if authentication in ("none", "wrong"):
            return _error("invalid_client")
        value = request.form.get("token", "")
        token, sign_in = self.scene.tokens.get(value), self.grants.find("access", value)
        if sign_in is not None:
            self._tie(exchange, sign_in)
        if token is None or sign_in is None or not token.alive:
            return _json({"active": False})
        now = int(time.time())
        left = int(token.expires - time.monotonic())
        return _json(
            {
                "active": True,
                "exp": now + left,
                "iat": now,
                "auth_time": sign_in.began,
                "iss": self.grants.issuer,
                "sub": f"f:{REALM}:{token.subject}",
                "typ": "Bearer",
                "azp": sign_in.client,
                "session_state": sign_in.identifier,
                "acr": "eidas1",
                "SubjectNameID": token.subject,
            }
        )

    def _logout(self, request: Request, exchange: Exchange) -> Response:
        asked = request.query if request.method == "GET" else request.form
        hint = asked.get("id_token_hint", "")
        sign_in = self.grants.find("session", _session_of(hint)) or self.grants.find(
            "refresh", asked.get("refresh_token", "")
        )
        if sign_in is not None:
            self._tie(exchange, sign_in)
            sign_in.ended = True
            self.scene.tokens.revoke(sign_in.identifier)
        after = asked.get("post_logout_redirect_uri", "")
        if after.startswith(("http://", "https://")):
            state = f"?{urllib.parse.urlencode({'state': asked['state']})}" if "state" in asked else ""
            return Response(302, headers={"Location": after + state})
        return _page("<p>Vous êtes déconnecté.")

    def _ciba(self, request: Request, exchange: Exchange) -> Response:
        form = request.form
        exchange.facts["clientAuthentication"] = authentication = self._authentication(request)
        if authentication in ("none", "wrong"):
            return _error("invalid_client")
        who = BY_ID.get(form.get("login_hint", ""))
        if who is None:
            return _error("unknown_user_id")
        sign_in = self.grants.begin(form.get("client_id", self.client), "", None, None, ("", ""))
        self._tie(exchange, sign_in)
        sign_in.professional = who
        sign_in.asked = self.grants.remember("asked", secret(), sign_in)
        return _json({"auth_req_id": sign_in.asked, "expires_in": 120, "interval": 1})

    def _ciba_token(self, request: Request, exchange: Exchange) -> Response:
        exchange.facts["clientAuthentication"] = authentication = self._authentication(request)
        sign_in = self.grants.find("asked", request.form.get("auth_req_id", ""))
        if authentication in ("none", "wrong"):
            return _error("invalid_client")
        if sign_in is None or sign_in.code_used:
            return _error("invalid_grant")
        self._tie(exchange, sign_in)
        sign_in.polls += 1
        if sign_in.polls <= _POLLS:
            return _error("authorization_pending")
        if exchange.fault is not None and exchange.fault.name == "access_denied":
            sign_in.code_used = True
            return _error("access_denied")
        sign_in.code_used = True
        return self._issued(request, exchange, sign_in)

    def _authentication(self, request: Request) -> str:
        """How the client showed who it is."""
        form, header = request.form, request.header("authorization")
        if header.lower().startswith("basic "):
            try:
                text = base64.b64decode(header[6:], validate=True).decode()
            except (binascii.Error, ValueError):
                return "wrong"
            client, _, given = text.partition(":")
            good = (urllib.parse.unquote(client), urllib.parse.unquote(given)) == (self.client, self.client_secret)
            return "client_secret_basic" if good else "wrong"
        if "client_secret" in form:
            good = (form.get("client_id"), form["client_secret"]) == (self.client, self.client_secret)
            return "client_secret_post" if good else "wrong"
        if request.certificate and form.get("client_id") == self.client:
            return "tls_client_auth"
        return "none"

    @staticmethod
    def _tie(exchange: Exchange, sign_in: SignIn) -> None:
        exchange.facts["signIn"] = sign_in.rank
        exchange.facts["after"] = list(sign_in.after)


def _code_state(sign_in: SignIn | None) -> str:
    if sign_in is None:
        return "unknown"
    if sign_in.code_used:
        return "used"
    return "good" if time.monotonic() < sign_in.code_until else "expired"


def _pkce(sign_in: SignIn, verifier: str) -> str:
    if not sign_in.challenge:
        return "none"
    expected = challenge_of(verifier) if sign_in.challenge_method == "S256" else verifier
    return sign_in.challenge_method if expected == sign_in.challenge else "wrong"


def _session_of(token: str) -> str:
    """The session that an id token names; nothing of it is trusted."""
    parts = token.split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return str(claims["session_state"])
    except (IndexError, ValueError, KeyError, TypeError, RecursionError):
        return ""


def _thumbprint(certificate: str) -> str:
    """x5t#S256 of a client's certificate (RFC 8705 §3.1)."""
    if not certificate:
        return ""
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _json(content: Mapping[str, Any]) -> Response:
    return Response(200, json.dumps(content).encode(), "application/json", {"Cache-Control": "no-store"})


def _error(code: str) -> Response:
    status = 401 if code == "invalid_client" else 400
    return Response(status, json.dumps({"error": code}).encode(), "application/json", {"Cache-Control": "no-store"})


def _page(body: str, status: int = 200) -> Response:
    page = f'<!doctype html><html lang="fr"><meta charset="utf-8"><title>Pro Santé Connect (simulé)</title>{body}'
    return Response(status, page.encode(), "text/html; charset=utf-8")
