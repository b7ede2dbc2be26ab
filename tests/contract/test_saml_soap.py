"""Single logout from server to server, for sessions that end without their browser (S4; conformance.md C, I17; SD-10)."""

from functools import partial

import pytest
from werkzeug import Response

from broker.downstream import logout
from broker.downstream.saml.soap import tell_by_soap
from broker.downstream.saml.subjects import TRANSIENT
from broker.downstream.telling import DELIVERY, NotTold
from tenants.audit import Event
from tenants.logout_leases import LEASE, Leased
from tenants.logouts import LogoutDelivery
from tenants.saml_logins import SamlLogin
from tenants.sessions import BrowserSession
from tests import factories
from tests.peers.xml_signing import saml_key
from tests.support import steps
from tests.support.html import Page
from tests.support.rows import stored
from tests.support.saml_app import SamlApp
from tests.support.soap_site import SoapSite, done, enveloped


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home, with_totp=False, with_password=False)


@pytest.fixture
def wiki(app, home, ada):
    """Can be told both ways."""
    origin = f"https://wiki.{home.domain}"
    return SamlApp.of(app, home, slo={"redirect": f"{origin}/slo", "soap": f"{origin}/soap"}).signed_in(ada)


@pytest.fixture
def site(wiki, peers):
    made = SoapSite(wiki)
    peers.open(wiki.config.slo["soap"].removesuffix("/soap"), made)
    return made


def end(home, wiki):
    """As an admin does it."""
    home.change(BrowserSession, wiki.session.row.id, ended_at=home.now)


def work(app, broker):
    with app.app_context():
        while logout.work(broker):
            pass


def test_i17_session_that_ends_without_its_browser_is_told_by_soap_and_who_is_not_is_named(app, broker, home, ada, wiki, site):
    got = wiki.ask()
    mute = wiki.other("mute", slo={"redirect": "https://mute.example/slo"})
    mute.ask()
    end(home, wiki)
    work(app, broker)
    (asked,) = site.heard
    assert asked.findtext("{*}NameID") == got.name_id.text
    assert asked.findtext("{*}SessionIndex") == got.one("AuthnStatement").get("SessionIndex")
    assert asked.get("Destination") == wiki.config.slo["soap"]
    told = {row.application_id: row for row in stored(home, LogoutDelivery)}
    assert told[wiki.application.id].confirmed_at is not None
    assert (told[mute.application.id].channel, told[mute.application.id].confirmed_at) == (None, None)
    (event,) = steps.events(home, Event.LOGOUT_UNFINISHED)
    assert (event.application_id, event.account_id) == (mute.application.id, wiki.session.row.account_id)
    assert stored(home, SamlLogin, application_id=wiki.application.id)[0].ended_at is not None
    page = Page(mute.signed_in(ada).get("/account/activity").text)
    assert "Mute can’t be told that your session ended: it may still be open there" in page.words


def test_i17_session_whose_time_is_over_is_no_news_to_who_was_told_its_end(app, broker, home, wiki, clock):
    mute = wiki.other("mute")
    mute.ask()
    clock.advance(hours=13)
    work(app, broker)
    assert [row.channel for row in stored(home, LogoutDelivery)] == [None]
    assert not steps.events(home, Event.LOGOUT_UNFINISHED)


def partial_logout(site, asked):
    return done(site, asked, "Responder", "PartialLogout")


def unknown(site, asked, **how):
    return done(site, asked, "Requester", "UnknownPrincipal", **how)


FAULTS = {
    "signed by another": (partial(done, key=saml_key(40)), "its answer is none: signature", False),
    "to another request": (partial(done, InResponseTo="_other"), "its answer is none: issuer", False),
    "unsigned, to another": (partial(done, is_signed=False, InResponseTo="_o"), "its answer is none: issuer", False),
    "not all is over": (partial_logout, "not all of it is over: Responder PartialLogout", True),
    "no envelope": (lambda _site, _asked: Response("<html/>"), "its answer is none: root", False),
    "a bomb": (lambda _site, _asked: enveloped(b"<!DOCTYPE x>"), "its answer is none: doctype", False),
    "an assertion": (lambda _site, _asked: enveloped(b"<x/>"), "its answer is none: root", False),
    "a fault": (lambda _site, _asked: Response("no", 500), "answered with status 500", False),
    "gone": (lambda _site, _asked: Response("no", 404), "answered with status 404", True),
}


