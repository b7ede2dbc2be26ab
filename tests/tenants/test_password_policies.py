"""A tenant's own password rules: what they change, what is refused, and what is said of those that weaken."""

from typing import Any

import pytest
from pydantic import ValidationError

from tenants.password_policies import PasswordRules
from tenants.passwords import PRESETS, check_password, rule_lines
from tenants.policies import TenantPolicy

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"


def policy(preset: str = "nist", **rules: Any) -> TenantPolicy:
    return TenantPolicy.model_validate({"password": preset, "password_rules": rules})


def unmet(made: TenantPolicy, password: str) -> list[str]:
    return [outcome.code for outcome in check_password(made.password_policy, password) if not outcome.met]


@pytest.mark.parametrize(
    ("made", "password", "codes"),
    [
        pytest.param(policy(), "tv9#qLrk", [], id="no rule of one's own: the preset"),
        pytest.param(policy(min_length=12), "tv9#qLrkzw4", ["length_min"], id="a longer shortest one"),
        pytest.param(policy(max_length=24), "tv9#qLrkzw4?" * 3, ["length_max"], id="a shorter longest one"),
        pytest.param(policy("l5b", max_length=64), "tv9#qLrkzw4?" * 3, [], id="a preset's longest one made longer"),
        pytest.param(policy(classes=["digit", "symbol"], classes_required=2), "tv9qLrkzw4", ["classes_of"], id="two kinds"),
        pytest.param(policy(classes=["digit", "symbol"], classes_required=1), "tv9qLrkzw4", [], id="one of two kinds"),
        pytest.param(policy("l5c", classes_required=0), "tvqlrkzwpy", [], id="a preset's kinds not asked for"),
        pytest.param(policy("l5c", passphrase_length=20), "tulip kettle forty two", [], id="a passphrase instead of kinds"),
        pytest.param(policy("l5c", passphrase_length=20), "tulip kettle forty", ["classes_all"], id="too short for one"),
        pytest.param(policy("l5b", alphabet="", refuses_dot_before_at=False), "Tv9 .@qü漢", [], id="any character again"),
        pytest.param(policy(alphabet=LETTERS + DIGITS), "Tv9qL-rkzw4", ["alphabet_of"], id="letters and digits"),
        pytest.param(policy(refuses_dot_before_at=True), "Tv9.@qLrkzw4", ["dot_before_at"], id="no . before @"),
    ],
)
def test_own_rules_decide(made: TenantPolicy, password: str, codes: list[str]) -> None:
    assert unmet(made, password) == codes


@pytest.mark.parametrize("preset", PRESETS)
def test_lc06_no_rule_lets_a_leaked_password_in(preset: str) -> None:
    loosest = policy(preset, min_length=8, max_length=128, classes_required=0, alphabet="", refuses_dot_before_at=False)
    assert "blocklist" in unmet(loosest, "Password1!")
    assert [line.code for line in rule_lines(loosest.password_policy)][-3:] == ["blocklist", "strength", "context"]


