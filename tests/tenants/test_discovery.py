"""Where a person goes to sign in, and why. A decision is a table; nothing in it knows accounts."""

from collections.abc import Mapping
from dataclasses import fields, replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.addresses import Address
from tenants.causes import Cause
from tenants.discovery import Question, check_way, discover
from tenants.routing_domains import DomainRule
from tenants.ways import Hints, Way

ENTRA = Way("entra", "entra", "Entra", position=1)
GOOGLE = Way("google", "google", "Google", position=2)
ADFS = Way("adfs", "saml", "AD FS", position=3, networks=(ip_network("10.0.0.0/8"), ip_network("fd00::/8")))
NEARBY = replace(ADFS, first_in_network=True)
ENTRA_OFF = replace(ENTRA, enabled=False)
HIDDEN = replace(ENTRA, shown=False)
ACME = DomainRule("acme.example", connection="entra", proven=True)
ENFORCED = replace(ACME, enforce=True)
JANE, KIM = Address("jane", "acme.example"), Address("kim", "partner.example")
INSIDE, OUTSIDE = ip_address("10.1.2.3"), ip_address("198.51.100.7")

MIXED = Question(ways=(ENTRA, GOOGLE), rules=(ACME,), local_enabled=True)
SSO = replace(MIXED, local_enabled=False)
SINGLE = replace(SSO, ways=(ENTRA,))


