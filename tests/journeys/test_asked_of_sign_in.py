"""How a person signed in, and when: what applications and connections ask of that, at a provider and here (R5, U5)."""

import pytest

from tenants.applications import Application
from tenants.audit import Event
from tenants.sessions import BrowserSession
from tests import factories
from tests.peers.google import workspace_person
from tests.support import steps
from tests.support.commands import environment, run

REFEDS = "https://refeds.org/profile/mfa"
CHALLENGE = "code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def way(home, oidc_peer):
    return steps.janes_way(home, oidc_peer)


@pytest.fixture
def jane(home, way):
    """Somebody whom the provider knows, with an app on the phone that is known here."""
    return known(home, way)


def known(home, way, **columns):
    columns = {"with_password": False, "is_email_verified": True} | columns
    someone = factories.account(home, way.idp.person.email, **columns)
    factories.identity(home, someone.id, way.row.id, issuer=way.idp.issuer, subject=way.idp.person.subject)
    return someone


def application(home, **columns):
    made = factories.application(home, **columns)
    steps.notice(home)
    return made


def asking(home, app, more: str = "") -> str:
    query = f"client_id={app.client_id}&redirect_uri={app.redirect_uris[0]}&response_type=code&scope=openid&{CHALLENGE}"
    return f"{home.path}/oidc/authorize?{query}&{more}"


def came_back(browser, app, word: str = "code=") -> bool:
    return browser.foreign is not None and browser.foreign.startswith(app.redirect_uris[0]) and word in browser.foreign


def enter_for(browser, home, way, app, more: str = ""):
    tx = steps.tx_of(browser.open(asking(home, app, more)))
    return browser.open(f"{home.path}/sign-in/go/{way.key}?tx={tx}")


def session_of(home, someone) -> BrowserSession:
    with home.db.reading() as db:
        (found,) = db.query(BrowserSession).filter_by(account_id=someone.id, ended_at=None).all()
    return found


class TestApplicationDemandsFactor:
    def test_live_session_that_lacks_it_is_asked_for_that_alone(self, home, way, jane, browser, clock):
        strict, plain = application(home, is_factor_demanded=True), application(home)
        steps.enter(browser, home, way)
        assert came_back(browser.open(asking(home, plain)), plain)
        before = session_of(home, jane)
        refused = browser.open(asking(home, strict, "prompt=none"))
        assert came_back(refused, strict, "error=interaction_required")
        clock.advance(minutes=20)
        browser.open(asking(home, strict))
        assert browser.path == f"{home.path}/sign-in/totp", "neither the provider nor the first page comes before"
        assert came_back(browser.submit(code=steps.fresh_code(home, jane)), strict)
        after = session_of(home, jane)
        assert (after.id, after.expires_at) == (before.id, before.expires_at), "it lives no longer for that"
        assert [proof["method"] for proof in after.proofs] == ["fed", "otp"]
        assert after.cookie_hash != before.cookie_hash
        assert came_back(browser.open(asking(home, strict, "prompt=none")), strict), "and is asked once"

    def test_it_is_asked_on_the_way_in_too(self, home, way, jane, browser):
        strict = application(home, is_factor_demanded=True)
        enter_for(browser, home, way, strict)
        assert browser.path == f"{home.path}/sign-in/totp"
        assert came_back(browser.submit(code=steps.fresh_code(home, jane)), strict)

    def test_sf12_provider_that_says_mfa_is_enough_and_less_is_not(self, home, way, jane, new_browser):
        strict = application(home, is_factor_demanded=True)
        for said, is_enough in (
            ({"amr": ["pwd", "mfa"]}, True),
            ({"amr": ["pwd"]}, False),
            ({"amr": "mfa"}, True),
            ({"amr": None, "acr": "0"}, False),
            ({"amr": None, "acr": "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"}, False),
            ({"amr": None, "acr": REFEDS}, False),
        ):
            browser = new_browser()
            way.idp.says(**said)
            enter_for(browser, home, way, strict)
            assert came_back(browser, strict) is is_enough, said
            assert is_enough or browser.path == f"{home.path}/sign-in/totp", said
        way.change(factor_values=["mfa", REFEDS])
        assert came_back(enter_for(new_browser(), home, way, strict), strict), "what the connection counts"

    def test_who_has_none_reads_where_to_set_one_up(self, home, way, browser):
        known(home, way, with_totp=False)
        strict = application(home, is_factor_demanded=True)
        enter_for(browser, home, way, strict)
        assert browser.status == 403
        assert "Sign in to your own page first and set one up" in browser.words
        assert steps.event_of(browser, home).cause == "factor_enrolment_required"

    def test_sf05_mailed_code_never_meets_the_demand(self, post):
        home, browser = factories.tenant(post.broker, local_enabled=True, email_factor=True), post.browser()
        ada = factories.account(home, with_totp=False)
        strict = application(home, is_factor_demanded=True)
        steps.tx_of(browser.open(asking(home, strict)))
        browser.submit(email=ada.email).submit(password=ada.password)
        assert browser.status == 403
        assert steps.event_of(browser, home).cause == "factor_enrolment_required"

    def test_sf03_step_up_stands_on_its_session(self, home, way, jane, browser, new_browser):
        """Who signs out, or whose session was ended, has nothing to add a factor to."""
        strict = application(home, is_factor_demanded=True)
        steps.enter(browser, home, way)
        browser.open(asking(home, strict))
        elsewhere = browser.url
        home.change(BrowserSession, session_of(home, jane).id, ended_at=home.now)
        browser.submit(code=steps.fresh_code(home, jane))
        assert browser.status == 403 or "Start again" in browser.words
        assert steps.event_of(browser, home).cause == "flow_expired"
        assert not steps.is_signed_in(browser, home)
        assert "Start again" in new_browser().open(elsewhere).words, "and it is this browser's alone"

    def test_switching_it_on_meets_sessions_that_are_there(self, home, way, jane, browser):
        plain = application(home)
        steps.enter(browser, home, way)
        home.change(Application, plain.id, is_factor_demanded=True)
        steps.notice(home)
        assert browser.open(asking(home, plain)).path == f"{home.path}/sign-in/totp"


