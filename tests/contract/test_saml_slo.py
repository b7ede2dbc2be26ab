"""Single logout between our identity provider and its applications (conformance.md C, I17; security.md, SD-10)."""

from urllib.parse import urlsplit

import pytest

from tenants.audit import Event
from tenants.logouts import LogoutDelivery
from tenants.sessions import BrowserSession
from tests import factories
from tests.browser import Browser
from tests.peers.xml_signing import saml_key
from tests.support import steps
from tests.support.html import Page
from tests.support.rows import application_grant, stored
from tests.support.saml_app import SamlApp, posts_nothing


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


def app_with(app, home, name, *bindings):
    """An application with addresses for signing out; without `bindings` by Redirect."""
    origin = f"https://{name}.{home.domain}"
    places = {binding: f"{origin}/slo/{binding}" for binding in bindings or ("redirect",)}
    return SamlApp.of(app, home, name=name, slo=places, slo_answers=places)


@pytest.fixture
def wiki(app, home):
    return app_with(app, home, "wiki").signed_in()


def beside(first, name, *bindings):
    """Another application in the same browser."""
    made = app_with(first.app, first.home, name, *bindings)
    made.browser, made.session = first.browser, first.session
    return made


def is_over(home, session):
    return stored(home, BrowserSession, id=session.row.id)[0].ended_at is not None


def status(document):
    return tuple(one.get("Value").rpartition(":")[2] for one in document.iter("{*}StatusCode"))


def send(one, root, relay_state="back"):
    return one.get("/saml/idp/slo", one.sp.logout_query(root, relay_state))


def report(one, response):
    """The page at the end of a chain, by way of our own addresses."""
    while "Location" in response.headers and urlsplit(response.headers["Location"]).path.startswith(one.home.path):
        response = one.follow(response)
    return Page(response.text).words


def test_i17_an_application_ends_the_session_and_hears_that_all_is_over(wiki, home):
    asked = wiki.sp.wish(wiki.ask())
    answer = send(wiki, asked)
    url, relay_state, document = wiki.heard(answer)
    assert (url, relay_state, status(document)) == (wiki.config.slo["redirect"], "back", ("Success",))
    assert (document.get("InResponseTo"), document.get("Destination")) == (asked.get("ID"), url)
    assert is_over(home, wiki.session)
    assert steps.events(home, Event.SIGNED_OUT)[0].application_id == wiki.application.id
    assert "/sign-in" in wiki.send(wiki.sp.query(wiki.sp.request())).headers["Location"]


def test_i17_the_others_of_the_session_are_told_one_after_the_other(wiki, home):
    blog, desk, mute = beside(wiki, "blog"), beside(wiki, "desk", "post"), wiki.other("mute")
    names = {one.application.id: (one, one.ask()) for one in (blog, desk)}
    mute.ask()
    answer = send(wiki, wiki.sp.wish(wiki.ask()))
    seen = []
    for _ in range(2):
        url, relay_state, asked = wiki.heard(answer)
        other, got = next(pair for pair in names.values() if url in pair[0].config.slo.values())
        assert asked.findtext("{*}NameID") == got.name_id.text
        assert asked.findtext("{*}SessionIndex") == got.one("AuthnStatement").get("SessionIndex")
        seen.append(other.application.key)
        answer = send(other, other.sp.confirm(asked), relay_state)
    assert sorted(seen) == ["blog", "desk"]
    _, _, document = wiki.heard(answer)
    assert status(document) == ("Responder", "PartialLogout"), "one of them has no way to be told"
    told = {row.application_id: row.confirmed_at is not None for row in stored(home, LogoutDelivery)}
    assert told == {wiki.application.id: True, blog.application.id: True, desk.application.id: True, mute.application.id: False}


def test_i17_whoever_does_not_confirm_makes_it_partial(wiki, home):
    blog = beside(wiki, "blog")
    blog.ask()
    answer = send(wiki, wiki.sp.wish(wiki.ask()))
    _, relay_state, asked = wiki.heard(answer)
    answer = send(blog, blog.sp.confirm(asked, "Responder", "PartialLogout"), relay_state)
    assert status(wiki.heard(answer)[2]) == ("Responder", "PartialLogout")