@pytest.mark.parametrize(
    ("question", "go", "ways", "codes"),
    [
        pytest.param(MIXED, None, "entra google local", "choice", id="nothing typed: the page offers all, password last"),
        pytest.param(
            replace(MIXED, address=JANE),
            "entra",
            "entra google local",
            "route",
            id="R3: a bound domain goes straight there",
        ),
        pytest.param(
            replace(MIXED, address=KIM),
            "local",
            "entra google local",
            "route_none password_page",
            id="R3: others to password",
        ),
        pytest.param(replace(SSO, address=KIM), None, "entra google", "local_off route_none choice", id="R3: else choose"),
        pytest.param(
            replace(SINGLE, address=KIM), "entra", "entra", "local_off route_none only_way", id="R3: else the only one"
        ),
        pytest.param(
            replace(MIXED, address=Address("jane", "sub.acme.example")),
            "local",
            "entra google local",
            "route_none password_page",
            id="RT-06: a sub-domain is not implied",
        ),
        pytest.param(
            replace(MIXED, address=JANE, rules=(replace(ACME, proven=False),)),
            "local",
            "entra google local",
            "route_unproven password_page",
            id="RT-05: an unproven domain leads nowhere",
        ),
        pytest.param(
            replace(MIXED, address=Address("x", "gmail.com"), rules=(replace(ACME, name="gmail.com"),)),
            "local",
            "entra google local",
            "route_unproven password_page",
            id="RT-05: nor does a public one",
        ),
        pytest.param(
            replace(MIXED, address=JANE, rules=(replace(ACME, connection=None),)),
            "local",
            "entra google local",
            "route_none password_page",
            id="a domain that is only listed leads nowhere",
        ),
        pytest.param(
            replace(MIXED, address=JANE, rules=(ENFORCED,)),
            "entra",
            "entra google",
            "local_enforced_away route",
            id="RT-07: enforce takes the password away",
        ),
        pytest.param(
            replace(MIXED, address=JANE, rules=(replace(ENFORCED, proven=False),)),
            None,
            "entra google",
            "local_enforced_away route_unproven choice",
            id="RT-08: enforce outlives the proof: a choice without the password",
        ),
        # a connection that can't be used
        pytest.param(
            replace(MIXED, address=JANE, ways=(ENTRA_OFF, GOOGLE)),
            "local",
            "google local",
            "connection_disabled route_closed password_page",
            id="T5: prefer falls back to the password",
        ),
        pytest.param(
            replace(SSO, address=JANE, ways=(ENTRA_OFF, GOOGLE)),
            None,
            "google",
            "connection_disabled local_off route_closed choice",
            id="a person isn't sent to another connection unasked",
        ),
        pytest.param(
            replace(MIXED, address=JANE, ways=(ADFS,), rules=(replace(ACME, connection="adfs"),), network=OUTSIDE),
            "local",
            "local",
            "network_outside route_closed password_page",
            id="T6: outside the company network the password page",
        ),
        pytest.param(
            replace(MIXED, address=JANE, ways=(ADFS,), rules=(replace(ACME, connection="adfs"),), network=INSIDE),
            "adfs",
            "adfs local",
            "route",
            id="T6: inside it the connection",
        ),
        pytest.param(
            replace(MIXED, ways=(ENTRA, ADFS), network=ip_address("::ffff:10.1.2.3")),
            None,
            "entra adfs local",
            "choice",
            id="T6: an IPv4 address in IPv6 clothes is inside as well",
        ),
        pytest.param(
            replace(MIXED, ways=(ENTRA, ADFS), network=ip_address("fd00::1")),
            None,
            "entra adfs local",
            "choice",
            id="T6: so is an IPv6 one",
        ),
        pytest.param(
            replace(MIXED, ways=(ENTRA, ADFS)),
            None,
            "entra local",
            "network_outside choice",
            id="T6: unknown is outside",
        ),
        pytest.param(
            replace(MIXED, ways=(ENTRA, NEARBY), network=INSIDE),
            None,
            "adfs entra local",
            "choice",
            id="T6: first inside",
        ),
        pytest.param(
            replace(MIXED, ways=(ENTRA, NEARBY), network=OUTSIDE),
            None,
            "entra adfs local",
            "choice",
            id="T6: and usual outside",
        ),
        # the application
        pytest.param(
            replace(MIXED, accepted=frozenset({"google"}), address=JANE),
            None,
            "google",
            "application_refuses local_application_refuses route_closed choice",
            id="R5: the application refuses the domain's connection",
        ),
        pytest.param(
            replace(MIXED, accepted=frozenset({"google", "local"}), address=KIM),
            "local",
            "google local",
            "application_refuses route_none password_page",
            id="R5: it accepts the password",
        ),
        # the only way
        pytest.param(SINGLE, "entra", "entra", "local_off only_way", id="R4: a single connection is entered"),
        pytest.param(
            replace(SINGLE, page="email_first"),
            None,
            "entra",
            "local_off choice",
            id="R4: not where the address comes first",
        ),
        pytest.param(
            replace(SINGLE, has_just_ended=True),
            None,
            "entra",
            "local_off no_loop choice",
            id="R4: not after a failure",
        ),
        pytest.param(
            replace(SINGLE, has_just_ended=True, address=JANE),
            "entra",
            "entra",
            "local_off route",
            id="but when typed again",
        ),
        pytest.param(replace(SINGLE, local_enabled=True), None, "entra local", "choice", id="not beside the password"),
        pytest.param(replace(MIXED, ways=()), None, "local", "choice", id="the password alone has a page of its own"),
        pytest.param(
            replace(SSO, ways=(HIDDEN, GOOGLE)),
            "google",
            "google",
            "local_off only_way",
            id="a way without a button is no choice",
        ),
        pytest.param(replace(SSO, ways=(HIDDEN, GOOGLE), address=JANE), "entra", "google", "local_off route", id="but a route"),
        pytest.param(replace(SSO, ways=(HIDDEN,)), None, "", "local_off address_needed", id="only ways without buttons"),
    ],
)
def test_discovery(question: Question, go: str | None, ways: str, codes: str) -> None:
    decision = discover(question)
    assert (decision.go, " ".join(decision.ways)) == (go, ways)
    assert " ".join(reason.code for reason in decision.reasons) == codes
    assert decision.cause is None


