"""Pro Santé Connect, driven by Authlib, a client that nobody here wrote."""

import os
import shutil
import socket
import subprocess
import tempfile
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import KeySet
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from dui_conformance.engine.evaluate import evaluate
from dui_conformance.engine.plan import plan
from dui_conformance.rules import catalogue
from dui_conformance.simulators.faults import Fault
from dui_conformance.simulators.psc.people import PROFESSIONALS
from dui_conformance.simulators.scenario import Served, Wanted, free
from dui_conformance.simulators.session import Session
from tests.places import READY, settings_of
from tests.simulators.recorded import exchanges, said

Playing = Callable[..., Session]
_RETURN = "https://dui.example/retour"
_VERIFIER = "un-verificateur-de-quarante-trois-signes-au-moins"
_WHO = PROFESSIONALS[0]


class Client:
    """An Authlib client, configured by what the session tells and the discovery document says."""

    def __init__(self, session: Session, **more: Any) -> None:
        told = session.variables
        self.http = OAuth2Session(
            told["DUI_PSC_CLIENT_ID"],
            told["DUI_PSC_CLIENT_SECRET"],
            scope="openid scope_all",
            redirect_uri=_RETURN,
            **{"token_endpoint_auth_method": "client_secret_basic", **more},
        )
        self.http.trust_env = False
        self.http.verify = told["DUI_CA_FILE"]
        self.http.cert = told["DUI_CLIENT_CERTIFICATE_FILE"]
        self.at = self.http.get(told["DUI_PSC_DISCOVERY_URL"], withhold_token=True).json()

    def sign_in(self) -> dict[str, Any]:
        address, state = self.http.create_authorization_url(
            self.at["authorization_endpoint"],
            acr_values="eidas1",
            nonce="n" * 20 + "0123456789abcdef",
            state="0123456789abcdef0123456789abcdef",
            code_challenge=create_s256_code_challenge(_VERIFIER),
            code_challenge_method="S256",
            login_hint=_WHO.national_id,
        )
        back = self.http.get(address, allow_redirects=False, withhold_token=True).headers["Location"]
        token: dict[str, Any] = self.http.fetch_token(
            self.at["token_endpoint"], authorization_response=back, state=state, code_verifier=_VERIFIER
        )
        return token


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_whole_sign_in_of_others_is_silent(method: str, playing: Playing) -> None:
    session = playing(mode="strict")
    client = Client(session, token_endpoint_auth_method=method)
    token = client.sign_in()
    keys = KeySet.import_key_set(client.http.get(client.at["jwks_uri"], withhold_token=True).json())
    claims = jwt.decode(token["id_token"], keys, algorithms=["RS256"]).claims
    assert (claims["iss"], claims["aud"]) == (client.at["issuer"], session.variables["DUI_PSC_CLIENT_ID"])
    assert client.http.get(client.at["userinfo_endpoint"]).json()["SubjectNameID"] == _WHO.national_id
    told = client.http.introspect_token(client.at["introspection_endpoint"], token=token["access_token"]).json()
    assert (told["active"], told["SubjectNameID"], told["acr"]) == (True, _WHO.national_id, "eidas1")
    renewed = client.http.refresh_token(client.at["token_endpoint"])
    assert renewed["access_token"] != token["access_token"]
    left = {"id_token_hint": token["id_token"], "post_logout_redirect_uri": _RETURN, "state": "s"}
    out = client.http.get(client.at["end_session_endpoint"], params=left, allow_redirects=False, withhold_token=True)
    assert out.headers["Location"] == f"{_RETURN}?state=s"
    over = client.http.introspect_token(client.at["introspection_endpoint"], token=renewed["access_token"]).json()
    assert over == {"active": False}
    session.stop()
    recorded = exchanges(session.settings.folder)
    assert [said(one, "@operation") for one in recorded] == (
        "discovery authorize token certs userinfo introspect refresh logout introspect".split()
    )
    made = plan(catalogue.load(), settings_of(READY / "dui.toml"))
    assert [finding.rule for one in recorded for finding in evaluate(one, made).findings] == []


