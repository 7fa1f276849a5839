"""PDF/A-1 as veraPDF, the reference validator, judges it (ISO 19005-1), where it is asked for."""

from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict, check, review

ABSENT = "absent"  # what stands for the version of a veraPDF that is asked for and not there


def verapdf_agrees(compliant: str, profile: str, version: str) -> Verdict:
    """veraPDF finds that the file follows the part of PDF/A that it declares."""
    return check(compliant == "true", version=version, profile=profile)


def verapdf_is_there(version: str) -> Verdict:
    """It was asked for, and can be run."""
    return review() if version == ABSENT else PASSED


def verapdf_answers(version: str, compliant: str, cause: str) -> Verdict:
    """It was run, and gave a verdict in time."""
    if version == ABSENT:
        return NOT_APPLICABLE
    return PASSED if compliant else review(version=version, cause=cause or "report")