@pytest.mark.parametrize(
    ("question", "hints", "go", "code"),
    [
        pytest.param(MIXED, {"connection": "google"}, "google", "hint_connection", id="a connection"),
        pytest.param(MIXED, {"connection": "local"}, "local", "hint_connection", id="the password"),
        pytest.param(
            replace(SSO, ways=(HIDDEN, GOOGLE, ADFS)),
            {"connection": "entra"},
            "entra",
            "hint_connection",
            id="one without a button",
        ),
        pytest.param(MIXED, {"connection": "adfs"}, None, "hint_connection_ignored", id="an unknown connection"),
        pytest.param(SSO, {"connection": "local"}, None, "hint_connection_ignored", id="the password, which is off"),
        pytest.param(
            replace(MIXED, ways=(ENTRA_OFF, GOOGLE)),
            {"connection": "entra"},
            None,
            "hint_connection_ignored",
            id="one that is off",
        ),
        pytest.param(
            replace(MIXED, rules=(ENFORCED,)),
            {"connection": "local", "login": "jane@acme.example"},
            "entra",
            "hint_connection_ignored",
            id="RT-07: the password for an address whose domain is enforced",
        ),
        pytest.param(MIXED, {"login": "Jane@ACME.example."}, "entra", "route", id="an address of a bound domain"),
        pytest.param(MIXED, {"login": "kim@partner.example"}, "local", "password_page", id="another address"),
        pytest.param(SSO, {"login": "kim@partner.example"}, None, "route_none", id="another address, several ways"),
        pytest.param(MIXED, {"login": "jane"}, None, "hint_login_ignored", id="a login hint that is no address"),
        pytest.param(MIXED, {"login": "\x00" * 5000}, None, "hint_login_ignored", id="a login hint of rubbish"),
        pytest.param(MIXED, {"domain": "ACME.example"}, "entra", "hint_domain", id="a bound domain"),
        pytest.param(MIXED, {"domain": "partner.example"}, None, "route_none", id="another domain"),
        pytest.param(MIXED, {"domain": "organizations"}, None, "hint_domain_ignored", id="Microsoft's word for any directory"),
        pytest.param(MIXED, {"domain": "*.acme.example"}, None, "hint_domain_ignored", id="a rule's name"),
        pytest.param(
            MIXED,
            {"connection": "google", "login": "jane@acme.example"},
            "google",
            "hint_connection",
            id="connection before login",
        ),
        pytest.param(
            MIXED,
            {"login": "jane@acme.example", "domain": "partner.example"},
            "entra",
            "hint_login",
            id="login before domain",
        ),
    ],
)
def test_r4_hints_are_honoured_where_they_fit(question: Question, hints: dict[str, str], go: str | None, code: str) -> None:
    decision = discover(replace(question, hints=Hints(**hints)))
    assert decision.go == go
    assert code in [reason.code for reason in decision.reasons]


@pytest.mark.parametrize("hints", [Hints(connection="google"), Hints(login="jane@acme.example"), Hints(domain="acme.example")])
def test_r4_no_hint_enters_by_itself_after_a_failure_or_beside_a_typed_address(hints: Hints) -> None:
    assert discover(replace(MIXED, hints=hints, has_just_ended=True)).go is None
    assert discover(replace(MIXED, hints=hints, address=KIM)).go == "local"


def test_the_address_to_hand_on_is_the_typed_one_then_the_hinted_one() -> None:
    hinted = replace(MIXED, hints=Hints(login="Jane@acme.example"))
    assert discover(hinted).address == Address("Jane", "acme.example")
    assert discover(replace(hinted, address=KIM)).address == KIM
    assert discover(MIXED).address is None


@pytest.mark.parametrize(
    ("question", "first", "ways"),
    [
        pytest.param(replace(MIXED, last_method="google"), "google", "google entra local", id="the last connection"),
        pytest.param(replace(MIXED, last_method="local"), "local", "local entra google", id="the password"),
        pytest.param(replace(MIXED, last_method="gone"), None, "entra google local", id="one that is no more"),
        pytest.param(replace(MIXED, ways=(ENTRA_OFF, GOOGLE), last_method="entra"), None, "google local", id="one that is off"),
        pytest.param(MIXED, None, "entra google local", id="a new device"),
        pytest.param(
            replace(MIXED, ways=(ENTRA, NEARBY), network=INSIDE),
            "adfs",
            "adfs entra local",
            id="T6: the way of this network",
        ),
        pytest.param(
            replace(MIXED, ways=(ENTRA, NEARBY), network=INSIDE, last_method="entra"),
            "entra",
            "entra adfs local",
            id="the last one before that of the network",
        ),
        pytest.param(replace(MIXED, ways=()), None, "local", id="nothing to set apart"),
        pytest.param(replace(SSO, ways=(HIDDEN,)), None, "", id="nothing at all"),
    ],
)
def test_r8_the_last_method_is_offered_first(question: Question, first: str | None, ways: str) -> None:
    decision = discover(question)
    assert (decision.first, " ".join(decision.ways)) == (first, ways)


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        pytest.param(MIXED, True, id="both: field and buttons"),
        pytest.param(replace(MIXED, page="email_first"), True, id="e-mail first: the field"),
        pytest.param(replace(MIXED, page="buttons"), True, id="buttons: the local form has it"),
        pytest.param(replace(SSO, page="buttons"), False, id="buttons without the local form"),
        pytest.param(replace(SSO, page="buttons", ways=(HIDDEN,)), True, id="buttons, but no way has one"),
        pytest.param(replace(MIXED, address=JANE), False, id="an address was typed"),
    ],
)
def test_r2_the_tenant_chooses_what_the_page_asks(question: Question, asks: bool) -> None:
    assert discover(question).asks_address is asks


