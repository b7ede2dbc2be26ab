"""The policy as a checklist."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import Babel

from broker.password_rules import checklist
from tenants.passwords import PRESETS, PasswordPolicy, check_password, rule_lines


@pytest.fixture(autouse=True)
def texts() -> Iterator[None]:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        yield


@pytest.mark.parametrize("policy", PRESETS.values(), ids=PRESETS.keys())
def test_every_rule_of_a_policy_has_its_line_and_the_repetition_comes_last(policy: PasswordPolicy) -> None:
    lines = checklist(policy)
    assert [line.code for line in lines] == [*(line.code for line in rule_lines(policy)), "same"]
    assert all("%(" not in line.text and line.met is None for line in lines)


def test_after_a_try_each_line_says_what_the_server_found() -> None:
    policy = PRESETS["l5b"]
    met = {line.code: line.met for line in checklist(policy, (), check_password(policy, "password"))}
    assert met["length_min"] is True
    assert met["blocklist"] is False
    assert met["same"] is None


def test_only_the_server_knows_frequent_and_guessable_passwords() -> None:
    assert [line.code for line in checklist(PRESETS["nist"]) if not line.check] == ["blocklist", "strength"]
