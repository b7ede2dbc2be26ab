"""What is kept of a refused sign-in, and who can read it (security.md, OP-02, OU-19, SU-25, TI-01)."""

import base64
import json
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from tenants.audit import AuditEvent
from tenants.ids import digest
from tenants.traces import Trace, share
from tests import factories
from tests.peers.people import Person
from tests.support import steps
from tests.support.federation_rows import trace as kept_trace
from tests.support.wiring import ORIGIN


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def way(home, oidc_peer):
    made = steps.oidc_way(home, oidc_peer, provisioning="existing")
    made.idp.person = Person(f"jane@{home.domain}", "Jane", "Doe")
    return made


def sent_off(browser, home, way):
    """As far as the provider: where the browser was sent."""
    browser.stop_at(way.origin)
    steps.enter(browser, home, way)
    return browser.foreign


def return_to(browser, url):
    browser.client.get(url.removeprefix(ORIGIN), base_url=ORIGIN)


def everything_kept(home):
    with home.db.reading() as db:
        rows = [*db.scalars(select(Trace)), *db.scalars(select(AuditEvent))]
        return json.dumps([[row.detail, getattr(row, "received", ""), getattr(row, "steps", "")] for row in rows])


def page_of(client, home):
    with home.db.writing() as db:
        token, _until = share(db, db.scalars(select(Trace).order_by(Trace.at.desc())).first(), home.now)
    return client.get(f"{home.path}/trace/{token}", base_url=ORIGIN)


def test_op02_trace_holds_nothing_that_opens_something(home, way, new_browser, capsys):
    """A provider that puts everything that it knows of a sign-in into claims, and into the words of an error."""
    browser = new_browser()
    url = sent_off(browser, home, way)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    back = way.idp.approve(url, way.idp.person)
    code = parse_qs(urlsplit(back).query)["code"][0]
    opening = [asked["state"], asked["nonce"], code, way.idp.client_secret]
    token = ".".join(
        base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":"RS256"}', b'{"sub":"1"}', b"x" * 9)
    )
    way.idp.says(hint=" ".join(opening), deep={"list": opening}, access_token="canary-access", spare=f"Bearer {token}")
    return_to(browser, back)
    (kept,) = steps.events(home)
    assert kept.cause == "account_unknown"
    for said in ("error", "error_description"):
        browser = new_browser()
        asked = parse_qs(urlsplit(sent_off(browser, home, way)).query)
        opening.append(asked["state"][0])
        answer = {"error": "odd_error", "state": asked["state"][0], "iss": way.idp.issuer} | {said: f"x {asked['state'][0]}"}
        browser.client.get(f"{home.path}/callback/{way.key}", query_string=answer, base_url=ORIGIN)
    found = everything_kept(home)
    logged = capsys.readouterr().err
    for secret in (*opening, "canary-access", token):
        assert secret not in found
        assert secret not in logged
    with home.db.reading() as db:
        assert len(db.scalars(select(Trace)).all()) == 3


@pytest.mark.parametrize(
    "words", ["<script>alert(1)</script>", "\x1b[31m\r\nSet-Cookie: a=b", "{{7*7}}%s%(x)s", "x" * 5000], ids=repr
)
def test_ou19_words_of_a_provider_are_text_on_the_page_of_a_helpdesk(home, way, new_browser, client, words):
    for said in ({"error": "access_denied", "description": words}, None):
        browser = new_browser()
        if said:
            way.idp.error_callback(said["error"], said["description"])
        else:
            way.idp.forgets().says(**{words: words, "list": [words], "object": {words: words}})
        steps.enter(browser, home, way)
        page = page_of(client, home)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "\x1b" not in page.text
        assert "Set-Cookie: a" not in str(page.headers)
        assert "7*7" not in words or words in page.text
        assert len(page.data) < 20_000


def test_su25_words_of_a_saml_provider_are_text_there_too(broker, saml_peer, browser, client):
    home = factories.tenant(broker)
    way = steps.saml_way(home, saml_peer)
    way.idp.person = Person(f"jane@{home.domain}")
    way.idp.refuses("Responder", "RequestDenied", "<script>alert(1)</script>\r\nx")
    steps.enter_by_saml(browser, home, way)
    page = page_of(client, home)
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; x" in page.text.replace("  ", " ")
    assert "SAMLResponse" not in everything_kept(home)


def test_ti01_link_to_a_trace_works_for_its_tenant_only_and_not_without_its_end(broker, home, client):
    other = factories.tenant(broker)
    kept_trace(home, share_hash=digest("a-token"), share_expires_at=home.now)
    kept_trace(home, share_hash=digest("b-token"), share_expires_at=None)
    kept = kept_trace(home)
    with home.db.writing() as db:
        token, until = share(db, kept, home.now)
    assert until <= home.now.replace(year=home.now.year + 1)
    assert client.get(f"{home.path}/trace/{token}", base_url=ORIGIN).status_code == 200
    for path in (f"{other.path}/trace/{token}", f"{home.path}/trace/a-token", f"{home.path}/trace/b-token"):
        assert client.get(path, base_url=ORIGIN).status_code == 404
