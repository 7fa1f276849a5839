"""Where a finding stands: the line and the column of the tag in the bytes that were given."""

from pathlib import Path

import pytest

from dui_conformance.engine.outcomes import Finding
from tests.engine.small import Trial, document, rule
from tests.places import READY

EXPORTS = READY / "exports"
RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"


def tag_at(data: bytes, finding: Finding) -> str:
    """What stands in the source at the place a finding names."""
    assert finding.location.line is not None
    assert finding.location.column is not None
    line = data.decode("utf-8").split("\n")[finding.location.line - 1]
    return line[finding.location.column - 1 :]


class TestCda:
    def test_line_and_column_of_the_start_tag(self, tmp_path: Path) -> None:
        source = document(
            '\n  <title>x</title>\n    <id\n       root="1"\n       extension="2"/>\n', prolog='<?xml version="1.0"?>\n'
        )
        finding = Trial(tmp_path, rule(**{"for": "id"})).finding(source)
        assert (finding.location.line, finding.location.column) == (4, 5)

    def test_columns_count_characters_not_bytes(self, tmp_path: Path) -> None:
        source = document("<title>é€😀ça</title><id/>")
        finding = Trial(tmp_path, rule(**{"for": "id"})).finding(source)
        assert tag_at(source.encode(), finding) == "<id/></ClinicalDocument>"

    @pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
    def test_in_every_encoding(self, tmp_path: Path, codec: str) -> None:
        declared = {"utf-8-sig": "utf-8"}.get(codec, codec)
        source = document("\n<title>déjà</title>\n<id/>", prolog=f'<?xml version="1.0" encoding="{declared}"?>\n')
        finding = Trial(tmp_path, rule(**{"for": "id"})).finding(source.encode(codec))
        assert finding.location.line == 4

    def test_the_path_counts_siblings_of_one_name(self, tmp_path: Path) -> None:
        source = document("<id/><author/><id><a/></id>")
        trial = Trial(tmp_path, rule(**{"for": "//a"}))
        assert trial.finding(source).location.path == "/ClinicalDocument/id[2]/a"

    def test_an_attribute_is_named_where_it_is_there(self, tmp_path: Path) -> None:
        trial = Trial(tmp_path, rule(**{"for": "id", "at": "@root"}))
        found = trial.judge(document('<id root="1"/><id/>')).findings
        assert [f.location.path for f in found] == ["/ClinicalDocument/id[1]/@root", "/ClinicalDocument/id[2]"]

    def test_at_names_another_element(self, tmp_path: Path) -> None:
        trial = Trial(tmp_path, rule(at="author/time/@value", **{"for": "."}))
        source = document('\n<author>\n <time value="1"/>\n</author>')
        finding = trial.finding(source)
        assert finding.location.path == "/ClinicalDocument/author/time/@value"
        assert (finding.location.line, finding.location.column) == (3, 2)

    def test_an_element_written_on_one_line_after_long_ones(self, tmp_path: Path) -> None:
        source = document(
            "".join(f"<x{n} a='{'y' * n}'>" for n in range(40))
            + "<id/>"
            + "".join(f"</x{n}>" for n in range(39, -1, -1))
        )
        finding = Trial(tmp_path, rule(**{"for": "//id"})).finding(source)
        assert tag_at(source.encode(), finding).startswith("<id/>")

    def test_self_presenting_document(self, tmp_path: Path) -> None:
        data = (EXPORTS / "documents" / "dlu-auto-presentable.xml").read_bytes()
        assert b"<xsl:stylesheet" in data[:400]
        finding = Trial(tmp_path, rule(**{"for": "recordTarget"})).finding(data)
        assert tag_at(data, finding).startswith("<recordTarget")
        assert finding.location.path.endswith("/ClinicalDocument/recordTarget")

    def test_every_element_of_a_real_document(self, tmp_path: Path) -> None:
        data = (EXPORTS / "documents" / "projet-personnalise.xml").read_bytes()
        trial = Trial(tmp_path, rule(**{"for": "recordTarget//*[not(*)]"}))
        found = trial.judge(data).findings
        assert len(found) > 15
        for finding in found:
            name = finding.location.path.rsplit("/", 1)[-1].partition("[")[0]
            assert tag_at(data, finding).startswith(f"<{name}"), finding.location


