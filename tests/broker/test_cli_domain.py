"""`broker domain`: what the operator does about the proofs of domains, and what `broker doctor` says of them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from broker.real_ports import real_ports
from broker.system import SystemClock
from tenants.audit import Event
from tenants.domain_proofs import record_name
from tenants.tenants import DomainProof
from tests import factories
from tests.support import domains, steps
from tests.support.commands import environment, run


@pytest.fixture(scope="module")
def database_url(own_store):
    return own_store.url


@pytest.fixture(scope="module")
def broker(own_broker):
    return own_broker


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def variables(broker, database_url, monkeypatch):
    """The command's name servers are those of the test."""
    monkeypatch.setattr("broker.wiring.real_ports", lambda settings: replace(real_ports(settings), dns=broker.ports.dns))
    return environment(database_url)


@pytest.fixture
def domain(home, variables):
    """`broker domain WHAT TENANT …` for the tenant of the test."""
    return lambda what, *arguments: run("domain", what, home.slug, *arguments, **variables)


def test_from_the_record_to_the_proof_and_back(home, domain):
    told = domain("prove", f"*.{home.domain.upper()}")
    name, _, text = told.stdout.strip().partition(" TXT ")
    assert (told.exit_code, name) == (0, f"{record_name(home.domain)}.")
    assert domain("prove", home.domain).stdout == told.stdout
    absent = domain("check", home.domain)
    assert (absent.exit_code, absent.stdout.startswith("The record is not there")) == (1, True)
    domains.publish(home, None, text.strip('"'))
    found = domain("check", home.domain)
    assert (found.exit_code, found.stdout) == (0, f"{home.domain} is proven.\n")
    assert "the record is there" in domain("check", home.domain).stdout
    (listed,) = domain("list").stdout.splitlines()
    assert listed.startswith(f"{home.domain}: proven by DNS since")
    assert listed.endswith("not on the list of domains")
    assert domain("release", home.domain).stdout == f"{home.domain} is not proven any more.\n"
    assert domains.proof_of(home) is None
    assert domain("prove", home.domain).stdout != told.stdout
    assert [one.event for one in steps.events(home)] == [Event.DOMAIN_PROVEN, Event.DOMAIN_RELEASED]


def test_missing_record_is_told_by_command_list_and_doctor(broker, home, domain, variables):
    domains.prove(home)
    domains.withdraw(home)
    missing = domain("check", home.domain)
    assert (missing.exit_code, missing.stdout.startswith("The record is missing.")) == (1, True)
    assert domain("check", home.domain).stdout.startswith("The record is still missing.")
    assert "its record is missing since" in domain("list").stdout
    warning = f"warn  tenants.{home.slug}.domains.{home.domain}: Its record is missing since"
    assert warning in run("doctor", **variables).stdout
    with broker.db.platform("a test lets time pass", home.now) as platform:
        then = SystemClock().now() - timedelta(days=7)
        platform.execute(update(DomainProof).where(DomainProof.domain == home.domain).values(failing_since=then))
    lost = domain("check", home.domain)
    assert (lost.exit_code, "is not proven any more" in lost.stdout) == (1, True)


def test_rt05_conflict_is_the_operators_to_settle(broker, home, domain, variables):
    other = factories.tenant(broker)
    domains.prove(other, home.domain)
    domains.publish(home)
    told = domain("check", home.domain)
    assert (told.exit_code, f"is proven by the tenant {other.slug}" in told.stdout) == (1, True)
    assert "CONFLICT since" in domain("list").stdout
    finding = f"tenants.{home.slug}.domains.{home.domain}: Another tenant has proven it"
    assert finding in run("doctor", **variables).stdout
    assert run("domain", "release", other.slug, home.domain, **variables).exit_code == 0
    assert domain("check", home.domain).stdout == f"{home.domain} is proven.\n"
    assert domains.proof_of(home).tenant_id == home.id
    assert finding not in run("doctor", **variables).stdout


def test_operators_word_needs_no_record_and_is_told_apart(home, domain):
    steps.listed(home, proven=True)
    assert f"{home.domain}: proven by the operator since" in domain("list").stdout
    domains.asked_for(home)
    assert "proven by the operator's word" in domain("check", home.domain).stdout
    wanted = domain("prove", home.domain).stdout
    told = domain("release", home.domain)
    assert (told.exit_code, "tenants file" in told.stderr) == (0, True)
    assert domain("prove", home.domain).stdout == wanted, "what was asked for meanwhile is still good"


def test_record_takes_the_place_of_the_operators_word_without_a_gap(home, domain):
    steps.listed(home, proven=True)
    domains.publish(home)
    found = domain("check", home.domain)
    assert (found.exit_code, "by its record from now on" in found.stdout) == (0, True)
    proof = domains.proof_of(home)
    assert (proof.method, proof.tenant_id, proof.checked_at is not None) == ("dns", home.id, True)
    assert "the record is there" in domain("check", home.domain).stdout
    assert [one.event for one in steps.events(home)] == [Event.DOMAIN_PROVEN]
    domains.withdraw(home)
    assert domain("check", home.domain).stdout.startswith("The record is missing."), "it has to stay from then on"


def test_what_can_not_be_done_is_said_in_one_line(home, domain):
    for arguments, sentence in {
        ("prove", "gmail.com"): "Anybody gets an address at gmail.com",
        ("prove", "acme"): "This is not a domain name",
        ("check", home.domain): "There is nothing to look for",
        ("release", home.domain): "This tenant has neither proven this domain nor begun to.",
    }.items():
        told = domain(*arguments)
        assert (told.exit_code, told.stdout) == (1, ""), arguments
        assert told.stderr.startswith(f"Error: {sentence}"), arguments
    assert domain("list").stdout == "No domain is listed or proven.\n"
    domains.publish(home)
    domains.dns_of(home).silent.add(record_name(home.domain))
    assert domain("check", home.domain).stderr == "Error: Nothing was changed: no name server answers.\n"
