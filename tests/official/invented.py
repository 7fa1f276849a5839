"""A small kit, invented here, with the shape and the faults of the official one."""

import io
import zipfile
from pathlib import Path

_SCH = 'xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"'
_NS = '<ns prefix="cda" uri="urn:hl7-org:v3"/><ns prefix="svs" uri="urn:ihe:iti:svs:2008"/>'

HEADER = f"""<schema {_SCH}>
<title>En-tête inventé</title>{_NS}
<pattern>
 <include href="include/types.sch"/>
 <rule context="/cda:ClinicalDocument">
  <let name="found" value="count(cda:setId)"/>
  <assert test="$found = 1">Il faut un setId, trouvés : <value-of select="$found"/></assert>
  <assert role="warning" test="cda:title">Un titre serait bienvenu</assert>
  <report role="info" test="cda:relatedDocument">Ce document en remplace un autre</report>
 </rule>
 <rule context="cda:ClinicalDocument/cda:code">
  <let name="code" value="@code"/>
  <assert test="doc('include/voc-1.2.3.4.5.6-DYNAMIC.xml')//concept[@code = $code]">Code
     <value-of select="$code"/> inconnu</assert>
 </rule>
 <rule context="cda:recordTarget/cda:patientRole/cda:id"><extends rule="II"/></rule>
 <rule context="cda:*"><assert test="true()"/></rule>
</pattern>
</schema>"""

TYPES = """<rule xmlns="http://purl.oclc.org/dsdl/schematron" abstract="true" id="II">
 <extends rule="ANY"/>
 <let name="root" value="@root"/>
 <assert test="matches($root, '^[0-2](\\.[0-9]+)+$')"><name/> : racine <value-of select="$root"/> mal formée</assert>
</rule>"""

ANY = """<rule xmlns="http://purl.oclc.org/dsdl/schematron" abstract="true" id="ANY">
 <assert test="not(@nullFlavor and @root)">Valeur et absence de valeur</assert>
</rule>"""

ABSTRACT = """<pattern xmlns="http://purl.oclc.org/dsdl/schematron" id="member" abstract="true">
 <rule context="$where">
  <let name="code" value="@code"/>
  <assert test="document($list)//svs:Concept[@code = $code]">[member] <value-of select="$code"/> hors de
    <value-of select="$list"/></assert>
 </rule>
</pattern>"""

MODEL = f"""<schema {_SCH} defaultPhase="main">
{_NS}
<include href="abstract/member.sch"/>
<include href="include/Absent.sch"/>
<phase id="main"><active pattern="sections"/><active pattern="first"/><active pattern="second"/></phase>
<pattern id="sections">
 <let name="FIRST" value="'../jeuxDeValeurs/JDV_Un.xml'"/>
 <rule context="cda:ClinicalDocument">
  <assert test="count(.//cda:section) &lt; 99">Trop de sections</assert>
 </rule>
</pattern>
<pattern id="first" is-a="member">
 <param name="where" value="cda:maritalStatusCode"/><param name="list" value="$FIRST"/>
</pattern>
<pattern id="second" is-a="member">
 <param name="where" value="cda:confidentialityCode | cda:raceCode"/>
 <param name="list" value="'../jeuxDeValeurs/JDV_Manquant.xml'"/>
</pattern>
<pattern id="asleep">
 <rule context="cda:ClinicalDocument"><assert test="false()">hors de la phase</assert></rule>
</pattern>
</schema>"""

XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:hl7-org:v3">
<xs:element name="ClinicalDocument"><xs:complexType>
 <xs:sequence><xs:any processContents="skip" maxOccurs="unbounded"/></xs:sequence>
 <xs:attribute name="classCode"><xs:simpleType><xs:restriction base="xs:string">
  <xs:enumeration value="DOCCLIN"/></xs:restriction></xs:simpleType></xs:attribute>
</xs:complexType></xs:element></xs:schema>"""


def svs(oid: str, codes: tuple[str, ...], day: str = "20250206", ended: dict[str, str] | None = None) -> str:
    """A value set as IHE SVS writes it. The first code ends with a blank, as some of the official ones do."""
    concepts = "".join(
        f'<Concept code="{code}{" " if not rank else ""}" codeSystem="1.2.250.1.999" displayName="Libellé {code}"'
        + (f' dateFin="{ended[code]}"' if ended and code in ended else "")
        + "/>"
        for rank, code in enumerate(codes)
    )
    return (
        '<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008">'
        f'<ValueSet id="{oid}" displayName="JDV_Un" version="test" dateMaj="{day}120000"><ConceptList xml:lang="fr-FR">'
        f"{concepts}</ConceptList></ValueSet></RetrieveValueSetResponse>"
    )


FILES = {
    "schematrons/profils/structurationMinimale/ASIP-STRUCT-MIN-StrucMin.sch": HEADER.replace(
        '<include href="include/types.sch"/>', '<include href="include/types.sch"/><include href="include/ANY.sch"/>'
    ),
    "schematrons/profils/structurationMinimale/include/types.sch": TYPES,
    "schematrons/profils/structurationMinimale/include/any.sch": ANY,
    "schematrons/CI-SIS_DLU-EHPAD-DLU_2022.01.sch": MODEL,
    "schematrons/abstract/member.sch": ABSTRACT,
    "jeuxDeValeurs/JDV_Types.xml": svs("1.2.3.4.5.6", ("74207-2", "11490-0")),
    "jeuxDeValeurs/JDV_Un.xml": svs("1.2.3.4.5.7", ("M", "S")),
    "infrastructure/cda/CDA_extended.xsd": XSD,
}

DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" classCode="DOCCLIN">
 <templateId root="1.2.250.1.213.1.1.1.22" extension="2022.01"/>
 <id root="1.2.3"/>
 <code code="74207-2" codeSystem="2.16.840.1.113883.6.1"/>
 <title>Essai</title>
 <effectiveTime value="20250101120000+0100"/>
 <setId root="1.2.3"/>
 <recordTarget><patientRole><id root="1.2.250.1.213.1.4.10" extension="1"/>
  <patient><maritalStatusCode code="S"/></patient></patientRole></recordTarget>
</ClinicalDocument>"""


def folder(where: Path, files: dict[str, str] | None = None) -> Path:
    """The kit, or other files, in a folder."""
    for name, text in (files or FILES).items():
        path = where / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return where


def zipped(files: dict[str, str] | None = None, top: str = "kit-1.0/") -> bytes:
    """The kit as a zip with one folder around it, as those of GitHub."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in (files or FILES).items():
            archive.writestr(zipfile.ZipInfo(top + name, (2025, 3, 6, 10, 4, 12)), text)
    return out.getvalue()
