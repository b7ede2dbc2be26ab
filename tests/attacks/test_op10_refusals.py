"""OP-10: every refusal leaves one audit row with its cause; what belongs to no attempt is told to the log alone."""

import pytest
from structlog.testing import capture_logs

from broker.errors import ANSWERS
from tenants.causes import Cause
from tenants.ids import new_secret
from tenants.models import Tenant
from tests import factories
from tests.peers.people import Person
from tests.support import steps
from tests.support.relying_party import RelyingParty
from tests.support.wiring import ORIGIN


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


# Every refusal has one audit row with its cause. What does not belong to an attempt is told to the log alone.


def wrong_password(browser, home, times=1):
    ada = factories.account(home)
    browser.open(f"{home.path}/sign-in/again").submit(email=ada.email)
    for _ in range(times):
        browser.submit(password="wrong")


def wrong_code(browser, home, times=1):
    ada = factories.account(home)
    browser.open(f"{home.path}/sign-in/again").submit(email=ada.email).submit(password=ada.password)
    for _ in range(times):
        browser.submit(code="000000")


def suspend(browser, home):
    with home.broker.db.platform("a test suspends a tenant", home.now) as db:
        db.get_one(Tenant, home.id).status = "suspended"
    steps.notice(home)
    browser.open(f"{home.path}/")


def ask(path, method="GET", **sent):
    """One request, outside of any attempt."""

    def send(browser, home):
        here = {"REMOTE_ADDR": "127.0.0.1"}
        browser.client.open(f"{home.path}{path}", method=method, base_url=ORIGIN, environ_base=here, **sent)

    return send


REFUSED = {
    Cause.CREDENTIALS_INVALID: wrong_password,
    Cause.FACTOR_INVALID: wrong_code,
    Cause.RATE_LIMITED: lambda browser, home: wrong_password(browser, home, 6),
    Cause.CREDENTIAL_LOCKED: lambda browser, home: wrong_code(browser, home, 6),
    Cause.FLOW_EXPIRED: ask("/sign-in?tx=x"),
    Cause.FORM_FOREIGN: ask("/sign-out", "POST"),
    Cause.INVITATION_USED: ask("/activate/nothing"),
    Cause.APPLICATION_UNKNOWN: ask("/oidc/authorize?client_id=x"),
    Cause.REQUEST_INVALID: ask("/oidc/authorize?client_id=x&client_id=y"),
    Cause.CLIENT_INVALID: ask("/oidc/token", "POST", data={"grant_type": "authorization_code", "client_id": "x"}),
    Cause.TOKEN_INVALID: ask("/oidc/userinfo", headers={"Authorization": "Bearer x"}),
    Cause.TENANT_SUSPENDED: suspend,
}
TOLD_TO_THE_LOG = {
    Cause.PAGE_UNKNOWN: ask("/nowhere"),
    Cause.HTTP_METHOD_UNKNOWN: ask("/sign-out"),
    Cause.BODY_TOO_LARGE: ask("/sign-out", "POST", data={"x": "x" * 300_000}),
    Cause.TENANT_UNKNOWN: lambda browser, home: browser.open("/t/nobody/"),
}


@pytest.mark.parametrize(("cause", "attempt"), REFUSED.items(), ids=map(str, REFUSED))
def test_op10_refusal_leaves_one_audit_row_with_its_cause(browser, home, cause, attempt):
    attempt(browser, home)
    found = [event for event in steps.events(home) if event.cause == cause]
    assert len(found) == 1
    assert found[0].event == ANSWERS[cause].event
    assert found[0].reference
    assert found[0].address == "127.0.0.1"


def test_op10_refusals_by_way_of_a_provider_leave_one_row_each(home, oidc_peer, new_browser):
    """Also where nobody was asked any more, and where a trace is kept besides."""
    way = steps.oidc_way(home, oidc_peer, provisioning="existing")
    way.idp.person = Person(f"jane@{home.domain}")
    attempts = [
        (Cause.ACCOUNT_UNKNOWN, way.idp.forgets),
        (Cause.UPSTREAM_DENIED, lambda: way.idp.error_callback("access_denied")),
        (Cause.UPSTREAM_RESPONSE_INVALID, lambda: way.idp.forgets().wrong_nonce()),
        *[(Cause.UPSTREAM_UNREACHABLE, lambda: way.idp.forgets().breaks("token"))] * 4,
        (Cause.CONNECTION_DISABLED, lambda: way.change(is_enabled=False)),
    ]
    for number, (cause, arrange) in enumerate(attempts, 1):
        arrange()
        browser = steps.enter(new_browser(), home, way)
        found = steps.events(home)
        assert len(found) == number, cause
        assert [event.cause for event in found if event.reference == steps.reference_of(browser)] == [cause]
    assert "circuit" in [event.detail["detail"] for event in steps.events(home)]


def test_op10_grant_that_is_no_grant_leaves_one_audit_row(app, home):
    RelyingParty.of(app, home).redeem(new_secret())
    assert [event.cause for event in steps.events(home)] == [Cause.GRANT_INVALID]


@pytest.mark.parametrize(("cause", "attempt"), TOLD_TO_THE_LOG.items(), ids=map(str, TOLD_TO_THE_LOG))
def test_op10_what_is_no_attempt_is_told_to_the_log(browser, home, cause, attempt):
    with capture_logs() as logs:
        attempt(browser, home)
    assert [line["cause"] for line in logs if line["event"] == "refused"] == [cause]
    assert steps.events(home) == []