class TestXds:
    def test_a_projected_element_leads_to_the_line_of_its_ebrim(self, tmp_path: Path) -> None:
        data = (EXPORTS / "xds" / "submit-objects-request.xml").read_bytes()
        trial = Trial(tmp_path, rule(**{"for": "DocumentEntry/typeCode"}), subject="xds")
        finding = trial.judge(data).findings[0]
        found = tag_at(data, finding)
        assert found.startswith(("<Classification", "<rim:Classification"))
        assert "f0306f51-975f-434e-a61c-c59651d33983" in found
        assert finding.location.path.startswith("/SubmitObjectsRequest/RegistryObjectList/ExtrinsicObject")

    def test_the_value_of_a_slot(self, tmp_path: Path) -> None:
        data = (EXPORTS / "xds" / "submit-objects-request.xml").read_bytes()
        trial = Trial(tmp_path, rule(**{"for": "DocumentEntry/slot[@name='hash']/value"}), subject="xds")
        finding = trial.judge(data).findings[0]
        assert tag_at(data, finding).startswith(("<Value>", "<rim:Value>"))
        line = data.decode().split("\n")[(finding.location.line or 0) - 1]
        assert any(c in "0123456789abcdefABCDEF" for c in line)

    def test_metadata_of_an_archive(self, tmp_path: Path) -> None:
        import zipfile

        path = EXPORTS / "xdm" / "projet-personnalise" / "IHE_XDM.ZIP"
        trial = Trial(tmp_path, rule(**{"for": "SubmissionSet/patientId"}), subject="xds")
        finding = trial.judge(path.read_bytes(), name="IHE_XDM.ZIP").findings[0]
        with zipfile.ZipFile(path) as archive:
            metadata = archive.read("IHE_XDM/SUBSET01/METADATA.XML")
        assert finding.subject == "IHE_XDM.ZIP!/IHE_XDM/SUBSET01/METADATA.XML"
        assert tag_at(metadata, finding).startswith("<ExternalIdentifier")
        assert "6b5aea1a-874d-4603-a4bc-96a0a7b38446" in tag_at(metadata, finding)


class TestMail:
    def test_a_header_has_its_line(self, tmp_path: Path) -> None:
        data = (EXPORTS / "mails" / "vers-usager.eml").read_bytes()
        lines = data.split(b"\n")
        for header in ("subject", "x-mss-nil", "mime-version"):
            wanted = next(n for n, line in enumerate(lines, 1) if line.lower().startswith(header.encode() + b":"))
            finding = Trial(tmp_path, rule(**{"for": f"header[@name='{header}']"}), subject="mail").finding(data)
            assert finding.location.line == wanted, header


class TestFingerprint:
    SOURCE = document("\n<id/>\n<author><id/></author>")

    def test_it_does_not_move_with_lines(self, tmp_path: Path) -> None:
        trial = Trial(tmp_path, rule(**{"for": "//id"}))
        moved = self.SOURCE.replace("\n", "\n\n<!-- a comment -->\n   ")
        before, after = trial.judge(self.SOURCE).findings, trial.judge(moved).findings
        assert [f.fingerprint for f in before] == [f.fingerprint for f in after]
        assert [f.location.line for f in before] != [f.location.line for f in after]

    def test_it_tells_two_places_two_rules_and_two_files_apart(self, tmp_path: Path) -> None:
        trial = Trial(tmp_path, rule("T-1", **{"for": "//id"}), rule("T-2", **{"for": "//id"}))
        prints = [f.fingerprint for name in ("a.xml", "b.xml") for f in trial.judge(self.SOURCE, name=name).findings]
        assert len(prints) == len(set(prints)) == 8

    def test_it_does_not_depend_on_who_the_file_is_named_after(self, tmp_path: Path) -> None:
        trial = Trial(tmp_path, rule())
        name = "<patient><name><family>{}</family></name></patient>"
        patient = f"<recordTarget><patientRole>{name}</patientRole></recordTarget>"
        one = trial.finding(document(patient.format("ZAXOVRETTE")), name="cr-ZAXOVRETTE.xml")
        other = trial.finding(document(patient.format("QUOXILDE")), name="cr-QUOXILDE.xml")
        assert one.fingerprint == other.fingerprint, "a digest of a name could be tried out"

    def test_its_form(self, tmp_path: Path) -> None:
        import re

        assert re.fullmatch("[0-9a-f]{16}", Trial(tmp_path, rule()).finding(document()).fingerprint)
