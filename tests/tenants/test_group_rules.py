"""Group rules: what received groups come to, who gains and who loses. Tables, without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tenants.claim_rules import RESERVED
from tenants.group_rules import (
    GRANTED_ROLES,
    NOTHING,
    Difference,
    Given,
    GroupRule,
    Profile,
    clean_groups,
    explain,
    given_by,
    preview,
    read_rules,
    stronger,
)
from tenants.manifest.group_specs import GroupRulesSpec, stored

STAFF, TRAVEL = GroupRule("g-1", group="Staff"), GroupRule("g-2", group="Travel")
HELP, ADMIN = GroupRule("g-3", role="helpdesk"), GroupRule("g-4", group="IT", role="admin")


@pytest.mark.parametrize(
    ("rules", "received", "given_"),
    [
        pytest.param((), ("g-1",), NOTHING, id="no rules give nothing"),
        pytest.param((STAFF,), (), NOTHING, id="no groups, nothing"),
        pytest.param((STAFF, TRAVEL), ("g-1",), Given(frozenset({"Staff"})), id="each its own"),
        pytest.param((STAFF,), ("G-1", " g-1", "g-11"), NOTHING, id="to the letter"),
        pytest.param((GroupRule("Wiki"),), ("Wiki",), Given(frozenset({"Wiki"})), id="under its own name"),
        pytest.param((GroupRule("*"),), ("a", "b"), Given(frozenset({"a", "b"})), id="all under their own names"),
        pytest.param((GroupRule("*", group="Members"),), ("a", "b"), Given(frozenset({"Members"})), id="whoever has any"),
        pytest.param((HELP,), ("g-3",), Given(role="helpdesk"), id="a role and no group"),
        pytest.param((HELP, ADMIN), ("g-3", "g-4"), Given(frozenset({"IT"}), "admin"), id="the stronger role counts"),
        pytest.param((ADMIN, HELP), ("g-4", "g-3"), Given(frozenset({"IT"}), "admin"), id="in whatever order"),
    ],
)
def test_what_received_groups_come_to(rules, received, given_) -> None:
    assert given_by(rules, received) == given_
    assert Given.from_json(given_.as_json()) == given_


@given(st.sets(st.sampled_from(["g-1", "g-2", "g-3", "g-4", "else"])))
def test_rules_give_what_they_name_and_no_more(received) -> None:
    given_ = given_by((STAFF, TRAVEL, HELP, ADMIN), received)
    assert given_.groups <= {"Staff", "Travel", "IT"}
    assert given_.role in {None, *GRANTED_ROLES}
    assert given_by((STAFF, TRAVEL, HELP, ADMIN), received | {"else"}) == given_


BAD_RULES = [
    {"from": "g", "role": "owner"},
    {"from": "*", "role": "auditor"},
    {"from": "g", "role": "root"},
    {"from": ""},
    {"from": "g", "group": ""},
    {"from": "g", "group": "two\nlines"},
    {"from": "g", "group": "x" * 201},
    {"from": 7},
    {"group": "Staff"},
    {"from": "g", "claim": "sub"},
    {"from": "g", "organization": "root"},
]


def test_od08_rule_that_gives_an_owner_or_names_a_claim_is_refused_when_saved() -> None:
    for rule in BAD_RULES:
        with pytest.raises(ValidationError):
            GroupRulesSpec.model_validate({"groups": [rule]})
    kept = [{"from": "g", "group": "Staff", "role": "admin"}, {"from": "*"}]
    assert stored(GroupRulesSpec.model_validate({"groups": kept}).groups) == kept


def test_od08_rule_that_no_file_could_have_written_gives_nothing() -> None:
    everything = ("g", *RESERVED)
    for rule in BAD_RULES:
        given_ = given_by(read_rules([rule]), everything)
        assert given_.role is None, rule
        assert given_.groups <= {"g"}, rule
    assert read_rules([{"from": "g", "group": 5}, {"role": "admin"}]) == ()


def test_names_are_kept_as_they_are_or_not_at_all() -> None:
    assert clean_groups(["b", "a", "b", "", " c", "d\x00", "x" * 201, "é"]) == ("a", "b", "é")
    assert len(clean_groups(f"g{number}" for number in range(3000))) == 2000


def test_preview_says_who_gains_and_who_loses() -> None:
    people = [
        Profile("ada@acme.example", ("g-1", "g-4"), Given(frozenset({"Staff"}))),
        Profile("bob@acme.example", ("g-1",), Given(frozenset({"Staff", "Old"}), "helpdesk")),
        Profile("eve@acme.example", None, Given(frozenset({"Old"}))),
        Profile("kim@acme.example", ("g-1",), Given(frozenset({"Staff"}))),
    ]
    assert preview((STAFF, ADMIN), people) == [
        Difference("ada@acme.example", ("IT",), (), None, "admin"),
        Difference("bob@acme.example", (), ("Old",), "helpdesk", None),
    ]


def test_every_group_is_explained() -> None:
    said = [reason.sentence for reason in explain((STAFF, ADMIN, GroupRule("*")), ("g-1", "g-4"))]
    assert said == ["g-1: group Staff.", "g-1: group g-1.", "g-4: group IT and role admin.", "g-4: group g-4."]
    assert [reason.code for reason in explain((STAFF,), ("else",))] == ["group_left"]


def test_of_two_roles_the_one_that_may_do_more() -> None:
    assert stronger(None, "auditor", "helpdesk") == "helpdesk"
    assert stronger("owner", "admin") == "owner"
    assert stronger(None, "nonsense") is None