@pytest.mark.parametrize(
    ("email_factor", "preset", "shortest"),
    [(False, "nist", 8), (True, "nist", 15), (False, "l5b", 8), (True, "l5b", 8)],
)
def test_where_a_mailed_code_stands_in_for_the_second_factor_the_password_stands_alone(
    email_factor: bool, preset: str, shortest: int
) -> None:
    assert TenantPolicy(password=preset, email_factor=email_factor).password_policy.min_length == shortest


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        pytest.param({"min_length": 7}, "greater than or equal to 8", id="shorter than eight"),
        pytest.param({"min_length": 12, "max_length": 15}, "at least 16", id="hardly any room"),
        pytest.param({"max_length": 1025}, "less than or equal to 1024", id="over the cap"),
        pytest.param({"classes_required": 1}, "classes has 0", id="kinds asked for, none counted"),
        pytest.param({"classes": ["digit"], "classes_required": 2}, "classes has 1", id="more kinds than are counted"),
        pytest.param({"classes": ["vowel"]}, "lower", id="a kind that there is not"),
        pytest.param({"alphabet": "abc"}, "36 characters or more", id="an alphabet of three"),
        pytest.param({"alphabet": "a" * 40}, "36 characters or more", id="an alphabet of one, forty times"),
        pytest.param({"alphabet": LETTERS + "ﬁ"}, "normal form", id="a letter that is never typed so"),
        pytest.param({"alphabet": LETTERS + "\t"}, "printable", id="a tab"),
        pytest.param(
            {"alphabet": LETTERS, "classes": ["digit"], "classes_required": 1},
            "no character of",
            id="digits asked for, none allowed",
        ),
        pytest.param({"passphrase_length": 14}, "greater than or equal to 15", id="a short passphrase"),
        pytest.param({"passphrase_length": 20, "max_length": 16}, "passphrase_length", id="a passphrase that is too long"),
        pytest.param({"blocklist": "off"}, "blocklist", id="no switch for leaked passwords"),
        pytest.param({"min_strength": 0}, "min_strength", id="no switch for the estimate"),
        pytest.param({"context_words": False}, "context_words", id="no switch for names"),
        pytest.param({"max_age_days": 90}, "max_age_days", id="no forced change by age"),
        pytest.param({"hints": True}, "hints", id="no hints"),
        pytest.param({"truncate": 8}, "truncate", id="no shortening"),
    ],
)
def test_what_no_policy_may_do_is_refused(rules: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        policy(**rules)


def test_room_to_choose_is_asked_for_where_a_password_stands_alone() -> None:
    rules = {"min_length_alone": 20, "max_length": 20}
    assert policy(**rules).password_policy.max_length == 20
    with pytest.raises(ValidationError, match="at least 24"):
        TenantPolicy.model_validate({"email_factor": True, "password_rules": rules})


@pytest.mark.parametrize(
    ("made", "codes"),
    [
        pytest.param(TenantPolicy(), [], id="nist"),
        pytest.param(TenantPolicy(email_factor=True), [], id="nist with mailed codes: longer passwords"),
        pytest.param(policy(min_length=20, max_length=200), [], id="stricter"),
        pytest.param(policy("l5b"), ["max_length", "classes", "alphabet", "refuses_dot_before_at"], id="l5b"),
        pytest.param(policy("l5c"), ["classes"], id="l5c"),
        pytest.param(policy("l5c", passphrase_length=20), ["classes"], id="l5c with passphrases"),
        pytest.param(policy(max_length=63), ["max_length"], id="one character short of 64"),
        pytest.param(policy(max_length=64), [], id="64"),
        pytest.param(
            TenantPolicy(email_factor=True, password_rules=PasswordRules(min_length_alone=8)),
            ["min_length"],
            id="short beside mailed codes",
        ),
    ],
)
def test_rules_that_weaken_are_marked_with_the_reason(made: TenantPolicy, codes: list[str]) -> None:
    found = made.deviations
    assert [reason.code for reason in found] == codes
    assert all("NIST 63B-4" in reason.sentence for reason in found)


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        pytest.param({"alphabet": LETTERS + DIGITS}, "Only these characters: A–Z a–z 0–9", id="ranges"),
        pytest.param({"alphabet": LETTERS + DIGITS + "ü "}, "Only these characters: A–Z a–z 0–9 ␣ ü", id="and others"),
        pytest.param(
            {"alphabet": LETTERS + DIGITS + "#@"}, "Only the letters A to Z and a to z, digits, and @ #", id="usual symbols"
        ),
    ],
)
def test_an_alphabet_is_shown_in_short(rules: dict[str, Any], text: str) -> None:
    (line,) = [line for line in rule_lines(policy(**rules).password_policy) if line.code.startswith("alphabet")]
    assert line.text_key % line.values == text


def test_rules_survive_json_and_are_stored_as_they_were_written() -> None:
    made = policy("l5c", classes=["digit"], classes_required=1, alphabet="")
    stored = made.model_dump(mode="json", exclude_unset=True)
    assert stored["password_rules"] == {"classes": ["digit"], "classes_required": 1, "alphabet": ""}
    assert TenantPolicy.model_validate(stored) == made


def test_every_rule_is_described() -> None:
    assert all(field.description for field in PasswordRules.model_fields.values())
