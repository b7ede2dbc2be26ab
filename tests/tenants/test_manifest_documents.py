"""A long text of a kind's options, in the tenants file itself or in a file beside it."""

import pytest

from tenants.connections import Connection
from tests.support.manifests import SMALL, Desk
from tests.support.saml_edge import SamlEdge

BY_FILE = f"""{SMALL}
[tenants.$t.connections.company]
kind = "saml"
label = "Company"
idp_metadata = {{ file = "idp.xml" }}
"""
PLACE = "tenants.$t.connections.company"


@pytest.fixture
def metadata(desk: Desk) -> str:
    text = SamlEdge.opened().idp.metadata()
    (desk.folder / "idp.xml").write_text(text, encoding="utf-8")
    return text


def kept(desk: Desk) -> str:
    with desk.session() as s:
        return s.query(Connection).one().options["idp_metadata"]


def test_file_beside_the_tenants_file_is_read(desk: Desk, metadata: str) -> None:
    desk.apply(BY_FILE)
    assert kept(desk) == metadata
    assert desk.apply(BY_FILE) == []


def test_text_itself_is_the_same(desk: Desk, metadata: str) -> None:
    desk.apply(BY_FILE)
    assert desk.apply(BY_FILE.replace('{ file = "idp.xml" }', f"'''{metadata}'''")) == []


def test_changed_file_is_a_change(desk: Desk, metadata: str) -> None:
    desk.apply(BY_FILE)
    other = SamlEdge.opened().idp.metadata()
    (desk.folder / "idp.xml").write_text(other, encoding="utf-8")
    assert desk.apply(BY_FILE) == [f"change {PLACE} (idp_metadata)"]
    assert kept(desk) == other


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ('{ file = "nowhere.xml" }', ".idp_metadata: the file nowhere.xml can't be read (No such file or directory)."),
        ('{ env = "METADATA" }', ".idp_metadata.file: is missing."),
        ("5", ".idp_metadata: must be text in quotes."),
        ('"<x/>"', ".idp_metadata: must describe exactly one identity provider."),
    ],
    ids=["no such file", "by environment", "a number", "no metadata"],
)
def test_what_is_no_document_is_refused_at_its_place(desk: Desk, value: str, sentence: str) -> None:
    faults = desk.faults(BY_FILE.replace('{ file = "idp.xml" }', value))
    assert f"{PLACE}{sentence}" in faults
