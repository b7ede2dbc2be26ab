"""For whom an application is: named groups, organizations with their parts, persons (R5)."""

import pytest

from tenants.audiences import Audience, Entitlements, with_parts

TREE = {"root": None, "north": "root", "oslo": "north", "harbour": "oslo", "south": "root"}
BROUGHT = Entitlements("oslo", frozenset({"staff"}), frozenset({"app_1"}))


@pytest.mark.parametrize(
    ("audience", "is_meant"),
    [
        pytest.param(Audience("app_1"), True, id="named as a person"),
        pytest.param(Audience("app_2"), False, id="named for another application only"),
        pytest.param(Audience("app_2", groups=frozenset({"staff", "board"})), True, id="in one of the groups"),
        pytest.param(Audience("app_2", groups=frozenset({"board"})), False, id="in none of the groups"),
        pytest.param(Audience("app_2", organizations=frozenset({"oslo"})), True, id="in the organization"),
        pytest.param(Audience("app_2", organizations=frozenset({"north"})), False, id="parts have to be spelt out"),
    ],
)
def test_an_application_for_those_who_are_named(audience: Audience, is_meant: bool) -> None:
    assert audience.admits(BROUGHT) is is_meant


def test_an_audience_of_nobody_admits_nobody() -> None:
    assert not Audience("app_1").admits(Entitlements())
    assert not Audience("app_1").admits(Entitlements(organization_id=""))


@pytest.mark.parametrize(
    ("named", "found"),
    [
        (set(), set()),
        ({"harbour"}, {"harbour"}),
        ({"north"}, {"north", "oslo", "harbour"}),
        ({"root"}, set(TREE)),
        ({"south", "oslo"}, {"south", "oslo", "harbour"}),
        ({"gone"}, {"gone"}),
    ],
    ids=["nothing", "a leaf", "a branch", "everything", "two", "one that is no more"],
)
def test_naming_an_organization_names_its_parts(named: set[str], found: set[str]) -> None:
    assert with_parts(frozenset(named), TREE) == found


def test_a_circle_in_the_tree_ends() -> None:
    assert with_parts(frozenset({"c"}), {"a": "b", "b": "a", "c": None}) == {"c"}
