"""A CDA document that a FHIR DocumentReference carries, against the Patient that this reference names.

Clauses: R4 §10.3, DocumentReference.subject (who the document is about); TDDUI 2.4.0 and TDDUI CDA 1.0.1,
DocumentReference.subject and content.attachment.data.
"""

from dui_conformance.checks.metadata_cda import told
from dui_conformance.checks.verdict import NOT_APPLICABLE, Verdict, check


def matricule_is_that_of_document(patient: tuple[str, ...], document: tuple[str, ...]) -> Verdict:
    """The document bears an INS of the Patient; without one on either side there is nothing to compare.

    Which OID holds a matricule (NIR, NIA, tests) is the business of other rules.
    """
    wanted, found = _bare(patient), _bare(document)
    if not wanted or not found:
        return NOT_APPLICABLE
    return check(bool(wanted & found), found=", ".join(sorted(found)), expected=", ".join(sorted(wanted)))


def _bare(matricules: tuple[str, ...]) -> set[str]:
    return {"".join(value.split()) for value in matricules if value.strip()}


def person_is_that_of_document(
    matricules: tuple[str, ...],
    document_matricules: tuple[str, ...],
    families: tuple[str, ...],
    document_families: tuple[str, ...],
    birth: str,
    document_birth: str,
) -> Verdict:
    """Where no INS can be compared, the day of birth and a family name are those of the Patient.

    `birth` is YYYY-MM-DD as FHIR writes it, `document_birth` YYYYMMDD; what either side does not say is not compared.
    """
    if _bare(matricules) and _bare(document_matricules):
        return NOT_APPLICABLE  # the matricules say it
    born = "".join(birth.split("-"))
    told_here, told_there = {told(name) for name in families} - {""}, {told(name) for name in document_families} - {""}
    if len(born) == 8 and len(document_birth) >= 8 and born != document_birth[:8]:
        return check(False, found=document_birth[:8], expected=born)
    if told_here and told_there and not told_here & told_there:
        return check(False, found=" / ".join(document_families), expected=" / ".join(families))
    return check(True) if (born and document_birth) or (told_here and told_there) else NOT_APPLICABLE


def declares_its_model(template: str, declared: tuple[str, ...]) -> Verdict:
    """The document bears the templateId of its model (TDDUI CDA 1.0.1, ClinicalDocument/templateId)."""
    return check(template in declared)
