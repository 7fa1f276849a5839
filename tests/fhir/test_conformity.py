"""A profile asked of a value in several ways: judged once, told once, counted once."""

from tests.fhir.building import CORE, OBSERVATION, PATIENT, changed, english, profile, told, validate, validator
from tests.fhir.test_profiles import ADULT, bundle, slicing

TWINS = profile("Bundle", [
    {"path": "Bundle.entry", **slicing("profile", "resource")},
    *(
        element
        for name in ("adult", "named")
        for element in (
            {"id": f"Bundle.entry:{name}", "path": "Bundle.entry", "sliceName": name},
            {"id": f"Bundle.entry:{name}.resource", "path": "Bundle.entry.resource",
             "type": [{"code": "Patient", "profile": [f"http://test/{name}"]}]},
        )
    ),
])  # fmt: skip
NAMED = profile("Patient", [{"path": "Patient.name", "min": 1}], "http://test/named")


def test_a_claim_tells_the_slice_where_two_profiles_are_met() -> None:
    both = validate(bundle(PATIENT), TWINS, ADULT, NAMED)
    assert told(both, "warning") == [("FHIR-SLICE-SEVERAL", "Bundle.entry[0]")]
    claims = changed(PATIENT, "meta", {"profile": ["http://test/named"]})
    assert told(validate(bundle(claims), TWINS, ADULT, NAMED), "warning") == []
    broken = changed(changed(claims, "name", ...), "meta", {"profile": ["http://test/named"]})
    assert told(validate(bundle(broken), TWINS, ADULT, NAMED)) == [
        ("FHIR-CARDINALITY-MIN", "Bundle.entry[0].resource")
    ]  # of the claim: the entry goes to the other slice


def test_a_resource_of_no_slice_is_told_which_one_it_comes_near() -> None:
    """Slicing is open: it may stand. Without a claim, nothing else would say what it was meant to be."""
    stranger = changed(changed(PATIENT, "contact", ...), "name", ...)
    result = validate(bundle(stranger), TWINS, ADULT, NAMED)
    assert told(result) == []
    assert told(result, "warning") == [("FHIR-SLICE-UNMATCHED", "Bundle.entry[0]")]
    assert "adult" in english(result)
    assert "contact" in english(result)
    assert told(validate(bundle(OBSERVATION), TWINS, ADULT, NAMED), "warning") == []  # no slice is for its type
    claims = {**stranger, "meta": {"profile": ["http://test/named"]}}
    assert told(validate(bundle(claims), TWINS, ADULT, NAMED), "warning") == []  # its claim says it


def test_one_profile_asked_for_in_several_ways_is_told_once() -> None:
    """By the slice of the entry, by the claim and by a reference to it: one error there, one at the reference."""
    lonely = {**changed(PATIENT, "contact", ...), "meta": {"profile": ["http://test/adult"]}}
    about = profile("Observation", [
        {"path": "Observation.subject", "type": [{"code": "Reference", "targetProfile": ["http://test/adult"]}]},
    ], "http://test/about")  # fmt: skip
    measure = {**OBSERVATION, "meta": {"profile": ["http://test/about"]}, "id": "o1"}
    held = bundle(lonely, measure)
    held["entry"][1]["resource"] = {**measure, "subject": {"reference": held["entry"][0]["fullUrl"]}}
    result = validate(held, TWINS, ADULT, about, NAMED)
    assert told(result) == [
        ("FHIR-CARDINALITY-MIN", "Bundle.entry[0].resource"),
        ("FHIR-REFERENCE-TARGET-PROFILE", "Bundle.entry[1].resource.subject"),
    ]


