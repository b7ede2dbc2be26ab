"""Attacks on the return address of the shared registrations (security.md, RT-09, TI-08, OU-19)."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest

from broker.shared_registrations import STATE_LIFE, SignedState
from tenants.consents import Consent
from tenants.ids import digest, new_secret
from tests import factories
from tests.peers.people import Person
from tests.support import steps
from tests.support.federation_rows import consent
from tests.support.shared import shared_entra, shared_entra_of
from tests.support.testing_ways import command_of, link_of

ELSEWHERE = (
    "//evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "https:evil.example",
    "https://evil.example/",
    "%0d%0aLocation:%20https://evil.example",
    "@evil.example",
    "data:text/html,x",
    "https://evil。example",
)


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def way(home, entra_peer):
    return shared_entra_of(home, entra_peer)


def sent_away(browser, home, way) -> str:
    """The state that a sign-in of this browser waits for."""
    browser.stop_at(way.origin)
    steps.enter(browser, home, way)
    return argument(browser.foreign, "state")


def argument(url: str, name: str) -> str:
    return parse_qs(urlsplit(url).query)[name][0]


def bounced(client, code, state) -> str:
    """A code as the tenant that the state names gets it."""
    return argument(client.get(f"/callback/entra?code={quote(code)}&state={state}").headers["Location"], "code")


def signed(broker, tenant, key) -> str:
    ends = (broker.ports.clock.now() + STATE_LIFE).timestamp()
    return SignedState(tenant, key, "sign_in", "r", ends).sealed(broker.vault)


def test_rt09_bounce_leads_to_the_tenant_that_signed_and_nowhere_else(home, way, browser, client):
    state = sent_away(browser, home, way)
    body, _, signature = state.partition(".")
    forged = [
        *ELSEWHERE,
        "",
        ".",
        body,
        f"{body}.",
        f"{body}.{signature[:-2]}AA",
        f"{body[:-4]}AAAA.{signature}",
        f"{state}.",
        "x" * 5000,
        "☃.☃",
    ]
    for one in forged:
        answer = client.get(f"/callback/entra?code=x&state={quote(one)}")
        assert (answer.status_code, answer.headers.get("Location")) == (400, None), one
    for more in (*ELSEWHERE, "x&state=y"):
        answer = client.get(f"/callback/entra?state={quote(state)}&next={more}&return_to={more}&host={more}")
        location = answer.headers.get("Location", f"{home.url}/callback/microsoft?")
        assert location.startswith(f"{home.url}/callback/microsoft?"), more
        assert "\n" not in location, more
    assert client.get(f"/callback/entra?state={quote(state)}&state={quote(state)}").status_code == 400


def test_rt09_host_of_the_request_does_not_decide_where_it_goes(home, way, browser, client):
    state = sent_away(browser, home, way)
    answer = client.get(f"/callback/entra?state={state}", headers={"X-Forwarded-Host": "evil.example"})
    assert answer.headers["Location"].startswith(f"{home.url}/callback/microsoft?")
    assert client.get(f"/callback/google?state={state}").status_code == 400
    assert client.post(f"/callback/entra?state={state}").status_code == 405


def test_rt09_state_that_names_what_is_not_there_leads_nowhere(broker, home, way, client):
    for tenant, key in (("ten_none", "microsoft"), (home.id, "../evil"), (home.id, "https://evil.example")):
        state = signed(broker, tenant, key)
        assert client.get(f"/callback/entra?state={state}").status_code == 400, (tenant, key)


def test_rt09_signature_alone_signs_nobody_in(broker, home, way, browser):
    """A state that we signed, but that no sign-in of this browser waits for, is as good as none."""
    way.idp.person = Person(f"jane@{home.domain}")
    state = signed(broker, home.id, "microsoft")
    browser.open(f"/callback/entra?state={state}&code=x")
    assert browser.status == 400
    assert "This sign-in took too long" in browser.words
    assert way.idp.hits["token"] == 0


def test_rt09_state_ends_and_only_what_callbacks_read_goes_on(broker, home, way, browser, client):
    state = sent_away(browser, home, way)
    query = f"code=a-code&id_token=secret&next=x&session_state=y&state={state}"
    passed = parse_qs(urlsplit(client.get(f"/callback/entra?{query}").headers["Location"]).query)
    assert passed.keys() == {"state", "code"}
    assert passed["state"] == [state]
    for twice in ("code=x&code=y", "code=x&error=y&error=z", f"code={'x' * 9000}"):
        assert client.get(f"/callback/entra?{twice}&state={state}").status_code == 400, twice[:30]
    broker.ports.clock.advance(seconds=STATE_LIFE.total_seconds())
    assert client.get(f"/callback/entra?{query}").status_code == 400


class TestSwappedCode:
    """Somebody is led to the provider with another tenant's state, but the nonce and challenge of an attempt at this one."""

    @pytest.fixture
    def home(self, broker):
        return factories.tenant(broker, sign_in_page="buttons")

    @pytest.fixture
    def way(self, home, entra_peer):
        made = shared_entra(home, entra_peer, any_work_account=True)
        steps.listed(home, way=made, proven=True)
        made.idp.person = Person(f"jane@{home.domain}", "Jane")
        made.idp.says(xms_edov=True)
        return made

    @pytest.fixture
    def handed(self, broker, way, entra_peer, new_browser, client):
        """What the host of a hostile tenant gets, when the provider was asked with `url` but for the state; and the code."""
        hostile = factories.tenant(broker)
        trap = shared_entra(hostile, entra_peer, any_work_account=True)
        entra_peer._applications[way.idp.client_id] = way.idp

        def lead(url):
            baited = url.replace(argument(url, "state"), sent_away(new_browser(), hostile, trap))
            back = way.idp.approve(baited)
            answer = client.get(back.removeprefix("http://localhost:8000"))
            assert answer.headers["Location"].startswith(f"{hostile.url}/callback/microsoft?")
            return argument(answer.headers["Location"], "code"), argument(back, "code")

        return lead

    def test_ti08_code_that_came_by_a_hostile_tenant_opens_nothing_at_another(self, home, way, handed, new_browser, client):
        for case in ("as it was handed on", "raw", "of another attempt here", "handed on again"):
            attacker = new_browser()
            state = sent_away(attacker, home, way)
            there = attacker.foreign
            attacker.stop_at("nowhere")
            code, raw = handed(there)
            assert raw not in code, case
            if case == "raw":
                code = raw
            elif case == "of another attempt here":
                code = bounced(client, raw, sent_away(new_browser(), home, way))
            elif case == "handed on again":
                code = bounced(client, code, state)
            attacker.open(f"{home.path}/callback/microsoft?code={quote(code)}&state={state}")
            assert not steps.is_signed_in(attacker, home), case
        assert way.idp.hits["token"] == 1  # of what was sealed twice, which is no code
        assert steps.is_signed_in(steps.enter(new_browser(), home, way), home)

    def test_ti08_raw_code_is_refused_in_a_test_sign_in_and_in_the_proof_of_a_consent(
        self, home, way, database_url, browser, new_browser
    ):
        browser.open(link_of(command_of(home, database_url), "microsoft")).submit(press="Start")
        test = way.idp.approve(browser.page.refresh)
        token = new_secret()
        row = consent(home, connection_id=way.row.id, token_hash=digest(token), may_bind=True)
        admin = new_browser().stop_at(way.origin)
        admin.open(f"{home.url}/consent/{token}").submit(press="Start").wait()
        admin.open(way.idp.consent(admin.foreign))
        proof = way.idp.approve(admin.foreign)
        for case, who, back in (("test", browser, test), ("proof", admin, proof)):
            who.open(back.replace("/callback/entra?", f"{home.path}/callback/microsoft?"))
            assert "took too long" in who.words, case
        assert way.idp.hits["token"] == 0
        with home.db.reading() as db:
            assert db.get_one(Consent, (home.id, row.id)).proven_at is None


def test_ou19_words_of_an_error_at_the_main_host_are_not_shown(home, way, browser):
    harm = "<script>alert(1)</script>"
    browser.open(f"/callback/entra?error={quote(harm)}&error_description={quote(harm)}&state=none")
    assert browser.status == 400
    assert "alert(1)" not in browser.text
    state = sent_away(browser, home, way)
    browser.open(f"/callback/entra?error={quote(harm)}&error_description={quote(harm)}&state={state}")
    assert browser.status == 403
    assert "alert(1)" not in browser.text
    assert steps.event_of(browser, home).cause == "upstream_denied"