@pytest.mark.parametrize("fault", ["wrong_state", "no_state"])
def test_authlib_gives_up_at_a_state_that_is_not_its_own(fault: str, playing: Playing) -> None:
    from authlib.oauth2.rfc6749.errors import MismatchingStateException

    session = playing(scenario=free(("psc",), (Served(Wanted("psc", "authorize"), Fault(fault)),)))
    with pytest.raises(MismatchingStateException):
        Client(session).sign_in()


@pytest.mark.parametrize(
    ("fault", "told"),
    [("bad_signature", "bad_signature"), ("alg_none", "none"), ("wrong_audience", "aud"), ("wrong_issuer", "iss"),
     ("expired_id_token", "expired"), ("wrong_nonce", "nonce"), ("no_nonce", "nonce")],
)  # fmt: skip
def test_each_tampered_token_is_what_its_name_says(fault: str, told: str, playing: Playing) -> None:
    """Refused by joserfc's verifier, for the claim that was tampered with and no other."""
    from joserfc.errors import JoseError

    session = playing(scenario=free(("psc",), (Served(Wanted("psc", "token"), Fault(fault)),)))
    client = Client(session)
    token = client.sign_in()["id_token"]
    keys = KeySet.import_key_set(client.http.get(client.at["jwks_uri"], withhold_token=True).json())
    asked = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": client.at["issuer"]},
        aud={"essential": True, "value": session.variables["DUI_PSC_CLIENT_ID"]},
        nonce={"essential": True, "value": "n" * 20 + "0123456789abcdef"},
        exp={"essential": True},
    )
    with pytest.raises((JoseError, ValueError)) as error:
        asked.validate(jwt.decode(token, keys, algorithms=["RS256"]).claims)
    assert told in str(error.value).lower()


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"acr_values": "eidas2"}, "invalid_request"),
        ({"client_id": "un-autre"}, "unauthorized_client"),
    ],
)
def test_strict_refuses_as_the_provider_does(
    wrong: dict[str, str], error: str, playing: Playing, client: Callable[[Session], requests.Session]
) -> None:
    session = playing(mode="strict")
    told = session.variables
    asked = {
        "response_type": "code", "client_id": told["DUI_PSC_CLIENT_ID"], "redirect_uri": _RETURN,
        "scope": "openid scope_all", "acr_values": "eidas1", "state": "s",
    } | wrong  # fmt: skip
    address = told["DUI_PSC_ISSUER"].partition("/auth/")[0] + "/auth"
    back = client(session).get(address, params=asked, allow_redirects=False).headers["Location"]
    assert urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["error"] == [error]


def test_a_person_chooses_at_the_screen(playing: Playing, client: Callable[[Session], requests.Session]) -> None:
    import html
    import re

    session = playing()
    http = client(session)
    base = session.variables["DUI_PSC_ISSUER"].partition("/auth/")[0]
    page = http.get(f"{base}/auth", params={"redirect_uri": _RETURN, "client_id": "x", "state": "s"}).text
    links = [html.unescape(link) for link in re.findall(r'href="([^"]+)"', page)]
    assert len(links) == len(PROFESSIONALS) + 1
    chosen, refused = (http.get(base + links[at], allow_redirects=False).headers["Location"] for at in (0, -1))
    assert "code=" in chosen
    assert "error=access_denied" in refused


