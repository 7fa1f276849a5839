"""Every check that the facts list is a rule, or has a written reason why no file can show it.

`row` of a rule: rows 1 to 79 of the CI-SIS header (structuration minimale, as the ANS kit testContenuCDA judges it).
`fact` of a rule: the names of the check lists on XDS metadata, XDM archives, MSSanté mails, INS and identifiers.
"""

from collections.abc import Mapping

import pytest

from dui_conformance.rules import catalogue

ROWS: dict[int, list[str]] = {}
FACTS: dict[str, list[str]] = {}
for _path, _family in catalogue.sources():
    for _rule in _family["rules"]:
        for _row in _rule.get("row", ()):
            ROWS.setdefault(_row, []).append(_rule["id"])
        for _fact in _rule.get("fact", ()):
            FACTS.setdefault(_fact, []).append(_rule["id"])

# rows that no rule names, because other rows or lists hold what they say
ROWS_ELSEWHERE: Mapping[int, tuple[str, tuple[int, ...], tuple[str, ...]]] = {
    23: (
        "what the kit does not look at in an INS: the rules of the list INS",
        (),
        ("INS-FORMAT", "INS-KEY", "INS-COG"),
    ),
    24: ("address and telecom of the patient: the types of rows 70 to 73, wherever they occur", (70, 71, 72, 73), ()),
}

METADATA = """DMP-META-REQUIRED DMP-META-UNKNOWN-SCHEME DMP-HASH-MATCH DMP-SIZE-MATCH DMP-UNIQUEID-CDA DMP-UNIQUEID-OID
DMP-CREATIONTIME-UTC DMP-SERVICETIME DMP-PATIENTID-CX DMP-PATIENTID-CONSISTENT DMP-INS-TEST-IN-PROD DMP-SPI-TRAITS
DMP-AUTHOR-XCN DMP-AUTHOR-XON DMP-AUTHOR-SPECIALTY DMP-LEGALAUTH DMP-TYPECODE-J07 DMP-CLASSCODE-MAP
DMP-FORMATCODE-LEVEL DMP-FACILITY-J02 DMP-PRACTICE-J04 DMP-CONF-FIRST-N DMP-CONF-MASKS DMP-LANG DMP-MIME
DMP-SS-ONE-PATIENT DMP-ASSOC-HASMEMBER DMP-ASSOC-RPLC DMP-SIG-PRESENT"""
ARCHIVE = """XDM-ZIP-NAME XDM-ZIP-SAFE XDM-LAYOUT XDM-NAME-83 XDM-README-CONTENT XDM-README-ASCII XDM-INDEX-LINK
XDM-META-WELLFORMED XDM-META-URI XDM-HASH XDM-SIZE XDM-REGOBJ XDM-CDA-META XDM-ONE-PATIENT XDM-EXTRA-ACTION
XDM-DUP-DOC"""
MAIL = """MSS-SUBJECT-XDM MSS-SUBJECT-LABEL MSS-SUBJECT-NAME MSS-SUBJECT-ENCODED MSS-ATTACH-PAIR MSS-PDFA1 MSS-PDF-NAME
MSS-PDF-N1-EQUAL MSS-PDF-N3-HEADER MSS-ONE-USER MSS-HDR-CODECDA MSS-HDR-INS MSS-HDR-NIL MSS-HDR-MSGID MSS-REPLY-THREAD
MSS-UTF8 MSS-BODY-TYPE MSS-FROM-NAME MSS-REPLYTO-APP MSS-ADDR-DOMAIN MSS-PATIENT-ADDR MSS-PATIENT-25MB MSS-PATIENT-FIN
MSS-MASKS MSS-PRO-AND-PATIENT MSS-DSN-ASK MSS-MDN-FORM MSS-MDN-ONLY-IF-ASKED MSS-MDN-CODE MSS-MDN-LOOP MSS-RECV-MATCH
MSS-RECV-TAMPER"""
INS = """INS-FORMAT INS-KEY INS-OID INS-NEVER-ALONE INS-ONLY-QUALIFIED INS-STATUS-COHERENT INS-TRAITS-COMPLETE
INS-NAME-CHARSET INS-GIVEN-CHARSET INS-GIVEN-LIST INS-DATE-VALID INS-COG INS-SEX INS-NIR-COHERENT INS-CDA-QUALIFIERS
INS-DM-HEADER INS-DM-BLOCKS INS-DM-GS INS-DM-EQUAL INS-DM-PRESENT INS-HISTO-KEPT INSI-SOAP"""
IDENTIFIERS = """ID-RPPS-FORM ID-RPPS-LUHN ID-FINESS-FORM ID-FINESS-LUHN ID-SIREN-LUHN ID-SIRET-LUHN ID-SIRET-SIREN
ID-PSIDNAT ID-STRUCT ID-PREFIX-SWAP ID-OID-CONTEXT ID-STRUCT-DECLARED ID-OID-SYNTAX"""
HL7 = """HL7-PARSE HL7-PROFILE HL7-CHARSET HL7-PID-CDA HL7-INS-VALI HL7-ORC-COHERENCE HL7-OBR4-J07 HL7-TXA12-CDAID
HL7-OBX1-BASE64 HL7-FLAGS-ORDER HL7-FLAGS-MATRIX HL7-PRT-ROLES HL7-ACK HL7-ZAM"""
PSC = """PSC-DISCOVERY PSC-AUTHZ-PARAMS PSC-ACR PSC-PKCE PSC-STATE-CHECK PSC-NONCE-CHECK PSC-IDTOKEN-SIG
PSC-IDTOKEN-AUD PSC-IDTOKEN-EXP PSC-IDTOKEN-ISS PSC-SECRET-SERVER PSC-NO-CORS PSC-BACKCHANNEL-MTLS PSC-REFRESH
PSC-LOGOUT PSC-USERINFO-ID PSC-ERROR"""
LISTS = {
    "metadata": METADATA,
    "archive": ARCHIVE,
    "mail": MAIL,
    "ins": INS,
    "identifiers": IDENTIFIERS,
    "hl7v2": HL7,
    "psc": PSC,
}

