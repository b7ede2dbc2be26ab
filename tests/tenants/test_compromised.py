"""The list of compromised passwords, and the tool that makes it."""

from itertools import pairwise
from pathlib import Path

import pytest

from tenants.compromised import FILE, SHORTEST, WIDTH, _holds, _record, is_compromised, table_of
from tools.compromised import passwords_of, write


@pytest.mark.parametrize(
    ("password", "is_known"),
    [
        pytest.param("password", True, id="the first of all"),
        pytest.param("PASSWORD", True, id="in capitals"),
        pytest.param("password1!", True, id="with the usual tail"),
        pytest.param("1qaz2wsx3edc4rfv", True, id="a walk on the keyboard"),
        pytest.param("correct horse battery staple", False, id="a passphrase"),
        pytest.param("Qk7-vTz?m4Wp", False, id="twelve odd characters"),
        pytest.param("", False, id="nothing"),
        pytest.param("123456", False, id="too short to be listed; every policy refuses it for that"),
        pytest.param("k" * 1024, False, id="as long as can be"),
        pytest.param("漢字漢字漢字漢字", False, id="not Latin"),
    ],
)
def test_lc06_the_shipped_list_knows_it_or_not(password: str, is_known: bool) -> None:
    assert is_compromised(password) is is_known


def test_the_shipped_list_is_sorted_without_repetition_and_as_large_as_the_documentation_says() -> None:
    table = FILE.read_bytes()
    assert len(table) % WIDTH == 0
    records = [table[start : start + WIDTH] for start in range(0, len(table), WIDTH)]
    assert all(before < after for before, after in pairwise(records))
    assert len(records) > 400_000
    page = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")
    assert f"{len(records):,} passwords" in page


def test_every_record_is_found_and_no_other() -> None:
    words = [f"lantern-{number:04}" for number in range(0, 1000, 2)]
    table = table_of(words)
    assert len(table) == len(words) * WIDTH
    assert all(_holds(table, _record(word)) for word in words)
    assert not any(_holds(table, _record(f"lantern-{number:04}")) for number in range(1, 1000, 2))
    assert not _holds(b"", _record("lantern-0000"))


def test_tool_takes_several_lists_and_leaves_out_what_nobody_could_choose(tmp_path: Path) -> None:
    first, second, target = tmp_path / "first.txt", tmp_path / "second.txt", tmp_path / "made.bin"
    first.write_bytes(b"Lantern-1\r\nlantern-1\nshort\n\n\xff\xfe broken text\n" + b"k" * 2000 + b"\n")
    second.write_bytes("ｌａｎｔｅｒｎ－2\nkettle and tulip\n".encode())
    assert list(passwords_of([first]))[:2] == ["Lantern-1", "lantern-1"]
    assert write([first, second], target) == 3
    known = [_record("lantern-1"), _record("lantern-2"), _record("kettle and tulip")]
    assert target.read_bytes() == b"".join(sorted(known))
    assert SHORTEST == 8