def test_a_code_is_good_once_and_a_bound_token_is_for_its_certificate(playing: Playing) -> None:
    from authlib.integrations.base_client.errors import OAuthError

    session = playing()
    client = Client(session)
    token = client.sign_in()
    with pytest.raises(OAuthError, match="invalid_grant"):
        client.http.fetch_token(client.at["token_endpoint"], code="inconnu", code_verifier=_VERIFIER)
    client.http.token = token
    client.http.cert = None
    client.http.get(client.at["userinfo_endpoint"], headers={"Connection": "close"})
    session.stop()
    states = [said(one, "facts/fact[@name='token']") for one in exchanges(session.settings.folder)]
    assert "bound_elsewhere" in states


@pytest.fixture
def readable() -> Iterator[Path]:
    """A folder that the account of a web server may read."""
    folder = Path(tempfile.mkdtemp(prefix="dui-conformance-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


_MODULES = Path("/usr/lib/apache2/modules")


@pytest.mark.skipif(
    shutil.which("apache2") is None or not (_MODULES / "mod_auth_openidc.so").exists(),
    reason="needs apache2 and libapache2-mod-auth-openidc",
)
def test_apache_signs_in(playing: Playing, readable: Path) -> None:
    """mod_auth_openidc as the DUI: it discovers, signs in, verifies the token and shows who it is."""
    session = playing()
    told = session.variables
    with socket.create_server(("127.0.0.1", 0)) as free_port:
        port = free_port.getsockname()[1]
    (readable / "index.html").write_text("bonjour", encoding="utf-8")
    shutil.copyfile(told["DUI_CA_FILE"], readable / "ac.pem")
    modules = "mpm_event authz_core authn_core authz_user dir headers auth_openidc".split()
    lines = [
        f"ServerRoot {readable}",
        *(("User www-data", "Group www-data") if os.getuid() == 0 else ()),
        f"Listen 127.0.0.1:{port}",
        "ServerName localhost",
        f"PidFile {readable}/pid",
        f"ErrorLog {readable}/error.log",
        f"DefaultRuntimeDir {readable}",
        *(f"LoadModule {module}_module {_MODULES}/mod_{module}.so" for module in modules),
        f"DocumentRoot {readable}",
        f"OIDCProviderMetadataURL {told['DUI_PSC_DISCOVERY_URL']}",
        f"OIDCClientID {told['DUI_PSC_CLIENT_ID']}",
        f"OIDCClientSecret {told['DUI_PSC_CLIENT_SECRET']}",
        f"OIDCRedirectURI http://localhost:{port}/retour",
        'OIDCScope "openid scope_all"',
        f"OIDCAuthRequestParams acr_values=eidas1&login_hint={_WHO.national_id}",
        "OIDCPKCEMethod S256",
        "OIDCCryptoPassphrase essai",
        f"OIDCCABundlePath {readable}/ac.pem",
        "OIDCRemoteUserClaim SubjectNameID",
        f"<Directory {readable}>",
        "AuthType openid-connect",
        "Require valid-user",
        'Header set X-Qui "expr=%{REMOTE_USER}"',
        "</Directory>",
    ]
    (readable / "apache.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    running = subprocess.Popen(["apache2", "-f", str(readable / "apache.conf"), "-DFOREGROUND"])
    try:
        http = requests.Session()
        http.trust_env = False
        http.verify = told["DUI_CA_FILE"]
        http.mount("http://", HTTPAdapter(max_retries=Retry(8, backoff_factor=0.05)))
        shown = http.get(f"http://localhost:{port}/index.html", timeout=20)
        assert shown.text == "bonjour", (readable / "error.log").read_text(encoding="utf-8")
        assert shown.headers["X-Qui"].startswith(_WHO.national_id)
    finally:
        running.terminate()
        running.wait(20)
    session.stop()
    recorded = exchanges(session.settings.folder)
    made = plan(catalogue.load(), settings_of(READY / "dui.toml"))
    spoke = {finding.rule for one in recorded for finding in evaluate(one, made).findings}
    assert spoke == {"PSC-010"}, "no client certificate is presented, and nothing else is wrong"
    assert {"authorize", "token", "userinfo"} <= {said(one, "@operation") for one in recorded}