def test_sd10_answers_that_are_none_confirm_nothing(app, broker, home, wiki, site, peers):
    """One after the other, as the tries of one delivery."""
    wiki.ask()
    end(home, wiki)
    tenant, (row,) = broker.snapshots.find_by_id(home.id), stored(home, SamlLogin)
    delivery = Leased("lgo_1", home.id, wiki.application.id, row.session_id, row.account_id, "saml_soap", {}, home.now, 1)

    def tell():
        with app.app_context():
            tell_by_soap(broker, tenant, tenant.application_by_id(wiki.application.id), delivery)

    for name, (answer, words, is_final) in FAULTS.items():
        site.answer = answer
        with pytest.raises(NotTold) as refused:
            tell()
        assert (words in str(refused.value), refused.value.is_final) == (True, is_final), (name, str(refused.value))
    peers.close(wiki.config.slo["soap"].removesuffix("/soap"))
    with pytest.raises(NotTold, match="not reached"):
        tell()
    peers.open(wiki.config.slo["soap"].removesuffix("/soap"), site)
    assert stored(home, SamlLogin)[0].ended_at is None
    site.answer = partial(done, is_signed=False)
    tell()
    assert stored(home, SamlLogin)[0].ended_at is not None
    site.answer = partial(unknown, is_signed=False)
    tell()  # it has heard before
    with home.db.writing() as db:
        db.delete(db.get_one(SamlLogin, (home.id, row.id)))
    with pytest.raises(NotTold, match="not known any more"):
        tell()


def test_i17_what_a_browser_leaves_undone_is_done_from_server_to_server(app, broker, home, wiki, site, clock):
    """One browser asks the application and never comes back; another comes back without an answer."""
    wiki.ask()
    for comes_back in (False, True):
        session = wiki.session.row.id
        token = Page(wiki.get("/").text).forms[0].fields["csrf_token"].value
        left = wiki.browser.post(f"{home.path}/sign-out", base_url=wiki.origin, data={"csrf_token": token})
        wiki.heard(wiki.follow(left))
        (row,) = stored(home, LogoutDelivery, session_id=session)
        assert (row.channel, row.tries, row.confirmed_at) == ("saml", 1, None)
        work(app, broker)
        assert site.heard == [], "its time is not over"
        if comes_back:
            wiki.get("/saml/idp/slo/next", f"chain={row.facts['chain']}")
        else:
            clock.advance(minutes=11)
        work(app, broker)
        assert len(site.heard) == 1
        assert stored(home, LogoutDelivery, session_id=session)[0].confirmed_at is not None
        site.heard.clear()
        wiki.signed_in(factories.account(home, is_email_verified=True)).ask()


def late(clock, seconds):
    """Done, so long after it was asked."""

    def answer(site, asked):
        clock.advance(seconds=seconds)
        return done(site, asked)

    return answer


def test_i17_slow_application_has_one_deadline_for_all_its_names_and_hears_the_rest_later(app, broker, home, wiki, site, clock):
    """A transient name is another one at each assertion."""
    for _ in range(7):
        wiki.ask(f'<samlp:NameIDPolicy Format="{TRANSIENT}"/>')
    site.answer = late(clock, 2)
    end(home, wiki)
    for heard, tries in ((3, 1), (6, 2), (7, 3)):
        work(app, broker)
        (row,) = stored(home, LogoutDelivery)
        assert (len(site.heard), row.tries, row.confirmed_at is None) == (heard, tries, heard < 7)
        clock.advance(seconds=10)
    assert len({one.findtext("{*}NameID") for one in site.heard}) == 7
    assert all(row.ended_at for row in stored(home, SamlLogin))


def test_i17_slow_applications_leave_time_for_mail_between_two_rounds(app, broker, home, ada, wiki, site, clock):
    """A round begins nothing more once its time is over, and takes no more from other processes than it can make."""
    assert logout.AT_ONCE * DELIVERY < LEASE
    for _ in range(5):
        wiki.signed_in(ada).ask()
        end(home, wiki)
    with app.app_context():
        logout.pass_on_ended(broker)
        site.answer = late(clock, logout.ROUND.total_seconds())
        assert logout.tell(broker)
    assert len(site.heard) <= logout.AT_ONCE
    assert sum(row.tries for row in stored(home, LogoutDelivery)) == len(site.heard)
    work(app, broker)
    assert len(site.heard) == 5
