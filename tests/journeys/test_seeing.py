"""What can be seen of sign-ins afterwards: those that never came back, how a connection fares, what a provider sent."""

import re
from datetime import timedelta

import pytest
from lxml import etree
from sqlalchemy import select

from tenants.abandoned import note_abandoned
from tenants.audit import Event
from tenants.causes import Cause
from tenants.connection_health import HEALTH, OF_THE_CONNECTION, ConnectionHealth, note_failure
from tenants.sweeping import sweep
from tenants.traces import Trace, share
from tenants.transactions import LoginTransaction
from tests import factories
from tests.peers.people import Person
from tests.peers.xml_signing import saml_key
from tests.support import steps
from tests.support.commands import environment, run
from tests.support.rows import login_transaction
from tests.support.wiring import ORIGIN


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def way(home, oidc_peer):
    return steps.janes_way(home, oidc_peer)


def leave(browser, home, way):
    """Go to the provider and stay there."""
    browser.stop_at(way.origin)
    return steps.enter(browser, home, way)


def health_of(home, way):
    with home.db.reading() as db:
        return next(row for row in db.all(HEALTH) if row.id == way.row.id)


def traces_of(home):
    with home.db.reading() as db:
        return list(db.scalars(select(Trace).order_by(Trace.at)))


# Left, and did not return


def swept(broker, clock):
    """Until nothing is left: a batch is of all tenants, and other tests have left theirs in this database."""
    while sweep(broker.db, clock.now()):
        pass


def test_who_left_for_the_provider_and_did_not_return_is_told_of_once(broker, home, way, new_browser, clock):
    leave(new_browser(), home, way)
    steps.enter(new_browser(), home, way)  # comes back
    new_browser().open(f"{home.path}/sign-in")  # goes nowhere
    login_transaction(home, test_id="tst_1", state_hash="s" * 64, connection_id=way.row.id, expires_at=home.now)
    assert steps.events(home, Event.LOGIN_ABANDONED) == []
    clock.advance(minutes=21)
    swept(broker, clock)
    (event,) = steps.events(home, Event.LOGIN_ABANDONED)
    assert (event.connection_id, event.cause) == (way.row.id, None)
    assert len(event.reference) == 9
    assert event.detail["method"] == way.key


def test_nobody_is_swept_away_untold_of(broker, home, way, new_browser, clock, monkeypatch):
    leave(new_browser(), home, way)
    leave(new_browser(), home, way)
    clock.advance(days=3)
    with monkeypatch.context() as patched:
        patched.setattr("tenants.abandoned.BATCH", 1)
        sweep(broker.db, clock.now())
        assert len(steps.events(home, Event.LOGIN_ABANDONED)) <= 1
    while note_abandoned(broker.db, clock.now()):
        pass
    swept(broker, clock)
    assert len(steps.events(home, Event.LOGIN_ABANDONED)) == 2
    with home.db.reading() as db:
        assert db.scalars(select(LoginTransaction)).all() == []


@pytest.mark.parametrize(
    ("go", "stopped_at"),
    [
        (lambda browser, home: browser.open(f"{home.path}/sign-in").submit(email=f"x@{home.domain}"), "the password"),
        (lambda browser, home: steps.tx_of(browser.open(steps.asking(home))), "the first page"),
    ],
    ids=["at the password", "sent by an application"],
)
def test_who_stopped_here_without_being_refused_has_an_outcome_too(broker, home, browser, clock, go, stopped_at):
    go(browser, home)
    clock.advance(minutes=21)
    swept(broker, clock)
    (event,) = steps.events(home, Event.LOGIN_ABANDONED)
    assert (event.detail["stopped at"], event.connection_id) == (stopped_at, None)


def test_who_was_refused_has_that_as_outcome(broker, home, way, browser, clock):
    way.idp.error_callback("access_denied")
    steps.enter(browser, home, way)
    clock.advance(minutes=21)
    swept(broker, clock)
    assert steps.events(home, Event.LOGIN_ABANDONED) == []


# Health


