"""Claims of domains that are somebody else's, and proofs whose record is gone (security.md, RT-05, RT-08)."""

import pytest
from sqlalchemy import select

from broker.daily import ASKING_SECONDS
from broker.domain_checks import daily_checks, recheck
from tenants.audit import Event
from tenants.domain_challenges import DomainChallenge
from tenants.domain_proofs import Look, ProofError, record_name
from tenants.outbox import OutboxMail
from tests import factories
from tests.peers.people import Person
from tests.support import domains, steps


@pytest.fixture
def home(broker):
    return factories.tenant(broker, sign_in_page="email_first")


def routed(home, oidc_peer, **values):
    """A way that the tenant's domain belongs to; nothing is proven yet."""
    way = steps.oidc_way(home, oidc_peer, is_shown=False)
    steps.listed(home, way=way, **values)
    return way


def lands(browser, home, name="kim"):
    """Where somebody with an address of the domain is sent: the password page, the provider, or neither."""
    steps.notice(home)
    browser.open(f"{home.path}/sign-in/again")
    steps.type_address(browser, home, f"{name}@{home.domain}")
    return "provider" if browser.foreign else browser.path.rpartition("/")[2]


def mails(home):
    with home.db.reading() as db:
        return [(row.message, row.to_address) for row in db.scalars(select(OutboxMail).order_by(OutboxMail.created_at))]


def what_happened(home):
    return [one.event for one in steps.events(home) if one.event.startswith("domain.")]


def test_rt05_domain_leads_nowhere_until_its_own_record_was_found(home, oidc_peer, browser):
    way = routed(home, oidc_peer)
    browser.stop_at(way.origin)
    wanted = domains.asked_for(home)
    wrong = ["", wanted + "x", wanted[:-1], wanted.upper(), wanted.partition("=")[2], "sso-broker-domain=", f'"{wanted}"']
    domains.publish(home, None, *wrong)
    assert domains.look(home) is Look.ABSENT
    domains.dns_of(home).texts[home.domain] = [wanted]
    domains.dns_of(home).texts[f"_sso-broker.www.{home.domain}"] = [wanted]
    assert domains.look(home) is Look.ABSENT
    assert lands(browser, home) == "password"
    domains.publish(home, None, "v=spf1 -all", f" {wanted} ")
    assert domains.look(home) is Look.PROVEN
    assert lands(browser, home) == "provider"
    assert what_happened(home) == [Event.DOMAIN_PROVEN]


def test_rt05_record_of_another_tenant_proves_nothing(broker, home):
    other = factories.tenant(broker)
    domains.asked_for(home)
    domains.publish(home, home.domain, domains.asked_for(other, home.domain))
    assert domains.look(home) is Look.ABSENT
    assert domains.proof_of(home) is None


def test_rt05_second_claim_is_a_conflict_for_the_operator_and_changes_nothing(broker, home):
    other = factories.tenant(broker)
    domains.prove(home)
    domains.publish(home, home.domain, domains.asked_for(home), domains.asked_for(other, home.domain))
    for _ in range(2):
        assert domains.look(other, home.domain) is Look.CONFLICT
    assert (domains.proof_of(home).tenant_id, domains.proof_of(home).method) == (home.id, "dns")
    (event, _) = steps.events(other, Event.DOMAIN_CONFLICT)
    assert home.id not in str(event.detail)
    assert home.canary not in str(event.detail).replace(home.domain, "")
    with other.db.reading() as db:
        assert db.scalars(select(DomainChallenge)).one().conflict_at is not None
    assert what_happened(home) == [Event.DOMAIN_PROVEN]


def test_rt05_two_claims_at_once_have_one_winner(broker, home):
    other = factories.tenant(broker)
    domains.publish(home, home.domain, domains.asked_for(home), domains.asked_for(other, home.domain))
    found = steps.at_once([lambda: domains.look(home), lambda: domains.look(other, home.domain)])
    assert set(found) == {Look.PROVEN, Look.CONFLICT}
    assert domains.proof_of(home).tenant_id == (home.id if found[0] is Look.PROVEN else other.id)


def test_rt05_public_domain_is_not_proven_though_its_record_is_there(home):
    domains.asked_for(home, "gmail.com")
    domains.publish(home, "gmail.com")
    with pytest.raises(ProofError, match="nobody's to prove"):
        domains.look(home, "gmail.com")
    assert domains.proof_of(home, "gmail.com") is None