def test_a_chain_of_references_blames_the_first_fault_alone() -> None:
    """What an entry refers to may refer on: only the reference straight to the fault is told."""
    linked = profile("Observation", [
        {"path": "Observation.status", "patternCode": "final"},
        {"path": "Observation.hasMember",
         "type": [{"code": "Reference", "targetProfile": ["http://test/linked"]}]},
    ], "http://test/linked")  # fmt: skip
    chain = [{**OBSERVATION, "id": f"o{n}", "meta": {"profile": ["http://test/linked"]}} for n in range(40)]
    chain[-1] = {**chain[-1], "status": "amended"}
    held = bundle(*chain)
    for n in range(39):
        following = {"reference": held["entry"][n + 1]["fullUrl"]}
        held["entry"][n]["resource"] = {**held["entry"][n]["resource"], "hasMember": [following]}
    assert told(validate(held, linked, profiles=[])) == [
        ("FHIR-REFERENCE-TARGET-PROFILE", "Bundle.entry[38].resource.hasMember[0]"),
        ("FHIR-PATTERN-DIFFERS", "Bundle.entry[39].resource.status"),
    ]


def test_an_extension_that_a_primitive_must_carry() -> None:
    asks = profile("Patient", [
        {"path": "Patient.birthDate.extension", **slicing("value", "url")},
        {"id": "Patient.birthDate.extension:time", "path": "Patient.birthDate.extension", "sliceName": "time", "min": 1,
         "type": [{"code": "Extension", "profile": [CORE + "patient-birthTime"]}]},
    ])  # fmt: skip
    assert told(validate(PATIENT, asks)) == []
    missing = [("FHIR-SLICE-MISSING", "Patient.birthDate")]
    assert told(validate(changed(PATIENT, "_birthDate", ...), asks)) == missing  # no sibling at all
    assert told(validate(changed(PATIENT, "_birthDate", {"id": "d"}), asks)) == missing
    without = changed(changed(PATIENT, "_birthDate", ...), "birthDate", ...)
    assert told(validate(without, asks)) == []  # nothing to carry it


def test_a_profile_of_its_type_is_asked_of_entries_too() -> None:
    asked = validator(ADULT)
    lonely = changed(PATIENT, "contact", ...)
    result = asked.validate(bundle(lonely, OBSERVATION), of_their_type=["http://test/adult"])
    assert told(result) == [("FHIR-CARDINALITY-MIN", "Bundle.entry[0].resource")]
    assert result.unapplied == ()
    assert asked.validate(OBSERVATION, of_their_type=["http://test/adult"]).unapplied == ("http://test/adult",)


def test_an_element_that_the_type_has_not_is_listed() -> None:
    wrong = profile("Patient", [{"path": "Patient.nom", "min": 1}, {"path": "Patient.name.familly", "min": 1}])
    result = validate(PATIENT, wrong)
    assert told(result) == []
    assert [n.subject for n in result.not_checked if n.kind == "profile"] == [
        "http://test/profile Patient.nom", "http://test/profile Patient.name.familly",
    ]  # fmt: skip


def test_what_cannot_be_checked_is_counted_once_for_each_place() -> None:
    """Two profiles ask the same of one code: it is one code."""
    bound = {"strength": "required", "valueSet": "http://test/unknown"}
    rows = [{"path": "Observation.code", "binding": bound}]
    claims = {**OBSERVATION, "meta": {"profile": ["http://test/one", "http://test/two"]}}
    result = validate(
        claims, profile("Observation", rows, "http://test/one"), profile("Observation", rows, "http://test/two"),
        profiles=[],
    )  # fmt: skip
    assert [n.count for n in result.not_checked if n.subject == "http://test/unknown"] == [1]


def test_one_object_given_in_two_places_is_two_values() -> None:
    lonely = changed(PATIENT, "contact", ...)
    claims = {**lonely, "meta": {"profile": ["http://test/adult"]}}
    result = validator(ADULT).validate(bundle(claims, claims))
    assert told(result) == [
        ("FHIR-CARDINALITY-MIN", "Bundle.entry[0].resource"), ("FHIR-CARDINALITY-MIN", "Bundle.entry[1].resource"),
    ]  # fmt: skip