def test_health_says_when_a_connection_worked_and_failed_last_and_why(
    home, way, browser, new_browser, clock, database_url, count_statements
):
    assert (health_of(home, way).last_success_at, health_of(home, way).failures) == (None, None)
    steps.enter(browser, home, way)
    first = health_of(home, way).last_success_at
    with count_statements() as warm:
        clock.advance(seconds=30)
        steps.enter(new_browser(), home, way)
    assert not [one for one in warm.statements if "INSERT INTO connection_health" in one]
    assert health_of(home, way).last_success_at == first
    way.idp.wrong_nonce()
    steps.enter(new_browser(), home, way)
    failed = steps.enter(browser, home, way)
    now_is = health_of(home, way)
    assert (now_is.last_failure_cause, now_is.failures) == (Cause.UPSTREAM_RESPONSE_INVALID, 2)
    assert now_is.last_reference == steps.reference_of(failed)
    told = run("connection", "health", home.slug, **environment(database_url)).stdout
    assert re.search(
        rf"{home.slug}\.connections\.sso +failed 2x +\d.*upstream_response_invalid: .*{now_is.last_reference}", told
    )
    way.idp.forgets()
    steps.enter(new_browser(), home, way)
    assert health_of(home, way).failures == 0
    assert health_of(home, way).last_success_at == clock.now()


def test_what_one_person_may_not_do_says_nothing_of_the_connection(home, way, browser, database_url):
    way.idp.error_callback("access_denied")
    steps.enter(browser, home, way)
    assert health_of(home, way).failures is None
    assert "unused" in run("connection", "health", home.slug, **environment(database_url)).stdout
    way.change(is_enabled=False)
    assert "off" in run("connection", "health", home.slug, **environment(database_url)).stdout
    empty = factories.tenant(home.broker)
    assert run("connection", "health", empty.slug, **environment(database_url)).stdout == "No connection is set up.\n"


def test_doctor_names_a_connection_that_fails(own_broker, own_store):
    home = factories.tenant(own_broker)
    way = factories.connection(home, "sso")
    for count in range(1, 4):
        with home.db.writing() as db:
            note_failure(db, way.id, Cause.UPSTREAM_RESPONSE_INVALID, "nonce", "AAAA-AAAA", home.now)
        told = run("doctor", **environment(own_store.url)).stdout.splitlines()
        lines = [one for one in told if f"tenants.{home.slug}.connections.sso: It failed" in one]
        assert [line[:4] for line in lines] == (["warn"] if count == 3 else []), told


def test_console_names_a_connection_that_fails(home, way, client, new_browser):
    way.idp.wrong_nonce()
    for _ in range(3):
        steps.enter(new_browser(), home, way)
    client.set_cookie(**factories.cookie_of(home, factories.session(home, factories.admin(home))))
    page = client.get(f"{home.path}/console/", base_url=ORIGIN).text
    assert "Failing" in page
    assert "has failed 3 times since it last worked" in page


def test_failure_of_a_connection_that_was_removed_meanwhile_is_left_out(home):
    with home.db.writing() as db:
        note_failure(db, "con_nobody", Cause.CONSENT_MISSING, "", "AAAA-AAAA", home.now)
        assert db.scalars(select(ConnectionHealth)).all() == []


# A provider that does not answer


def test_silent_provider_is_left_alone_and_the_page_says_so_and_offers_the_others(
    broker, home, way, oidc_peer, browser, new_browser, clock
):
    other = steps.oidc_way(home, oidc_peer, "other", label="Other SSO")
    elsewhere = factories.tenant(broker)
    theirs = steps.oidc_way(elsewhere, oidc_peer)
    steps.listed(elsewhere, way=theirs, proven=True)
    theirs.idp.person = Person(f"eve@{elsewhere.domain}")
    other.idp.person = Person(f"kim@{steps.listed(home, f'other.{home.domain}', way=other, proven=True)}")
    steps.enter(new_browser(), home, way)
    way.idp.breaks("token")
    for _ in range(3):
        assert steps.enter(new_browser(), home, way).status == 503
    asked = way.idp.hits.total()
    steps.enter(browser, home, way)
    assert browser.status == 503
    assert way.idp.hits.total() == asked
    assert steps.event_of(browser, home).detail["detail"] == "circuit"
    browser.follow("Other ways to sign in")
    assert re.search(r"Acme SSO ?[Dd]oes not answer at the moment", browser.words)
    assert browser.words.count("ot answer at the moment") == 1
    assert steps.enter(browser, home, other).at == f"{home.path}/"
    assert steps.enter(new_browser(), elsewhere, theirs).at == f"{elsewhere.path}/"
    way.idp.recovers()
    clock.advance(seconds=31)
    assert steps.enter(new_browser(), home, way).at == f"{home.path}/"
    assert "not answer" not in new_browser().open(f"{home.path}/sign-in").words