# names that a row of the header already says: the row must be covered
SAID_BY_ROWS: Mapping[str, int] = {"INS-TRAITS-COMPLETE": 22}

# what no exported file shows, and why
NOT_IN_FILES: Mapping[str, str] = {
    "MSS-DSN-ASK": "NOTIFY is a parameter of the SMTP envelope; an exported mail does not keep it",
    "MSS-RECV-MATCH": "what the software does with a mail it receives is shown by sending it one",
    "MSS-RECV-TAMPER": "what the software does with a tampered archive is shown by sending it one",
    "INS-ONLY-QUALIFIED": "the status of the identity is in the software alone; no document format carries it",
    "INS-STATUS-COHERENT": "the status of the identity is in the software alone; no document format carries it",
    "INS-HISTO-KEPT": "the history of matricules is in the software alone",
    "PSC-USERINFO-ID": "which account the software opens is seen at the screen: the scenario psc-connexion asks it",
    "INSI-SOAP": "the calls to INSi are seen by who answers them",
}
# what files show and this version does not look at, and why; the requirement stays to be attested in part
NOT_YET: Mapping[str, str] = {}


def test_every_row_of_the_header_is_judged() -> None:
    assert set(ROWS) <= set(range(1, 80))
    missing = set(range(1, 80)) - set(ROWS) - set(ROWS_ELSEWHERE)
    assert not missing, f"rows that no rule judges: {sorted(missing)}"


@pytest.mark.parametrize("row", ROWS_ELSEWHERE)
def test_a_row_said_elsewhere_is_judged_there(row: int) -> None:
    why, rows, facts = ROWS_ELSEWHERE[row]
    assert why
    assert set(rows) <= set(ROWS)
    assert set(facts) <= set(FACTS)
    assert row not in ROWS, "this row has a rule of its own now: take it out of the table"


@pytest.mark.parametrize("name", LISTS)
def test_every_check_of_a_list_is_a_rule_or_has_a_reason(name: str) -> None:
    missing = set(LISTS[name].split()) - set(FACTS) - set(NOT_IN_FILES) - set(NOT_YET) - set(SAID_BY_ROWS)
    assert not missing, f"checks that no rule makes: {sorted(missing)}"


def test_a_reason_is_not_kept_for_what_is_judged() -> None:
    stale = (set(NOT_IN_FILES) | set(NOT_YET) | set(SAID_BY_ROWS)) & set(FACTS)
    assert not stale, f"these have rules now: take them out of the tables: {sorted(stale)}"
    assert set(SAID_BY_ROWS.values()) <= set(ROWS)


def test_no_rule_names_a_check_that_is_in_no_list() -> None:
    known = {name for names in LISTS.values() for name in names.split()}
    # rules of later sections, which files show already in part
    known |= {"DMP-DELETE-FORM", "DMP-INS-QUALIFIED", "DMP-SIG-DIGESTS", "DMP-SIG-ALG"}
    unknown = {name: rules for name, rules in FACTS.items() if name not in known and not name.startswith("EX_")}
    assert not unknown, f"misspelt, or missing here: {unknown}"
