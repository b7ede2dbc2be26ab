"""Modules of the plan oidcc-formpost-basic: the basic ones, with every answer in a form (see test_oidc_basic.py)."""

import pytest

from tests.support.plan import NOBODY_TO_ASK, STATE
from tests.support.stores import ON_SQLITE

pytestmark = ON_SQLITE


@pytest.fixture
def posting(plan):
    plan.mode = "form_post"
    return plan


def test_oidcc_server(posting):
    posting.run(scope="openid profile email")
    assert posting.shown == 1


def test_oidcc_response_type_missing(posting):
    answer = posting.ask(response_type=None)
    assert answer["error"] == "invalid_request"
    assert answer["state"] == STATE


def test_oidcc_prompt_none_not_logged_in(posting):
    answer = posting.ask(prompt="none")
    assert answer["error"] in NOBODY_TO_ASK
    assert (answer["state"], answer["iss"]) == (STATE, posting.home.url)
    assert "code" not in answer


def test_oidcc_prompt_none_logged_in_and_max_age(posting):
    _, before, _ = posting.run()
    posting.clock.advance(seconds=2)
    _, same, _ = posting.run(prompt="none")
    _, after, _ = posting.run(max_age="1")
    assert posting.shown == 2
    assert (same["sub"], same["auth_time"]) == (before["sub"], before["auth_time"])
    assert after["auth_time"] > before["auth_time"]


def test_oidcc_ensure_post_request_succeeds(posting):
    posting.run(post=True)


def test_oidcc_codereuse(posting):
    code = posting.ask()["code"]
    assert posting.client.redeem(code, code_verifier=None).status_code == 200
    assert posting.client.redeem(code, code_verifier=None).json["error"] == "invalid_grant"


def test_oidcc_request_objects(posting):
    assert posting.ask(request="eyJ.e30.")["error"] == "request_not_supported"
    assert posting.ask(request_uri="https://suite.example/r")["error"] == "request_uri_not_supported"
