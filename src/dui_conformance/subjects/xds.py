"""XDS metadata (ebRIM SubmitObjectsRequest): a flat projection that rules can read without ebRIM's indirections.

View: `<registry>` holding `<SubmissionSet id classified>` (how many classifications say that it is one),
`<DocumentEntry id mimeType status objectType lid>` and `<Association type source target>`. Under the first two:
`<slot name><value/></slot>` as they stand; each external identifier `<patientId value name>`, `<uniqueId …>`,
`<sourceId …>`; each classification `<typeCode code scheme display>` …; `<author>` with `<authorPerson>
<authorInstitution> <authorRole> <authorSpecialty>`; `<title>`, `<comments>`. A scheme that is not one of IHE's is
`<unknown kind scheme>`.
`<irregular kind element parent name>`: what the schema of ebRIM does not allow (see `subjects.ebrim`).
In the metadata of an archive (`registry[@archive='true']`) a DocumentEntry also has what the intake found: `subject`,
`documentSha1` (upper case) and `documentSize` of the file its URI names, or `document="absent|unreadable"`.
Constants: IHE ITI TF-3 §4.2; dmp-mssante A.3.
"""

from collections import Counter

from lxml import etree

from dui_conformance.subjects import ebrim
from dui_conformance.subjects.ebrim import RIM
from dui_conformance.subjects.model import Element, Subject

LCM = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
XDS = "urn:ihe:iti:xds-b:2007"

_SUBMISSION_SET = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
_SCHEMES = {
    "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d": "author",
    "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500": "contentTypeCode",
    "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446": "patientId",
    "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832": "sourceId",
    "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8": "uniqueId",
    "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d": "author",
    "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a": "classCode",
    "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983": "typeCode",
    "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f": "confidentialityCode",
    "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d": "formatCode",
    "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1": "healthcareFacilityTypeCode",
    "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead": "practiceSettingCode",
    "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4": "eventCodeList",
    "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427": "patientId",
    "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab": "uniqueId",
}
_AUTHOR_SLOTS = ("authorPerson", "authorInstitution", "authorRole", "authorSpecialty")


def request_of(root: Element) -> Element | None:
    """The SubmitObjectsRequest of a document whose root is one, or a Provide and Register request holding one."""
    if root.tag == f"{{{LCM}}}SubmitObjectsRequest":
        return root
    if root.tag == f"{{{XDS}}}ProvideAndRegisterDocumentSetRequest":
        return root.find(f"{{{LCM}}}SubmitObjectsRequest")
    return None


def project(subject: Subject, request: Element, tag: str = "registry") -> Element:
    """The view of a request; `subject.origin` maps each of its elements to the ebRIM element it stands for."""
    view = etree.Element(tag)
    subject.origin[view] = request
    packages = Counter(
        node.get("classifiedObject", "")
        for node in request.iter(f"{{{RIM}}}Classification")
        if node.get("classificationNode") == _SUBMISSION_SET
    )
    for node in request.iter(f"{{{RIM}}}RegistryPackage", f"{{{RIM}}}ExtrinsicObject", f"{{{RIM}}}Association"):
        if node.tag == f"{{{RIM}}}Association":
            _association(subject, view, node)
        elif node.tag == f"{{{RIM}}}ExtrinsicObject":
            _entry(subject, view, node, "DocumentEntry")
        elif not packages or node.get("id", "") in packages or _own_classification(node):
            _entry(subject, view, node, "SubmissionSet").set("classified", str(packages[node.get("id", "")]))
        else:
            _entry(subject, view, node, "Folder")
    ebrim.describe(view, request, subject.origin)
    return view


def _own_classification(node: Element) -> bool:
    return any(
        child.get("classificationNode") == _SUBMISSION_SET for child in node.iterfind(f"{{{RIM}}}Classification")
    )


def _child(subject: Subject, parent: Element, ebrim: Element, tag: str, /, **attributes: str) -> Element:
    child = etree.SubElement(parent, tag, attributes)
    subject.origin[child] = ebrim
    return child


def _association(subject: Subject, view: Element, node: Element) -> None:
    association = _child(
        subject,
        view,
        node,
        "Association",
        type=node.get("associationType", ""),
        source=node.get("sourceObject", ""),
        target=node.get("targetObject", ""),
    )
    _slots(subject, association, node)


def _entry(subject: Subject, view: Element, node: Element, tag: str) -> Element:
    entry = _child(subject, view, node, tag)
    for name, source in (
        ("id", "id"),
        ("lid", "lid"),
        ("mimeType", "mimeType"),
        ("status", "status"),
        ("objectType", "objectType"),
    ):
        value = node.get(source)
        if value is not None:
            entry.set(name, value)
    _slots(subject, entry, node)
    for source, name in (("Name", "title"), ("Description", "comments")):
        text = node.find(f"{{{RIM}}}{source}/{{{RIM}}}LocalizedString")
        if text is not None:
            _child(subject, entry, text, name).text = text.get("value", "")
    for identifier in node.iterfind(f"{{{RIM}}}ExternalIdentifier"):
        scheme = identifier.get("identificationScheme", "")
        name = _SCHEMES.get(scheme, "unknown")
        child = _child(subject, entry, identifier, name, value=identifier.get("value", ""))
        child.set("registryObject", identifier.get("registryObject", ""))
        label = identifier.find(f"{{{RIM}}}Name/{{{RIM}}}LocalizedString")
        if label is not None:
            child.set("name", label.get("value", ""))
        if name == "unknown":
            child.set("kind", "ExternalIdentifier")
            child.set("scheme", scheme)
    for classification in node.iterfind(f"{{{RIM}}}Classification"):
        if classification.get("classificationNode") is None:
            _classification(subject, entry, classification)
    return entry


def _classification(subject: Subject, entry: Element, node: Element) -> None:
    scheme = node.get("classificationScheme", "")
    name = _SCHEMES.get(scheme, "unknown")
    child = _child(subject, entry, node, name)
    child.set("classifiedObject", node.get("classifiedObject", ""))
    if name == "author":
        for slot in node.iterfind(f"{{{RIM}}}Slot"):
            if slot.get("name") in _AUTHOR_SLOTS:
                for value in slot.iter(f"{{{RIM}}}Value"):
                    _child(subject, child, value, slot.get("name", "")).text = value.text or ""
        return
    child.set("code", node.get("nodeRepresentation", ""))
    coding = node.find(f"{{{RIM}}}Slot[@name='codingScheme']/{{{RIM}}}ValueList/{{{RIM}}}Value")
    if name == "unknown":
        child.set("kind", "Classification")
        child.set("scheme", scheme)
    elif coding is not None:
        child.set("scheme", (coding.text or "").strip())
    label = node.find(f"{{{RIM}}}Name/{{{RIM}}}LocalizedString")
    if label is not None:
        child.set("display", label.get("value", ""))


def _slots(subject: Subject, parent: Element, node: Element) -> None:
    for slot in node.iterfind(f"{{{RIM}}}Slot"):
        element = _child(subject, parent, slot, "slot", name=slot.get("name", ""))
        for value in slot.iter(f"{{{RIM}}}Value"):
            _child(subject, element, value, "value").text = value.text or ""
