"""`dui.toml`: what the editor declares."""

import datetime
import difflib
import json
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dui_conformance.data import profiles_root
from dui_conformance.engine.outcomes import Setting

OPTIONS = (
    "identity_master",
    "reimbursable_acts",
    "calls_insi",
    "receives_identities",
    "hosted",
    "intermediation_platform",
    "application_mailbox",
    "own_accounts",
    "via_trajectoire",
    "mailbox_operator",
    "mailbox_interface",
)


class ManifestError(ValueError):
    """A manifest that cannot be used. `problems`: one sentence per cause, in French and English."""

    def __init__(self, file: str, problems: list[tuple[str, str]]) -> None:
        self.file = file
        self.problems = problems
        super().__init__("; ".join(f"{file}: {english}" for _, english in problems))


@dataclass(frozen=True, slots=True)
class Attestation:
    """A dated document that attests what no export can show. `file` is relative to the manifest."""

    file: str
    date: datetime.date
    expires: datetime.date | None
    attests: tuple[str, ...]
    title: str


@dataclass(frozen=True, slots=True)
class Waiver:
    """An accepted finding: who accepted it, why, until when."""

    rule: str
    subject: str
    fingerprint: str
    reason: str
    owner: str
    expires: datetime.date


@dataclass(frozen=True, slots=True)
class Project:
    """The funding project: `amounts` fills what the scheme leaves unknown, in euros per ESSMS, by line."""

    scheme: str
    essms: int
    already_equipped: bool
    amounts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that the DUI serves and that may be probed. `…_env`: environment variables that hold secrets."""

    name: str
    kind: str
    url: str
    authorised: bool = False
    hosts: tuple[str, ...] = ()
    ca: str = ""
    client_certificate: str = ""
    token_env: str = ""
    expired_token_env: str = ""
    session_env: str = ""
    protected: str = ""
    logout: str = ""
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is declared; an option that is absent from `options` is not declared."""

    folder: Path = Path()
    editor: str = ""
    nie: str = ""
    product: str = ""
    version: str = ""
    nil: str = ""
    wave: int = 1
    referenced: bool = False
    referencing_number: str = ""
    domains: tuple[str, ...] = ()
    options: Mapping[str, bool | str] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    environment: str = ""
    exports: Mapping[str, Setting] = field(default_factory=dict)
    attestations: tuple[Attestation, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    project: Project | None = None
    endpoints: tuple[Endpoint, ...] = ()

    def settings(self) -> dict[str, Setting]:
        """What rules may ask for by name; a name that is absent was not declared."""
        declared: dict[str, Setting] = {
            "nil": self.nil,
            "product": self.product,
            "version": self.version,
            "environment": self.environment,
            **self.exports,
        }
        return {name: value for name, value in declared.items() if value} | {
            "mail_domains": self.exports.get("mail_domains", ())
        }


def load(path: Path) -> Manifest:
    """The manifest of a file. Raises ManifestError with every problem found."""
    try:
        data = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        cause = error.strerror or "?"
        raise ManifestError(path.name, [(f"illisible : {cause}", f"cannot be read: {cause}")]) from error
    except UnicodeDecodeError as error:
        raise ManifestError(path.name, [("n'est pas en UTF-8", "is not UTF-8")]) from error
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(path.name, [(f"TOML invalide : {error}", f"not valid TOML: {error}")]) from error
    return parse(data, path)


def parse(data: dict[str, Any], path: Path) -> Manifest:
    """The manifest of parsed TOML. Raises ManifestError."""
    plain = json.loads(json.dumps(data, default=str))  # TOML dates as ISO text
    problems = list(_problems(plain))
    if problems:
        raise ManifestError(path.name, problems)
    editor, product = plain.get("editor", {}), plain.get("product", {})
    referencing, exports = plain.get("referencing", {}), plain.get("exports", {})
    return Manifest(
        folder=path.parent,
        editor=editor.get("name", ""),
        nie=editor.get("nie", ""),
        product=product.get("name", ""),
        version=product.get("version", ""),
        nil=product.get("nil", ""),
        wave=int(referencing.get("wave", 1)),
        referenced=referencing.get("referenced", False),
        referencing_number=referencing.get("number", ""),
        domains=tuple(plain.get("scope", {}).get("domains", ())),
        options=plain.get("options", {}),
        paths=tuple(exports.get("paths", ())),
        environment=exports.get("environment", ""),
        exports={
            name: tuple(value) if isinstance(value, list) else value
            for name, value in exports.items()
            if name in ("gdpr_notice", "structures", "mail_domains")
        },
        attestations=tuple(_attestation(item) for item in plain.get("attestations", ())),
        waivers=tuple(_waiver(item) for item in plain.get("waivers", ())),
        project=_project(plain.get("funding")),
        endpoints=tuple(_endpoint(item) for item in plain.get("endpoints", ())),
    )


def _problems(data: dict[str, Any]) -> Iterable[tuple[str, str]]:
    from jsonschema import Draft202012Validator

    schema = json.loads((profiles_root() / "schemas" / "manifest.schema.json").read_bytes())
    for error in sorted(Draft202012Validator(schema).iter_errors(data), key=lambda e: list(map(str, e.path))):
        place = ".".join(map(str, error.absolute_path)) or "dui.toml"
        if error.validator == "additionalProperties":
            known = list(error.schema.get("properties", {}))
            for name in sorted(set(error.instance) - set(known)):
                near = difflib.get_close_matches(name, known, 1, 0.5)
                yield (
                    f"« {name} » est inconnu dans {place}" + (f" : vouliez-vous « {near[0]} » ?" if near else ""),
                    f"`{name}` is unknown in {place}" + (f": did you mean `{near[0]}`?" if near else ""),
                )
        elif error.validator == "enum":
            values = ", ".join(map(str, error.validator_value))
            yield (
                f"{place} = {error.instance!r} : les valeurs admises sont {values}",
                f"{place} = {error.instance!r}: the values are {values}",
            )
        elif error.validator == "required":
            missing = ", ".join(sorted(set(error.validator_value) - set(error.instance)))
            yield f"il manque {missing} dans {place}", f"{missing} missing in {place}"
        else:
            yield f"{place} : valeur refusée ({error.instance!r})", f"{place}: {error.message}"
    funding = data.get("funding")
    amounts = funding.get("amounts") if isinstance(funding, dict) else None
    for name, amount in amounts.items() if isinstance(amounts, dict) else ():
        if isinstance(amount, float) and not math.isfinite(amount):  # TOML has nan and inf, JSON Schema lets them by
            yield (
                f"funding.amounts.{name} : valeur refusée ({amount!r})",
                f"funding.amounts.{name}: {amount!r} is not an amount",
            )
    for section in ("attestations", "waivers"):
        items = data.get(section)
        for number, item in enumerate(items if isinstance(items, list) else ()):
            for name in ("date", "expires"):
                value = item.get(name) if isinstance(item, dict) else None
                if isinstance(value, str) and not _is_date(value):
                    yield (
                        f"{section}.{number}.{name} : {value!r} n'est pas une date",
                        f"{section}.{number}.{name}: {value!r} is not a date",
                    )


def _is_date(value: str) -> bool:
    try:
        datetime.date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _attestation(item: dict[str, Any]) -> Attestation:
    expires = item.get("expires")
    return Attestation(
        item["file"],
        datetime.date.fromisoformat(item["date"]),
        datetime.date.fromisoformat(expires) if expires else None,
        tuple(item["attests"]),
        item.get("title", ""),
    )


def _waiver(item: dict[str, Any]) -> Waiver:
    return Waiver(
        item["rule"],
        item.get("subject", "*"),
        item.get("fingerprint", ""),
        item["reason"],
        item["owner"],
        datetime.date.fromisoformat(item["expires"]),
    )


def _endpoint(item: dict[str, Any]) -> Endpoint:
    plain: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in item.items()}
    return Endpoint(**{"name": f"{item['kind']} {item['url']}", **plain})


def _project(data: dict[str, Any] | None) -> Project | None:
    if data is None:
        return None
    return Project(data["scheme"], int(data["essms"]), data.get("already_equipped", False), data.get("amounts", {}))
