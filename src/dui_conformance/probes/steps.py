"""What a probe sends to each kind of endpoint, told before anything is sent (`--dry-run`)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from dui_conformance.probes import bundles
from dui_conformance.probes.targets import Target
from dui_conformance.text import Text

Credentials = Literal["own", "none", "forged", "unsigned", "expired", "tampered", "session"]
Expectation = Literal["success", "refused", "rejected", "closed"]


@dataclass(frozen=True, slots=True)
class Step:
    """One request. `expects`: `refused` for want of rights, `rejected` for its content, `closed` after a logout."""

    operation: str
    title: Text
    method: str
    path: str
    credentials: Credentials
    expects: Expectation
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    entries: int = 0


_WITHOUT = {
    "anonymous": ("none", Text("sans authentification", "without authentication")),
    "forged-token": ("forged", Text("avec un jeton à la signature inventée", "with a token of invented signature")),
    "unsigned-token": (
        "unsigned",
        Text("avec un jeton sans signature (alg none)", "with an unsigned token (alg none)"),
    ),
    "expired-token": ("expired", Text("avec un jeton expiré", "with an expired token")),
    "tampered-token": ("tampered", Text("avec un jeton modifié", "with a token that was changed")),
}


def steps(target: Target) -> list[Step]:
    """The requests for a target, in order."""
    if target.kind == "web":
        return list(_web(target))
    return list(_fhir(target))


def _fhir(target: Target) -> Iterator[Step]:
    accept = {"Accept": bundles.JSON}
    yield Step(
        "capability",
        Text("lire la déclaration de capacité", "read the capability statement"),
        "GET",
        "metadata",
        "own",
        "success",
        headers=accept,
    )
    consumer = target.kind == "tddui-consumer"
    method, path = ("POST", "") if consumer else ("GET", target.protected)
    body = bundles.empty() if consumer else b""
    headers = {**accept, "Content-Type": bundles.JSON} if consumer else accept
    yield from _refusals(target, method, path, body, headers)
    if not consumer:
        yield Step(
            "read",
            Text("lire avec authentification", "read, authenticated"),
            "GET",
            path,
            "own",
            "success",
            headers=accept,
        )
        return
    for sent in bundles.bodies():
        expects: Expectation = "success" if sent.operation == "bundle-good" else "rejected"
        yield Step(sent.operation, sent.title, "POST", "", "own", expects, sent.body, headers, sent.entries)


def _refusals(target: Target, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Iterator[Step]:
    for operation, (credentials, title) in _WITHOUT.items():
        if (credentials == "expired" and not target.expired) or (credentials == "tampered" and not target.token):
            continue
        yield Step(operation, title, method, path, credentials, "refused", body, headers)  # type: ignore[arg-type]


def _web(target: Target) -> Iterator[Step]:
    yield Step("front", Text("ouvrir la page d'accueil", "open the front page"), "GET", "", "none", "success")
    if not target.protected:
        return
    page = target.protected
    yield Step(
        "anonymous", Text("page protégée, sans session", "protected page, no session"), "GET", page, "none", "refused"
    )
    if not target.session:
        return
    yield Step(
        "session",
        Text("page protégée, avec la session", "protected page, with the session"),
        "GET",
        page,
        "session",
        "success",
    )
    if target.logout:
        yield Step("logout", Text("fermer la session", "end the session"), "GET", target.logout, "session", "success")
        yield Step(
            "after-logout",
            Text("page protégée, session fermée", "protected page, session ended"),
            "GET",
            page,
            "session",
            "closed",
        )


def not_tried(target: Target) -> Iterator[tuple[str, Text]]:
    """What a probe does not try, and why: for want of something that the manifest may declare, or of time."""
    if target.token or target.session:
        yield (
            "idle-timeout",
            Text(
                "fermeture après inactivité : une sonde n'attend pas deux heures",
                "closing after idleness: a probe does not wait for two hours",
            ),
        )
    if target.kind == "web":
        if not target.protected:
            yield "authentication", _undeclared("authentification", "authentication", "protected")
        elif not target.session:
            yield "logout", _undeclared("fermeture de session", "end of session", "session_env")
        elif not target.logout:
            yield "logout", _undeclared("fermeture de session", "end of session", "logout")
        return
    if not target.expired:
        yield "expired-token", _undeclared("jeton expiré", "expired token", "expired_token_env")
    if not target.token:
        yield "tampered-token", _undeclared("jeton modifié", "token that was changed", "token_env")


def _undeclared(french: str, english: str, name: str) -> Text:
    return Text(f"{french} : {name} n'est pas déclaré, ou est vide", f"{english}: {name} is not declared, or empty")