@pytest.mark.parametrize(
    ("question", "cause"),
    [
        pytest.param(replace(SSO, ways=()), Cause.METHOD_NOT_ALLOWED, id="nothing is set up"),
        pytest.param(replace(SINGLE, ways=(ENTRA_OFF,)), Cause.CONNECTION_DISABLED, id="the only connection is off"),
        pytest.param(
            replace(SINGLE, ways=(ENTRA_OFF,), address=JANE),
            Cause.CONNECTION_DISABLED,
            id="and an address of its domain typed",
        ),
        pytest.param(
            replace(MIXED, ways=(ENTRA_OFF,), address=JANE, rules=(ENFORCED,)),
            Cause.CONNECTION_DISABLED,
            id="RT-07: enforced and off: the password does not step in",
        ),
        pytest.param(
            replace(SINGLE, accepted=frozenset({"google"})), Cause.METHOD_NOT_ALLOWED, id="the application refuses all"
        ),
        pytest.param(
            replace(SINGLE, ways=(ENTRA_OFF,), accepted=frozenset({"x"})),
            Cause.METHOD_NOT_ALLOWED,
            id="refused, and off as well",
        ),
        pytest.param(replace(SINGLE, ways=(ADFS,), network=OUTSIDE), Cause.METHOD_NOT_ALLOWED, id="outside the only network"),
        pytest.param(
            replace(SINGLE, ways=(HIDDEN,), address=KIM),
            Cause.METHOD_NOT_ALLOWED,
            id="an address that no hidden way is for",
        ),
        pytest.param(
            replace(
                SINGLE,
                ways=(ENTRA_OFF, replace(HIDDEN, key="x")),
                address=JANE,
                rules=(replace(ACME, connection="x2"),),
            ),
            Cause.METHOD_NOT_ALLOWED,
            id="bound to a connection that is gone; that another is off is not why",
        ),
        pytest.param(
            replace(SINGLE, ways=(ENTRA_OFF,), address=JANE, rules=(replace(ACME, connection=None),)),
            Cause.CONNECTION_DISABLED,
            id="listed only, and the one connection is off",
        ),
    ],
)
def test_where_nothing_is_possible_the_cause_says_why(question: Question, cause: Cause) -> None:
    decision = discover(question)
    assert (decision.go, decision.ways, decision.cause) == (None, (), cause)
    assert decision.reasons[-1].code == "no_way"


@pytest.mark.parametrize(
    ("question", "key", "cause", "code"),
    [
        pytest.param(MIXED, "entra", None, "way_allowed", id="a button"),
        pytest.param(MIXED, "local", None, "local_allowed", id="the password"),
        pytest.param(replace(SSO, ways=(HIDDEN,)), "entra", None, "way_allowed", id="a way without a button"),
        pytest.param(MIXED, "nowhere", Cause.METHOD_NOT_ALLOWED, "way_unknown", id="an unknown key"),
        pytest.param(
            replace(MIXED, ways=(ENTRA_OFF,)),
            "entra",
            Cause.CONNECTION_DISABLED,
            "connection_disabled",
            id="one that is off",
        ),
        pytest.param(
            replace(MIXED, accepted=frozenset({"google"})),
            "entra",
            Cause.METHOD_NOT_ALLOWED,
            "application_refuses",
            id="refused",
        ),
        pytest.param(
            replace(MIXED, ways=(ADFS,), network=OUTSIDE),
            "adfs",
            Cause.METHOD_NOT_ALLOWED,
            "network_outside",
            id="outside",
        ),
        pytest.param(SSO, "local", Cause.METHOD_NOT_ALLOWED, "local_off", id="LC-10: the password, which is off"),
        pytest.param(
            replace(MIXED, accepted=frozenset({"google"})),
            "local",
            Cause.METHOD_NOT_ALLOWED,
            "local_application_refuses",
            id="R5: the password, which the application refuses",
        ),
        pytest.param(
            replace(MIXED, rules=(ENFORCED,), address=JANE),
            "local",
            Cause.METHOD_NOT_ALLOWED,
            "local_enforced_away",
            id="RT-07: posted straight to the password page",
        ),
        pytest.param(
            replace(MIXED, rules=(ENFORCED,), address=KIM), "local", None, "local_allowed", id="RT-07: others may still"
        ),
    ],
)
def test_rt07_every_way_is_checked_again_behind_its_page(question: Question, key: str, cause: Cause | None, code: str) -> None:
    verdict = check_way(question, key)
    assert (verdict.cause, [reason.code for reason in verdict.reasons]) == (cause, [code])