def test_rt08_missing_record_warns_and_after_a_week_nothing_rests_on_it(home, oidc_peer, new_browser):
    """Routing and trust go; accounts, ways and what is enforced stay."""
    boss = factories.admin(home)
    way = routed(home, oidc_peer, enforce=True)
    jane = Person(f"jane@{home.domain}")
    way.idp.person = jane
    domains.prove(home)
    going, browser = new_browser(), new_browser().stop_at(way.origin)
    assert steps.is_signed_in(steps.type_address(going, home, jane.email), home)
    domains.withdraw(home)
    domains.next_day(home)
    assert domains.proof_of(home).failing_since == home.now
    assert mails(home) == [("domain_proof", boss.email)]
    domains.next_day(home, 6)
    assert lands(browser, home) == "provider"
    domains.next_day(home)
    assert domains.proof_of(home) is None
    assert mails(home) == [("domain_proof", boss.email)] * 2
    assert what_happened(home) == [Event.DOMAIN_PROVEN, Event.DOMAIN_PROOF_MISSING, Event.DOMAIN_PROOF_LOST]
    assert lands(browser, home) not in ("provider", "password")
    assert steps.is_signed_in(steps.enter(going, home, way), home)
    way.idp.person = Person(f"new@{home.domain}")
    steps.enter(going, home, way)
    assert (going.status, steps.event_of(going, home).cause) == (403, "email_unverified")


def test_rt08_record_that_comes_back_in_time_clears_the_warning(home):
    domains.prove(home)
    domains.withdraw(home)
    domains.next_day(home, 6)
    domains.publish(home)
    domains.next_day(home)
    assert domains.proof_of(home).failing_since is None
    domains.withdraw(home)
    domains.next_day(home, 7)
    assert domains.proof_of(home).failing_since is not None
    domains.next_day(home)
    assert domains.proof_of(home) is None
    domains.publish(home)
    assert domains.look(home) is Look.PROVEN


def test_rt08_silence_is_not_a_missing_record(home):
    domains.prove(home)
    domains.dns_of(home).silent.add(record_name(home.domain))
    domains.next_day(home, 30)
    assert domains.proof_of(home).failing_since is None
    with pytest.raises(OSError, match="no name server answers"):
        domains.look(home)


def test_rt08_one_domain_that_fails_does_not_stop_the_others(broker, home, monkeypatch):
    names = [domains.prove(home, f"{letter}.{home.domain}") for letter in "abc"]
    for name in names:
        domains.withdraw(home, name)
    told = broker.ports.dns.txt

    def breaks(name, **more):
        if name == record_name(names[1]):
            raise ZeroDivisionError
        return told(name, **more)

    monkeypatch.setattr(broker.ports.dns, "txt", breaks)
    domains.next_day(home)
    assert [domains.proof_of(home, name).failing_since is not None for name in names] == [True, False, True]


def test_rt08_record_is_looked_for_once_a_day_whoever_comes_first(broker, home):
    domains.prove(home)
    broker.ports.clock.advance(days=1)
    domains.dns_of(home).asked.clear()
    domains.dns_of(home).patience.clear()
    for worker in (daily_checks(), daily_checks()):
        while worker.work(broker):
            pass
    assert domains.dns_of(home).asked.count(record_name(home.domain)) == 1
    assert set(domains.dns_of(home).patience) == {ASKING_SECONDS}, "the mails wait meanwhile"
    assert domains.proof_of(home).checked_at == home.now


def test_rt08_operators_word_is_not_looked_at_and_no_transaction_is_open_meanwhile(broker, home, monkeypatch):
    steps.listed(home, proven=True)
    name = domains.prove(home, f"mail.{home.domain}")
    asked, told = [], broker.ports.dns.txt

    def writes(name, **more):
        """Somebody else writes while the name server thinks: it would wait, were a transaction open."""
        asked.append(name)
        home.change(DomainChallenge, challenge, created_at=home.now)
        return told(name, **more)

    with home.db.reading() as db:
        challenge = db.scalars(select(DomainChallenge)).one().id
    monkeypatch.setattr(broker.ports.dns, "txt", writes)
    list(recheck(broker))
    assert record_name(name) in asked
    assert record_name(home.domain) not in asked
    assert domains.proof_of(home).method == "operator"
