"""What is a map of a move, and what is none: the form of the file."""

import pytest

from tenants import move_maps
from tenants.move_maps import MapCheck, MapRow, read_map
from tenants.moving import MoveError


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        pytest.param([], "The first line names the columns", id="empty"),
        pytest.param(["email;subject"], "The first line names the columns", id="semicolons"),
        pytest.param(["email,subject,subject"], "The first line names the columns", id="a column twice"),
        pytest.param(["email,subject", "a@b.example,1"], "say --issuer", id="nobody says the issuer"),
        pytest.param(["email,issuer,subject", '"a@b.example,a,b'], "this is not CSV", id="an open quote"),
        pytest.param(["email,issuer,subject", "x,a," + "b" * 200_000], "this is not CSV", id="an endless field"),
        pytest.param(["email,issuer,subject", "a@b.example,a,b", "c@b.example,a,c"], "more than 1 rows", id="too many rows"),
    ],
)
def test_what_is_no_map_is_refused(monkeypatch: pytest.MonkeyPatch, lines: list[str], sentence: str) -> None:
    monkeypatch.setattr(move_maps, "MAX_ROWS", 1)
    with pytest.raises(MoveError, match=sentence):
        list(read_map(lines, None, MapCheck()))


def test_columns_come_in_any_order_and_the_issuer_from_the_row_or_from_outside() -> None:
    check = MapCheck()
    lines = ["Subject, ISSUER ,email", " S-1 ,,Ada@Acme.example", "", "S-2,https://b.example,eva@acme.example"]
    assert list(read_map(lines, "https://a.example", check)) == [
        MapRow(2, "ada@acme.example", "https://a.example", "S-1"),
        MapRow(4, "eva@acme.example", "https://b.example", "S-2"),
    ]
    assert (check.fault_count, check.faults) == (0, [])


def test_only_the_first_faults_are_told_and_all_are_counted() -> None:
    check = MapCheck()
    assert list(read_map(["email,subject", *["nobody,1"] * 200], "https://a.example", check)) == []
    assert (check.fault_count, len(check.faults)) == (200, move_maps.FAULTS_TOLD)