def test_ou14_forged_responses_and_codes_count_apart(home, way, saml_peer, browser, new_browser):
    """Whoever makes them up brings about no failure of a connection, and does not hide one either."""
    company = steps.saml_way(home, saml_peer)
    keys, described = list(company.idp.keys), new_browser().open(f"{home.path}/saml/company/metadata").response.data

    def honest():
        """Without what it was told to do wrong."""
        company.idp.recovers().learns(described)
        company.idp.keys, company.idp.person = list(keys), Person(f"jo@{home.domain}", "Jo", "Day")
        return company.idp

    steps.notice(home)
    for forge in (
        lambda: company.idp.signs_with(saml_key(7)),
        lambda: company.idp.signs_parts(),
        lambda: company.idp.tampers(lambda root: root.append(etree.Comment("nothing"))),
        # True, and about another request: somebody kept it.
        lambda: company.idp.says(in_response_to="_other", scd_in_response_to="_other"),
    ):
        honest()
        forge()
        steps.enter_by_saml(new_browser(), home, company)
    assert (health_of(home, company).failures, health_of(home, company).unproven) == (0, 4)
    honest().says(audiences=[["https://elsewhere.example"]])
    steps.enter_by_saml(new_browser(), home, company)
    assert (health_of(home, company).failures, health_of(home, company).unproven) == (1, 4)
    for status in (400, 400, 400, 400):
        way.idp._redirect = {"code": "made-up"}
        way.idp.answers("token", lambda status=status: way.idp.token_error("invalid_request", status))
        steps.enter(new_browser(), home, way)
    assert (health_of(home, way).failures, health_of(home, way).unproven) == (0, 4)
    way.idp.recovers()
    way.idp._redirect = {}
    assert steps.enter(browser, home, way).at == f"{home.path}/"
    assert (health_of(home, way).failures, health_of(home, way).unproven) == (0, 0)


def test_words_of_a_browser_leave_no_provider_alone(home, way, new_browser):
    """Anybody can come back and say that the provider is down."""
    for _ in range(4):
        way.idp.error_callback("temporarily_unavailable")
        assert steps.enter(new_browser(), home, way).status == 503
    way.idp._error.clear()
    assert steps.enter(new_browser(), home, way).at == f"{home.path}/"


def test_ou14_what_only_a_browser_says_does_not_make_a_connection_fail(
    home, way, saml_peer, entra_peer, browser, new_browser, database_url
):
    """Anybody can begin an attempt and come back with an error: that is told, and tells nothing of the connection."""
    company, microsoft = steps.saml_way(home, saml_peer), steps.entra_way(home, entra_peer)
    company.idp.refuses("Requester", "InvalidNameIDPolicy")
    microsoft.idp.refuses("invalid_client", 7000215)
    steps.notice(home)
    for one in ("invalid_client", "server_error", "consent_required"):
        way.idp.error_callback(one)
        steps.enter(new_browser(), home, way)
    for changed in ({"iss": "https://elsewhere.example"}, {"code": ""}):
        way.idp.forgets()._redirect = changed
        steps.enter(new_browser(), home, way)
    steps.enter_by_saml(new_browser(), home, company)
    steps.enter(new_browser(), home, microsoft)
    told = [one.cause for one in steps.events(home, Event.LOGIN_REFUSED)]
    assert sorted({*told} & OF_THE_CONNECTION) == sorted(OF_THE_CONNECTION)
    assert len(told) == 7
    assert len(traces_of(home)) >= 6  # none of what was not reached
    assert [(one.failures, one.unproven) for one in (health_of(home, way) for way in (way, company, microsoft))] == [
        (0, 5), (0, 1), (0, 1),
    ]  # fmt: skip
    told = run("connection", "health", home.slug, **environment(database_url)).stdout
    assert re.search(rf"{home.slug}\.connections\.company +unused .* 1x, connection_misconfigured: Requester", told)
    # What the provider itself says does.
    way.idp._redirect = {}
    way.idp.answers("token", lambda: way.idp.token_error("invalid_client", 401))
    steps.enter(browser, home, way)
    assert (health_of(home, way).failures, health_of(home, way).last_failure_cause) == (1, Cause.CONNECTION_MISCONFIGURED)