class TestConnectionDemandsContext:
    def test_it_is_asked_for_and_has_to_come_back(self, home, way, jane, browser):
        way.change(acr_values="urn:gold urn:silver")
        app = application(home)
        enter_for(browser, home, way, app, "acr_values=urn:bronze")
        assert way.idp.seen["authorize"]["acr_values"] == "urn:gold urn:silver"
        assert browser.status == 403
        event = steps.event_of(browser, home)
        assert (event.cause, event.detail["detail"]) == ("upstream_response_invalid", "acr")
        assert not steps.is_signed_in(browser, home)
        for acr in ("urn:gold urn:silver", "URN:GOLD", "urn:bronze"):
            way.idp.says(acr=acr)
            assert steps.enter(browser, home, way).status == 403, acr
        way.idp.says(acr="urn:silver")
        assert steps.enter(browser, home, way).path == f"{home.path}/"

    def test_second_factor_that_is_missed_there_is_asked_for_here(self, home, way, jane, browser):
        way.change(acr_values=REFEDS, factor_values=["mfa", REFEDS])
        steps.enter(browser, home, way)
        assert browser.path == f"{home.path}/sign-in/totp"
        assert browser.submit(code=steps.fresh_code(home, jane)).path == f"{home.path}/"

    def test_wish_of_an_application_is_passed_on_and_no_condition(self, home, way, jane, browser):
        app = application(home)
        assert came_back(enter_for(browser, home, way, app, "acr_values=urn:bronze"), app)
        assert way.idp.seen["authorize"]["acr_values"] == "urn:bronze"


