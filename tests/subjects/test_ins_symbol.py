"""The message of an INS DataMatrix, cut into its blocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.subjects.ins_symbol import GS, HEADER, InsSymbol, symbol_of

# The vector of the format: a name, its blocks, and where GS stands
VECTOR = (
    f"{HEADER}S1279035121518989S21.2.250.1.213.1.4.10S3DOMINIQUE MARIE-LOUISE{GS}S4PAT-TROIS{GS}S5FS628-03-1979S751215"
)


def blocks(message: str) -> dict[str, str]:
    symbol = symbol_of(message)
    assert symbol is not None
    return dict(symbol.blocks)


def read(message: str) -> InsSymbol:
    symbol = symbol_of(message)
    assert symbol is not None
    return symbol


def test_the_vector_of_the_format() -> None:
    assert len(VECTOR) == 124
    assert blocks(VECTOR) == {
        "S1": "279035121518989",
        "S2": "1.2.250.1.213.1.4.10",
        "S3": "DOMINIQUE MARIE-LOUISE",
        "S4": "PAT-TROIS",
        "S5": "F",
        "S6": "28-03-1979",
        "S7": "51215",
    }
    symbol = read(VECTOR)
    assert (symbol.rest, symbol.missing, symbol.needless) == ("", (), ())


def test_an_oid_of_nineteen_characters_wants_its_gs() -> None:
    short = VECTOR.replace("4.10S3", f"4.8{GS}S3")
    assert read(short).missing == ()
    assert read(short.replace(f"4.8{GS}", "4.8")).missing == ("S2",)
    assert blocks(short.replace(f"4.8{GS}", "4.8"))["S3"] == "DOMINIQUE MARIE-LOUISE"


@pytest.mark.parametrize(
    ("message", "missing", "needless"),
    [
        (VECTOR.replace(f"LOUISE{GS}", "LOUISE"), ("S3",), ()),
        (VECTOR.replace("S5F", f"S5F{GS}"), (), ("S5",)),
        (VECTOR.replace("4.10", f"4.10{GS}"), (), ("S2",)),
        (VECTOR + GS, (), ("S7",)),
        (VECTOR.partition("S5")[0], (), ("S4",)),
        (VECTOR.partition(f"{GS}S5")[0], (), ()),
    ],
)
def test_gs_where_it_belongs(message: str, missing: tuple[str, ...], needless: tuple[str, ...]) -> None:
    symbol = read(message)
    assert (symbol.missing, symbol.needless) == (missing, needless)


def test_a_wrong_header_is_that_of_an_ins_symbol_still() -> None:
    assert read(VECTOR.replace("IS01", "IS02")).header == HEADER.replace("1", "2", 1)
    assert read("DC04FR000001" + VECTOR[26:]).header == "DC04FR000001"
    assert read(VECTOR + "SIGN").rest == "SIGN"


@pytest.mark.parametrize("message", ["", "https://exemple.fr", "DC04FR000001", "ISBN 978-2-07", "S1", "010S1"])
def test_other_messages_are_none(message: str) -> None:
    assert symbol_of(message) is None


@given(st.text(alphabet=f"IS0123456789ABF.-{GS}", max_size=300))
def test_any_message_is_cut_without_loss(tail: str) -> None:
    symbol = read(f"{HEADER}S1{tail}")
    whole = "".join(f"{name}{value}" for name, value in symbol.blocks)
    assert len(whole) + len(symbol.rest) <= len(tail) + 2
    assert symbol.header == HEADER