def test_i17_signing_out_here_tells_them_and_reports_honestly(app, home):
    wiki, ada, browser = app_with(app, home, "wiki", "post"), factories.account(home), Browser(app)
    blog = app_with(app, home, "blog")
    for one in (wiki, blog):
        browser.open(f"{home.path}/saml/idp/sso?{one.sp.query(one.sp.request())}")
        if "SAMLResponse" not in browser.text:
            steps.prove(browser.submit(email=ada.email), home, ada)
        assert one.read(browser.text).status == ("Success",)
    browser.open(f"{home.path}/").submit(press="Sign out")
    url, relay_state, asked = wiki.heard(browser.response)
    first, second = (wiki, blog) if "wiki" in url else (blog, wiki)
    browser.open(f"{home.path}/saml/idp/slo?{first.sp.logout_query(first.sp.confirm(asked), relay_state)}")
    wiki.heard(browser.response)
    # The second one does not send the browser back: the person goes on by hand.
    assert [row.tries for row in stored(home, LogoutDelivery, application_id=second.application.id)] == [1]
    chain = stored(home, LogoutDelivery, application_id=second.application.id)[0].facts["chain"]
    browser.open(f"{home.path}/saml/idp/slo/next?chain={chain}")
    assert browser.path == f"{home.path}/signed-out"
    assert f"{first.application.name} Signed out" in browser.words
    assert f"{second.application.name} May still be open" in browser.words


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_i17_by_either_binding(app, home, binding):
    wiki = app_with(app, home, "wiki", "redirect", "post").signed_in()
    asked = wiki.sp.wish(wiki.ask())
    answer = wiki.post(wiki.sp.logout_form(asked), "/saml/idp/slo") if binding == "post" else send(wiki, asked)
    url, _, document = wiki.heard(answer)
    assert (url, status(document)) == (wiki.config.slo[binding], ("Success",))


def test_i17_an_openid_connect_application_hears_of_it_too(app, wiki, home):
    oidc = factories.application(home, backchannel_logout_uri="https://app.example/backchannel")
    row = application_grant(home)
    home.change(type(row), row.id, session_id=wiki.session.row.id, application_id=oidc.id, redeemed_at=home.now)
    send(wiki, wiki.sp.wish(wiki.ask()))
    rows = stored(home, LogoutDelivery, application_id=oidc.id)
    assert [(row.channel, row.next_try_at is not None) for row in rows] == [("backchannel", True)]


FORGED = {
    "unsigned": (lambda sp, root: sp.logout_query(root, is_signed=False)),
    "of another key": (lambda sp, root: sp.logout_query(root, key=saml_key(40))),
    "another relay state": (lambda sp, root: sp.logout_query(root).replace("RelayState=back", "RelayState=there")),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_sd10_forged_messages_end_nothing(wiki, home, forge):
    got = wiki.ask()
    assert posts_nothing(wiki.get("/saml/idp/slo", forge(wiki.sp, wiki.sp.wish(got))))
    assert not is_over(home, wiki.session)


WRONG = {
    "another destination": {"Destination": "https://evil.example/slo"},
    "an old one": {"IssueInstant": "2021-01-01T00:00:00Z"},
    "one that is over": {"NotOnOrAfter": "2021-01-01T00:00:00Z"},
    "another version": {"Version": "1.1"},
    "no destination": {"Destination": None},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_sd10_wrong_messages_end_nothing(wiki, home, changes):
    assert posts_nothing(send(wiki, wiki.sp.wish(wiki.ask(), **changes)))
    assert not is_over(home, wiki.session)


def test_sd10_only_who_was_named_there_is_signed_out(app, wiki, home):
    got, other = wiki.ask(), app_with(app, home, "wiki2").signed_in()
    eve = app_with(app, home, "eve").signed_in()
    eve_got, other_got = eve.ask(), other.ask()
    cases = (
        (wiki, wiki.sp.wish(got, name="somebody else")),
        (wiki, wiki.sp.wish(got, other_got.one("AuthnStatement").get("SessionIndex"))),
        (eve, eve.sp.wish(got)),
        (eve, eve.sp.wish(eve_got, got.one("AuthnStatement").get("SessionIndex"))),
    )
    for one, wish in cases:
        answer = send(one, wish)
        assert status(wiki.heard(answer)[2]) == ("Requester", "UnknownPrincipal")
    assert not any(is_over(home, one.session) for one in (wiki, other, eve))


def test_sd10_a_message_counts_once(wiki, home):
    wish = wiki.sp.wish(wiki.ask())
    query = wiki.sp.logout_query(wish)
    wiki.heard(wiki.get("/saml/idp/slo", query))
    assert posts_nothing(wiki.get("/saml/idp/slo", query))


def test_sd10_answers_to_nothing_that_was_asked_are_refused(wiki, home):
    blog = beside(wiki, "blog")
    blog.ask()
    answer = send(wiki, wiki.sp.wish(wiki.ask()))
    _, relay_state, asked = wiki.heard(answer)
    tried = (
        (wiki, wiki.sp.confirm(asked), relay_state),
        (blog, blog.sp.confirm(asked, InResponseTo="_other"), relay_state),
        (blog, blog.sp.confirm(asked), "lgo_nothing"),
    )
    for one, root, state in tried:
        assert posts_nothing(send(one, root, state))
    assert stored(home, LogoutDelivery, application_id=blog.application.id)[0].confirmed_at is None
    assert posts_nothing(wiki.get("/saml/idp/slo/next", "chain=abc"))


def test_sd10_without_an_address_for_answers_our_own_page_tells(app, home):
    wiki = SamlApp.of(app, home, name="plain").signed_in()
    answer = send(wiki, wiki.sp.wish(wiki.ask()))
    assert "You’re signed out" in report(wiki, answer)
    assert is_over(home, wiki.session)
