"""Every address of the product, with tenant A's signed-in admin and what belongs to tenant B (security.md, TI-01).

A new route is walked by itself; one with a new kind of part fails until the table of B's values knows that part.
"""

from datetime import timedelta

import pytest

from tenants.ids import digest, new_secret
from tenants.organizations import Contact
from tests import factories
from tests.support.federation_rows import connection_test, consent, setup_link, trace
from tests.support.people_rows import people_job
from tests.support.relying_party import CHALLENGE, VERIFIER, RelyingParty
from tests.support.routes import csrf_token, everything, of_nobody, places
from tests.support.rows import FACTORIES, audit_event, backdoor, login_transaction, organization, stored
from tests.support.wiring import ORIGIN

# Routes that show the same to everybody: what stands in them names nothing of a tenant.
SAME_FOR_ALL = {"look.asset", "tenant_look.asset", "console.policy", "console.save_policy", "home.open_application"}
"""The last: whatever is not an application here leads to the page of those that are."""
ENDS_THE_SESSION = {"home.sign_out", "oidc.logout", "account.end_session"}
"""They come last: what is asked for without a session leads to a sign-in, whatever it names."""
INVENTED = {
    "account": "acc_nobody",
    "application": "nobody",
    "assistant": "nobody",
    "domain": "dom_no",
    "connection": "c-nobody",
    "contact": "ctc_nobody",
    "deed": "disable",
    "entry": "aud_no",
    "identity": "idn_nobody",
    "job": "job_nobody",
    "name": "nothing.svg",
    "number": "1",
    "part": "rules",
    "organization": "nobody",
    "section": "sessions",
    "test": "tst_no",
    "token": new_secret(),
}
"""A value that means nothing here, for each part of an address."""


@pytest.fixture(scope="module")
def here(broker):
    return factories.tenant(broker)


@pytest.fixture(scope="module")
def there(broker):
    """A tenant with a row in every table."""
    home = factories.tenant(broker)
    for factory in FACTORIES.values():
        factory(home)
    return home


@pytest.fixture
def admin(app, here):
    client = app.test_client()
    client.set_cookie(**factories.cookie_of(here, factories.session(here, factories.admin(here))))
    return client


@pytest.fixture(scope="module")
def theirs(app, there):
    """What of B an attacker may have got hold of, by the name of the parameter. None of it holds B's canary."""
    party = RelyingParty.of(app, there).signed_in()
    tokens = party.tokens(scope="openid offline_access")
    token, tx, browser, state = (new_secret() for _ in range(4))
    way = factories.connection(there)
    factories.invitation(there, token)
    backdoor(there, token)
    setup_link(there, token, connection_id=way.id)
    consent(there, token_hash=digest(token), may_bind=True)
    trace(there, share_hash=digest(token), share_expires_at=there.now + timedelta(days=1))
    login_transaction(
        there,
        id=digest(tx),
        browser_hash=digest(browser),
        state_hash=digest(state),
        connection_id=way.id,
        method=way.key,
    )
    return {
        "token": token,
        "connection": way.key,
        "application": party.application.key,
        "way": way.key,
        "name": "canary.svg",
        "deed": "disable",
        "entry": audit_event(there).id,
        "identity": factories.identity(there).id,
        "job": people_job(there).id,
        "part": "rules",
        "organization": organization(there).key,
        "section": "sessions",
        "assistant": "nobody",
        "domain": factories.domain(there).id,
        "number": "1",
        "test": connection_test(there, connection_id=way.id, finished_at=there.now).id,
        "contact": stored(there, Contact)[0].id,
        "tx": tx,
        "state": state,
        "code": party.code(),
        "code_verifier": VERIFIER,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "response_type": "code",
        "scope": "openid",
        "refresh_token": tokens["refresh_token"],
        "access_token": tokens["access_token"],
        "id_token_hint": tokens["id_token"],
        "client_id": party.application.client_id,
        "client_secret": party.secret,
        "redirect_uri": party.application.redirect_uris[0],
        "post_logout_redirect_uri": party.application.post_logout_redirect_uris[0],
        "grant_type": "authorization_code",
        "account": party.session.row.account_id,
        "session": party.session.row.id,
        "email": f"eve@{there.domain}",
        "password": factories.PASSWORD,
        "sid": party.session.secret,
        "browser": browser,
    }


def test_ti01_nothing_of_another_tenant_is_shown_anywhere(app, here, there, admin, theirs):
    parts = {name: [theirs[name]] for name in INVENTED}
    shown, answered = [], []
    # Signing out comes last: what is asked for without a session leads to a sign-in, whatever it names.
    for place in sorted(places(app, parts), key=lambda place: place.endpoint in ENDS_THE_SESSION):
        if not place.is_tenants:
            continue
        sent = dict(theirs)
        if place.method != "GET":
            sent["csrf_token"] = csrf_token(admin, here, place.path)
        headers = {"Authorization": f"Bearer {theirs['access_token']}"} if "userinfo" in place.path else {}
        named = {"query_string" if place.method == "GET" else "data": sent}
        answer = admin.open(f"{here.path}{place.path}", method=place.method, base_url=ORIGIN, headers=headers, **named)
        assert answer.status_code < 500, place
        if there.canary in everything(answer) or there.id in everything(answer):
            shown.append(str(place))
        if place.is_filled and place.endpoint not in SAME_FOR_ALL and answer.status_code < 400:
            answered.append(f"{place}: {answer.status} {answer.headers.get('Location')}")
    assert shown == []
    assert answered == []


def test_ti01_parts_of_another_tenant_are_as_unknown_as_invented_ones(app, here, admin, theirs):
    """Nothing tells that somebody else has such a key or token."""
    invented = {name: [value] for name, value in INVENTED.items()}
    real = {name: [theirs[name]] for name in invented}
    pairs = zip(places(app, real), places(app, invented), strict=True)
    for known, unknown in pairs:
        if not known.is_filled or not known.is_tenants:
            continue
        answers = []
        for place in (known, unknown):
            form = {"csrf_token": csrf_token(admin, here, place.path)} if place.method != "GET" else None
            answers.append(admin.open(f"{here.path}{place.path}", method=place.method, base_url=ORIGIN, data=form))
        assert answers[0].status == answers[1].status, known
        assert abs(len(answers[0].data) - len(answers[1].data)) < 60, known


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_ti01_platform_pages_show_no_tenant(app, there, admin, theirs, method):
    for place in places(app, of_nobody(app)):
        if place.is_tenants:
            continue
        answer = admin.open(place.path, method=method, base_url=ORIGIN, query_string=theirs)
        assert there.canary not in everything(answer), place
        assert there.id not in everything(answer), place


def test_what_is_a_tenants_has_its_own_space(app):
    """A route of the platform's space must never need a tenant, nor take one from its path."""
    platform = {rule.endpoint for rule in app.url_map.iter_rules() if rule.subdomain == ""}
    finder = {"finder.front", "finder.ask", "finder.sent"}
    operators = {rule.endpoint for rule in app.url_map.iter_rules() if rule.subdomain == "operator"}
    assert {endpoint.partition(".")[0] for endpoint in operators} == {"language", "operator", "operator_look"}
    language = {"language.platform", "language.platform_chosen"}
    assert platform == finder | language | {"bounce.entra", "bounce.google", "health.healthz", "health.readyz", "look.asset"}
