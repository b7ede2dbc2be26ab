"""Which rule is about an address, and what it may do."""

import pytest

from tenants.addresses import Address, AddressError
from tenants.routing_domains import (
    PUBLIC_MAIL_DOMAINS,
    DomainRule,
    find_rule,
    is_domain_allowed,
    is_public,
    parse_domain_name,
)

ACME = DomainRule("acme.example", connection="entra", proven=True)
BELOW = DomainRule("*.acme.example")
DEEP = DomainRule("*.lab.acme.example")
LAB = DomainRule("x.lab.acme.example", allowed=False)


@pytest.mark.parametrize(
    ("domain", "rules", "found"),
    [
        pytest.param("acme.example", [ACME, BELOW], ACME, id="its own name"),
        pytest.param("sub.acme.example", [ACME], None, id="RT-06: a sub-domain is not implied"),
        pytest.param("acme.example", [BELOW], None, id="a wildcard does not cover the domain itself"),
        pytest.param("sub.acme.example", [ACME, BELOW], BELOW, id="a wildcard covers what is below"),
        pytest.param("a.b.acme.example", [BELOW], BELOW, id="at any depth"),
        pytest.param("a.lab.acme.example", [BELOW, DEEP], DEEP, id="the longest wildcard wins"),
        pytest.param("a.lab.acme.example", [DEEP, BELOW], DEEP, id="in whatever order they stand"),
        pytest.param("x.lab.acme.example", [DEEP, BELOW, LAB], LAB, id="an exact name beats every wildcard"),
        pytest.param("evilacme.example", [ACME, BELOW], None, id="a name that only ends alike is another"),
        pytest.param("acme.example.evil.example", [ACME, BELOW], None, id="a name that begins alike is another"),
        pytest.param("acme.example", [], None, id="no rules"),
    ],
)
def test_rt06_one_rule_is_about_a_domain(domain: str, rules: list[DomainRule], found: DomainRule | None) -> None:
    assert find_rule(domain, rules) is found


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        pytest.param("Acme.Example", "acme.example", id="case"),
        pytest.param(" acme.example. ", "acme.example", id="blanks and a trailing dot"),
        pytest.param("*.Acme.example", "*.acme.example", id="a wildcard"),
        pytest.param("*.Bücher.example", "*.xn--bcher-kva.example", id="an IDN wildcard"),
    ],
)
def test_rt06_a_domain_name_is_normalised(typed: str, name: str) -> None:
    assert parse_domain_name(typed) == name == parse_domain_name(name)


@pytest.mark.parametrize(
    "typed",
    [
        "", "*", "*.", "*.com", "com", "a.*.example", "*acme.example", "*.*.acme.example", "@acme.example", "192.0.2.1",
        "jane@acme.example", "https://acme.example", "acme.example/x", "acme example.org", "acme.example:443",
        "a..example", "\x00.example",
    ],
)  # fmt: skip
def test_rubbish_is_no_domain_name(typed: str) -> None:
    with pytest.raises(AddressError):
        parse_domain_name(typed)


@pytest.mark.parametrize("name", sorted(PUBLIC_MAIL_DOMAINS))
def test_rt05_a_public_mail_domain_is_never_trusted_whatever_the_row_says(name: str) -> None:
    assert parse_domain_name(name) == name
    assert is_public(name)
    assert is_public(f"*.{name}")
    assert not DomainRule(name, connection="google", proven=True).is_trusted
    assert not DomainRule(f"*.{name}", connection="google", proven=True).is_trusted


def test_rt05_a_rule_is_trusted_only_once_proven() -> None:
    assert ACME.is_trusted
    assert not DomainRule("acme.example", connection="entra").is_trusted


def test_rt08_enforcing_outlives_a_lapsed_proof_and_needs_a_connection() -> None:
    assert DomainRule("acme.example", connection="entra", enforce=True, proven=False).refuses_local
    assert not DomainRule("acme.example", connection="entra").refuses_local
    assert not DomainRule("acme.example", connection=None, enforce=True).refuses_local


@pytest.mark.parametrize(
    ("domain", "rules", "is_allowed", "code"),
    [
        pytest.param("acme.example", [ACME], True, "domain_allowed", id="a listed domain is let in"),
        pytest.param("gmail.com", [DomainRule("gmail.com")], True, "domain_allowed", id="a public one too, if listed"),
        pytest.param("new.example", [DomainRule("new.example")], True, "domain_allowed", id="an unproven one too"),
        pytest.param("sub.acme.example", [ACME], False, "domain_not_listed", id="RT-06: its sub-domain is not"),
        pytest.param("sub.acme.example", [BELOW], True, "domain_allowed", id="below a wildcard"),
        pytest.param("x.lab.acme.example", [BELOW, LAB], False, "domain_not_allowed", id="an exception below a wildcard"),
        pytest.param("acme.example", [], False, "domain_not_listed", id="an empty list lets nobody in"),
        pytest.param(None, [ACME], False, "domain_missing", id="no address"),
    ],
)
def test_the_whitelist_decides(domain: str | None, rules: list[DomainRule], is_allowed: bool, code: str) -> None:
    address = Address("jane", domain) if domain else None
    decided, reason = is_domain_allowed(address, rules)
    assert (decided, reason.code) == (is_allowed, code)
    assert reason.sentence
