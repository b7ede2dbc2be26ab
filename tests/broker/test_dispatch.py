"""The dispatcher: from what stands in the row to the next step."""

import pytest

from broker.session import Proof
from broker.signin.dispatch import go_on
from broker.signin.transaction import save, take_way
from tenants.causes import Cause, Refusal
from tests import factories
from tests.broker.test_question import attempt
from tests.support import steps


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


def proofs(home, *methods):
    return [Proof(method, home.now).as_json() for method in methods]


@pytest.mark.parametrize(
    ("method", "has_address", "proven", "step"),
    [
        (None, False, (), "/sign-in"),
        (None, True, (), "/sign-in"),
        ("local", False, (), "/sign-in"),
        ("local", True, (), "/sign-in/password"),
        ("local", True, ("pwd",), "/sign-in/totp"),
        ("local", True, ("otp",), "/sign-in/password"),
        ("local", True, ("fed",), "/sign-in/password"),
        ("sso", True, (), "/sign-in/choose"),
        ("sso", True, ("pwd", "otp"), "/sign-in/choose"),
    ],
)
def test_next_step_follows_from_the_row(app, home, oidc_peer, browser, method, has_address, proven, step):
    steps.oidc_way(home, oidc_peer)
    ada = factories.account(home)
    with attempt(app, home, browser) as transaction:
        email = ada.email if has_address else None
        take_way(transaction, method, email=email, account_id=ada.id, proofs=proofs(home, *proven))
        answer = go_on(transaction)
        assert (answer.status_code, answer.location.partition("?")[0]) == (303, f"{home.path}{step}")


def test_nothing_left_to_do_opens_the_session(app, home, browser):
    ada = factories.account(home)
    with attempt(app, home, browser) as transaction:
        take_way(transaction, "local", email=ada.email, account_id=ada.id, proofs=proofs(home, "pwd", "otp"))
        assert go_on(transaction).location == f"{home.path}/"
        with pytest.raises(Refusal) as again:
            go_on(transaction)
        assert again.value.cause is Cause.FLOW_EXPIRED


def test_taking_another_way_forgets_what_was_proven(app, home, browser):
    ada = factories.account(home)
    with attempt(app, home, browser) as transaction:
        take_way(transaction, "local", email=ada.email, account_id=ada.id, proofs=proofs(home, "pwd"))
        save(transaction, identity_id="idn_x", connection_id="con_x", state_hash="x", upstream_sealed="x")
        take_way(transaction, None)
        row = transaction.row
    assert (row.account_id, row.identity_id, row.connection_id, row.state_hash, row.upstream_sealed) == (None,) * 5
    assert (row.proofs, row.email) == ([], ada.email)


def test_account_that_was_removed_meanwhile_is_refused(app, home, browser):
    with attempt(app, home, browser) as transaction:
        take_way(transaction, "local", email="x@y.example", account_id="acc_gone", proofs=proofs(home, "pwd", "otp"))
        with pytest.raises(Refusal) as refused:
            go_on(transaction)
    assert refused.value.cause is Cause.ACCOUNT_UNKNOWN
