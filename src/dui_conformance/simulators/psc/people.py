"""The invented professionals who sign in: RPPS begin with 999, as in the fixtures; none exists."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dui_conformance.simulators.service import TestIdentity
from dui_conformance.text import Text

_STRUCTURE = "1539990010"
_COMPANY = "EHPAD LES GLYCINES"


@dataclass(frozen=True, slots=True)
class Professional:
    """`profession`: code of TRE_G15; `know_how`: code of TRE_R38 for doctors, empty otherwise."""

    rpps: str
    family: str
    given: str
    profession: str
    title: str
    know_how: str = ""
    know_how_type: str = ""

    @property
    def national_id(self) -> str:
        """PS_IdNat: 8 + RPPS (dmp-mssante H)."""
        return f"8{self.rpps}"

    def claims(self, issuer_realm: str) -> dict[str, Any]:
        """The answer of userinfo (dmp-mssante G)."""
        exercise = {
            "codeProfession": self.profession,
            "codeCategorieProfessionnelle": "C",
            "codeCiviliteDexercice": self.title,
            "nomDexercice": self.family,
            "prenomDexercice": self.given,
            "codeTypeSavoirFaire": self.know_how_type,
            "codeSavoirFaire": self.know_how,
            "activities": [
                {
                    "codeModeExercice": "S",
                    "codeSecteurDactivite": "SA17",
                    "codeRole": "",
                    "numeroFinessSite": _STRUCTURE[1:],
                    "identifiantTechniqueDeLaStructure": _STRUCTURE,
                    "raisonSocialeSite": _COMPANY,
                }
            ],
        }
        return {
            "sub": f"f:{issuer_realm}:{self.national_id}",
            "SubjectNameID": self.national_id,
            "preferred_username": self.national_id,
            "given_name": self.given,
            "family_name": self.family,
            "Secteur_Activite": "SA17^1.2.250.1.71.4.2.4",
            "SubjectOrganization": _COMPANY,
            "SubjectOrganizationID": _STRUCTURE,
            "SubjectRole": [f"{self.profession}^1.2.250.1.213.1.1.5.5"],
            "SubjectRefPro": {"codeCivilite": self.title, "exercices": [exercise]},
            "UITVersion": "1.0",
            "Palier_Authentification": "APPPRIP3^1.2.250.1.213.1.5.1.1.1",
            "otherIds": [{"identifiant": self.national_id, "origine": "RPPS", "qualite": 1}],
        }

    def identity(self) -> TestIdentity:
        """What the command line prints."""
        who = Text(f"Pro Santé Connect : {self.given} {self.family}", f"Pro Santé Connect: {self.given} {self.family}")
        values: Mapping[str, str] = {"login_hint": self.national_id, "RPPS": self.rpps}
        return TestIdentity(who, values)


PROFESSIONALS = (
    Professional("99900000110", "VERNEUIL", "Camille", "10", "MME", "SM26", "S"),
    Professional("99900000128", "ROUSSILHE", "Tristan", "60", "M"),
    Professional("99900000136", "AUBRESSAC", "Inès", "60", "MME"),
)
BY_ID: Mapping[str, Professional] = {who.national_id: who for who in PROFESSIONALS}