def test_rt04_a_decision_is_not_told_anything_about_accounts() -> None:
    names = "ways rules local_enabled page address accepted network hints last_method has_just_ended"
    assert [field.name for field in fields(Question)] == names.split()


KEYS = ["entra", "google", "adfs"]
WAYS = st.lists(
    st.builds(
        Way,
        key=st.sampled_from(KEYS),
        kind=st.just("oidc"),
        label=st.just("Label"),
        enabled=st.booleans(),
        shown=st.booleans(),
        position=st.integers(0, 3),
        networks=st.sampled_from([(), ADFS.networks]),
        first_in_network=st.booleans(),
    ),
    unique_by=lambda way: way.key,
).map(tuple)
RULES = st.lists(
    st.builds(
        DomainRule,
        name=st.sampled_from(["acme.example", "*.acme.example", "gmail.com"]),
        connection=st.sampled_from([None, *KEYS, "gone"]),
        enforce=st.booleans(),
        proven=st.booleans(),
    ),
    unique_by=lambda rule: rule.name,
).map(tuple)
HINTS = st.builds(
    Hints,
    login=st.sampled_from(["", "jane@acme.example", "kim@partner.example"]) | st.text(max_size=5),
    domain=st.sampled_from(["", "acme.example", "x.acme.example"]) | st.text(max_size=5),
    connection=st.sampled_from(["", "local", "nowhere", *KEYS]),
)
QUESTION: Mapping[str, st.SearchStrategy[Any]] = {
    "ways": WAYS,
    "rules": RULES,
    "local_enabled": st.booleans(),
    "page": st.sampled_from(["email_first", "buttons", "both"]),
    "address": st.sampled_from([None, JANE, KIM, Address("x", "x.acme.example"), Address("x", "gmail.com")]),
    "accepted": st.frozensets(st.sampled_from(["local", *KEYS])),
    "network": st.sampled_from([None, INSIDE, OUTSIDE]),
    "hints": HINTS,
    "last_method": st.sampled_from([None, "local", "gone", *KEYS]),
    "has_just_ended": st.booleans(),
}


@given(st.builds(Question, **QUESTION))
def test_discovery_offers_and_enters_only_what_may_be_used_and_always_says_why(question: Question) -> None:
    decision = discover(question)
    address = question.address or decision.address
    if decision.go:
        assert check_way(replace(question, address=address), decision.go).cause is None
    assert all(check_way(question, key).cause is None for key in decision.ways)
    assert len(set(decision.ways)) == len(decision.ways)
    assert decision.first in (None, *decision.ways[:1])
    if decision.cause:
        assert not decision.go
        assert not decision.ways
    else:
        assert decision.go or decision.ways or decision.asks_address
    assert decision.reasons
    assert all(reason.sentence for reason in decision.reasons)
    if question.has_just_ended and question.address is None:
        assert decision.go is None


@given(st.builds(Question, **QUESTION))
def test_rt05_only_a_proven_rule_ever_routes(question: Question) -> None:
    decision = discover(question)
    if any(reason.code == "route" for reason in decision.reasons):
        assert any(rule.is_trusted and rule.connection == decision.go for rule in question.rules)


def test_r7_reasons_name_ways_as_people_call_them() -> None:
    """Keys are for addresses; a domain's connection that is no more has nothing else."""
    entra = replace(ENTRA, label="Work account")
    asked = replace(MIXED, ways=(entra, GOOGLE))
    assert discover(asked).reasons[-1].sentence == "The person chooses: Work account, Google, e-mail and password."
    hinted = discover(replace(asked, hints=Hints(connection="entra")))
    assert hinted.reasons[-1].sentence == "The application asks for Work account."
    closed = replace(asked, ways=(replace(entra, enabled=False),), address=JANE)
    gone = replace(asked, ways=(GOOGLE,), address=JANE)
    for question, name in ((closed, "Work account"), (gone, "entra")):
        said = [one.sentence for one in discover(question).reasons]
        assert f"acme.example belongs to {name}, which can't be used now." in said
