"""What a new password must be, and that no form of sending one breaks anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.guessing import context_words
from tenants.passwords import (
    ASCII_SYMBOLS,
    PRESETS,
    RULE_TEXTS,
    PasswordError,
    check_password,
    normalise_password,
    rule_lines,
)

WORDS = context_words("Acme Group", ["acme.example", "*.brightwater.co.example"], ["Jane", "van der Meer"], "jane.doe")
GOOD = "Qk7-vTz?m4Wp"


def unmet(preset: str, password: str) -> list[str]:
    """Codes of the rules that a password breaks."""
    outcomes = check_password(PRESETS[preset], password, WORDS)
    return [outcome.code for outcome in outcomes if not outcome.met]


@pytest.mark.parametrize(
    ("preset", "password", "codes"),
    [
        pytest.param("nist", GOOD, [], id="nist: twelve odd characters"),
        pytest.param("nist", "tulip kettle forty-two", [], id="nist: a sentence with spaces and one class"),
        pytest.param("nist", "grün über größe 漢字", [], id="nist: any Unicode"),
        pytest.param("nist", "tv9#qLr", ["length_min", "strength"], id="nist: seven characters"),
        pytest.param("nist", "tv9#qLrk", [], id="nist: eight, as a second factor is asked"),
        pytest.param("nist", GOOD * 11, ["length_max"], id="nist: over 128"),
        pytest.param("nist", "", ["length_min", "strength"], id="nist: nothing"),
        pytest.param("l5b", "Tv9#qLrk", [], id="l5b: eight with four classes"),
        pytest.param("l5b", "tv9#qlrk", [], id="l5b: three of four classes are enough"),
        pytest.param("l5b", "tvxqlrkzbw", ["classes_some"], id="l5b: one class"),
        pytest.param("l5b", "tv9qlrk4zb", ["classes_some"], id="l5b: two classes"),
        pytest.param("l5b", "Tv9#qLrkTv9#qLrkX", ["length_max"], id="l5b: seventeen characters"),
        pytest.param("l5b", "Tv9 qLrk", ["alphabet"], id="l5b: no space"),
        pytest.param("l5b", "Tv9!qLrk", ["alphabet"], id="l5b: no character beside the list"),
        pytest.param("l5b", "Tv9ü#qLrk", ["alphabet"], id="l5b: no umlaut"),
        pytest.param("l5b", "Tv9.@qLrk", ["dot_before_at"], id="l5b: no . directly before @"),
        pytest.param("l5b", "Tv9@.qLrk", [], id="l5b: but behind it"),
        pytest.param("l5c", "Tv9qLrkw", [], id="l5c: lower, upper and digit"),
        pytest.param("l5c", "Tv9 qü漢Lr", [], id="l5c: any alphabet"),
        pytest.param("l5c", "tv9qlrkw", ["classes_all"], id="l5c: no upper case"),
        pytest.param("l5c", "TV9QLRKW", ["classes_all"], id="l5c: no lower case"),
        pytest.param("l5c", "Tv#qLrkw", ["classes_all"], id="l5c: a symbol is no digit"),
    ],
)
def test_a_preset_decides(preset: str, password: str, codes: list[str]) -> None:
    assert unmet(preset, password) == codes


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(
    ("password", "code"),
    [
        pytest.param("Password1!", "blocklist", id="a leaked one with a tail"),
        pytest.param("P@ssw0rd1", "blocklist", id="a leaked one in disguise"),
        pytest.param("Sunshine-2024", "blocklist", id="a leaked one with a year"),
        pytest.param("Trustno1", "blocklist", id="a leaked one in capitals"),
        pytest.param("Blink182Blink182", "strength", id="a leaked one twice"),
        pytest.param("qazWSX123edc", "blocklist", id="a leaked one that looks like chance"),
        pytest.param("1qaz2WSX3edc4RFV", "blocklist", id="a long leaked one"),
        pytest.param("Jamestkirk7769h", "blocklist", id="a rare leaked one"),
        pytest.param("PasswordPassword", "strength", id="a repeated one"),
        pytest.param("Aaaaaaaaaaaa1", "strength", id="a repeated letter"),
        pytest.param("Qwertzuiop123", "strength", id="a row of keys"),
        pytest.param("12345678901234", "strength", id="a row of digits"),
        pytest.param("x7ACMEv?qLz94", "context", id="the organization's name"),
        pytest.param("x7-Br1ghtw@ter-9", "context", id="its domain in disguise"),
        pytest.param("qz7-Jane-v4kT", "context", id="the given name"),
        pytest.param("qz7-meer-v4kT", "context", id="a part of the family name"),
        pytest.param("qz7-br0ker-v4kT", "context", id="the product's name"),
    ],
)
def test_lc06_a_known_guessable_or_personal_password_is_refused_with_its_reason(preset: str, password: str, code: str) -> None:
    assert code in unmet(preset, password)


def test_lc06_context_words_are_the_longer_parts_of_names_domains_and_address() -> None:
    assert sorted(WORDS) == ["acme", "brightwater", "broker", "group", "jane", "meer"]


def test_lc06_most_common_passwords_that_fit_a_class_rule_are_still_refused() -> None:
    for password in (
        "Passw0rd",
        "Welcome1",
        "Abc12345",
        "Qwerty123",
        "P@ssword1",
        "Football1",
        "Iloveyou2",
        "Dragon123",
    ):
        assert {"blocklist", "strength"} & set(unmet("l5c", password)), password


@pytest.mark.parametrize(
    ("password", "same_as"),
    [
        pytest.param("gru\u0308n-kessel", "grün-kessel", id="NFD and NFC"),
        pytest.param("ｋｅｓｓｅｌ", "kessel", id="full-width letters"),
        pytest.param("a\u00a0b", "a b", id="a no-break space"),
        pytest.param("🦊🦊-kettle", "🦊🦊-kettle", id="emoji"),
        pytest.param("kettle\x00tail", "kettle\x00tail", id="NUL and what follows it"),
        pytest.param(" kettle ", " kettle ", id="blanks around"),
        pytest.param("k" * 1024, "k" * 1024, id="1,024 bytes"),
    ],
)
def test_lc05_odd_passwords_are_normalised_and_never_shortened(password: str, same_as: str) -> None:
    assert normalise_password(password) == same_as


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("k" * 1025, id="1,025 characters"),
        pytest.param("🦊" * 257, id="1,028 bytes"),
        pytest.param("\ufdfa" * 100, id="1,024 bytes only before normalisation"),
        pytest.param("k" * 10_000_000, id="ten megabytes"),
        pytest.param("kettle\ud800", id="half a surrogate pair"),
    ],
)
def test_lc05_what_is_over_the_cap_or_no_text_is_refused(password: str) -> None:
    with pytest.raises(PasswordError):
        check_password(PRESETS["nist"], password)


@pytest.mark.parametrize("length", [64, 128])
def test_lc05_long_passwords_are_accepted(length: int) -> None:
    assert unmet("nist", (GOOD * 11)[:length]) == []


def test_lc05_only_the_beginning_is_estimated_as_that_costs_more_than_the_length_suggests() -> None:
    assert unmet("nist", "a" * 20 + GOOD) == ["strength"]
    assert unmet("nist", GOOD + "a" * 20) == []


@given(st.text(max_size=60), st.sampled_from(sorted(PRESETS)))
def test_lc05_no_text_breaks_the_check_and_spelling_does_not_change_it(password: str, preset: str) -> None:
    outcomes = check_password(PRESETS[preset], password, WORDS)
    assert outcomes == check_password(PRESETS[preset], normalise_password(password), WORDS)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_rules_shown_before_typing_are_those_that_are_checked(preset: str) -> None:
    lines = rule_lines(PRESETS[preset])
    outcomes = check_password(PRESETS[preset], GOOD)
    assert [(line.code, line.text_key) for line in lines] == [(outcome.code, outcome.text_key) for outcome in outcomes]
    for line in lines:
        assert line.text_key == RULE_TEXTS[line.code]
        assert "%(" not in line.text_key % line.values


def test_every_sentence_belongs_to_a_rule_of_some_preset_or_of_own_rules() -> None:
    of_presets = {line.code for preset in PRESETS.values() for line in rule_lines(preset)}
    assert set(RULE_TEXTS) - of_presets == {"classes_of", "alphabet_of"}


def test_l5b_shows_every_symbol_that_it_allows_and_refuses_the_others() -> None:
    line = next(line for line in rule_lines(PRESETS["l5b"]) if line.code == "alphabet")
    assert (line.text_key % line.values).endswith(" ".join(ASCII_SYMBOLS))
    refused = {chr(code) for code in range(32, 127)} - (PRESETS["l5b"].alphabet or frozenset())
    assert refused == set(" !<>\\")