# Traces


def test_refusal_leaves_a_trace_that_its_reference_leads_to(home, way, browser, client, clock, database_url):
    way.change(provisioning="existing")
    way.idp.says(department="Research", hobbies=["chess", "go"])
    reference = steps.reference_of(steps.enter(browser, home, way))
    (trace,) = traces_of(home)
    assert (trace.reference, trace.cause, trace.connection_id) == (reference, "account_unknown", way.row.id)
    assert trace.received["department"] == "Research"
    assert trace.steps
    assert trace.expires_at == trace.at + timedelta(days=30)
    home.change(Trace, trace.id, expires_at=trace.at + timedelta(days=9999))  # commands go by the real time
    variables = environment(database_url)
    told = run("trace", home.slug, reference.lower(), **variables)
    for words in ("login.refused  account_unknown", "hobbies: chess, go", f"    connection: {way.row.id}", "  1. "):
        assert words in told.stdout
    assert "/trace/" not in told.stdout
    link = run("trace", home.slug, reference, "--share", **variables).stdout.splitlines()[-2]
    home.change(Trace, trace.id, share_expires_at=home.now + timedelta(days=7))
    page = client.get(link.removeprefix(ORIGIN), base_url=ORIGIN)
    assert page.status_code == 200
    assert "Research" in page.text
    assert [event.reference for event in steps.events(home, Event.TRACE_SHARED)] == [reference]
    assert run("trace", home.slug, "AAAA-AAAA", **variables).stderr.startswith("Error: Nothing is known")


def test_link_shows_the_trace_to_a_helpdesk_for_seven_days(home, way, browser, client, clock):
    way.idp.error_callback("access_denied", "Ask <b>somebody</b>")
    reference = steps.reference_of(steps.enter(browser, home, way))
    path = _shared(home)
    for _ in range(2):
        page = client.get(path, base_url=ORIGIN)
        assert page.status_code == 200
        assert "Ask &lt;b&gt;somebody&lt;/b&gt;" in page.text
        assert reference in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    newer = _shared(home)
    assert client.get(path, base_url=ORIGIN).status_code == 404
    assert client.get(newer, base_url=ORIGIN).status_code == 200
    clock.advance(days=7, minutes=1)
    gone = client.get(newer, base_url=ORIGIN)
    unknown = client.get(f"{home.path}/trace/nothing", base_url=ORIGIN)
    nowhere = client.get(f"{home.path}/nowhere", base_url=ORIGIN)
    assert gone.status_code == unknown.status_code == nowhere.status_code == 404
    assert abs(len(gone.data) - len(nowhere.data)) < 10
    clock.advance(days=24)
    swept(home.broker, clock)
    assert traces_of(home) == []


def _shared(home):
    """The path of a new link to the tenant's one trace."""
    (trace,) = traces_of(home)
    with home.db.writing() as db:
        token, _until = share(db, trace, home.now)
    return f"{home.path}/trace/{token}"


def test_tenant_that_wants_no_traces_has_none(broker, oidc_peer, browser, database_url):
    home = factories.tenant(broker, trace_days=0)
    way = steps.oidc_way(home, oidc_peer, provisioning="existing")
    way.idp.person = Person(f"jane@{home.domain}")
    reference = steps.reference_of(steps.enter(browser, home, way))
    assert traces_of(home) == []
    told = run("trace", home.slug, reference, "--share", **environment(database_url))
    assert told.exit_code == 1
    assert "login.refused" in told.stdout
    assert told.stderr == "Error: Nothing was kept that could be shown by a link.\n"