class TestFreshProof:
    def test_od11_provider_that_ignores_what_was_asked_is_noticed(self, home, way, jane, new_browser):
        app, now = application(home), int(home.now.timestamp())
        for more, auth_time, lets_in in (
            ("prompt=login", now - 3600, False),
            ("prompt=login&max_age=7200", now - 3600, False),
            ("max_age=600", now - 3600, False),
            ("max_age=7200", now - 3600, True),
            ("max_age=600", None, False),
            ("max_age=0", "soon", False),
            ("prompt=login", now, True),
        ):
            way.idp.says(auth_time=auth_time)
            browser = new_browser()
            enter_for(browser, home, way, app, more)
            assert came_back(browser, app) is lets_in, (more, auth_time)
            assert lets_in or steps.event_of(browser, home).cause == "upstream_response_invalid", (more, auth_time)

    def test_session_is_as_old_as_the_provider_says(self, home, way, jane, browser):
        way.idp.says(auth_time=int(home.now.timestamp()) - 3600)
        steps.enter(browser, home, way)
        assert int(session_of(home, jane).auth_time.timestamp()) == int(home.now.timestamp()) - 3600

    def test_sf10_own_page_asks_the_provider_and_believes_what_it_dates(self, home, way, jane, browser):
        way.idp.says(auth_time=int(home.now.timestamp()) - 3600)
        steps.enter(browser, home, way)
        way.idp.says(auth_time=None)
        browser.stop_at(way.origin).open(f"{home.path}/account/app")
        asked = dict(part.split("=") for part in steps.go_along(browser).foreign.partition("?")[2].split("&"))
        assert (asked["prompt"], asked["max_age"]) == ("login", "600")
        way.idp.says(auth_time=int(home.now.timestamp()))
        browser.open(way.idp.approve(browser.foreign))
        assert browser.path == f"{home.path}/account/app"
        assert browser.status == 200

    def test_sf10_provider_without_a_date_proves_nothing_on_the_own_page(self, home, google_peer, browser):
        """Google does not say when it asked: the second factor of this place does, or nobody."""
        way = steps.google_way(home, google_peer)
        steps.listed(home, way=way, proven=True)
        way.idp.person = workspace_person(f"gina@{home.domain}", "Gina")
        gina = known(home, way)
        steps.enter(browser, home, way)
        browser.open(f"{home.path}/account/app")
        assert browser.path == f"{home.path}/sign-in/totp", str(browser)
        browser.submit(code=steps.fresh_code(home, gina))
        assert (browser.path, browser.status) == (f"{home.path}/account/app", 200)

    def test_sf10_without_a_date_and_a_factor_nothing_is_changed(self, home, google_peer, browser):
        way = steps.google_way(home, google_peer)
        steps.listed(home, way=way, proven=True)
        way.idp.person = workspace_person(f"gina@{home.domain}", "Gina")
        known(home, way, with_totp=False)
        steps.enter(browser, home, way)
        browser.open(f"{home.path}/account/app")
        assert browser.status == 403
        assert "does not tell when it asked you" in browser.words


class TestFormPost:
    def test_answer_comes_in_a_form_and_works_once(self, home, way, jane, browser):
        way.change(options=dict(way.row.options) | {"response_mode": "form_post"})
        steps.enter(browser, home, way)
        assert way.idp.seen["authorize"]["response_mode"] == "form_post"
        form = browser.page.forms[0]
        assert form.method == "POST"
        sent = {name: one.value for name, one in form.fields.items()}
        assert browser.submit(press="Continue").path == f"{home.path}/"
        assert steps.events(home, Event.LOGIN_SUCCEEDED)
        browser.post(form.action, sent)
        assert steps.event_of(browser, home).cause == "flow_expired"

    def test_code_that_comes_twice_is_refused(self, home, way, jane, browser):
        way.change(options=dict(way.row.options) | {"response_mode": "form_post"})
        steps.enter(browser, home, way)
        form = browser.page.forms[0]
        sent = {name: one.value for name, one in form.fields.items()}
        browser.post(f"{form.action}?code=another", sent)
        assert browser.status == 403
        assert way.idp.hits["token"] == 0


def test_file_says_what_is_asked(home, broker, database_url, tmp_path, monkeypatch):
    """What the tenants file calls it, and what a request then reads."""
    slug = f"{home.slug}x"
    monkeypatch.setenv("PARTNERS", "a secret of the provider's")
    monkeypatch.setenv("PAYROLL", "p" * 40)
    file = tmp_path / "tenants.toml"
    file.write_text(f"""
[tenants.{slug}]
name = "Acme Group"

[tenants.{slug}.connections.partners]
kind = "oidc"
label = "Partners"
preset = "okta"
domain = "acme.okta.com"
client_id = "broker"
client_secret = {{ env = "PARTNERS" }}
acr_values = "{REFEDS}"
second_factor_values = ["mfa", "{REFEDS}"]

[tenants.{slug}.applications.payroll]
name = "Payroll"
client_secret = {{ env = "PAYROLL" }}
redirect_uris = ["https://payroll.example/cb"]
second_factor = true
""")
    variables = environment(database_url)
    assert run("apply", file, **variables).exit_code == 0
    assert "Nothing to change." in run("apply", file, **variables).stdout
    tenant = broker.snapshots.find_by_slug(slug)
    partners = tenant.connections["partners"]
    assert (partners.options["issuer"], partners.acr_values) == ("https://acme.okta.com", REFEDS)
    assert partners.factor_values == ("mfa", REFEDS)
    assert tenant.applications["payroll"].is_factor_demanded
