"""What people paste who are stuck at Microsoft or Google, and what they read then."""

import pytest

from broker.help import google, microsoft
from broker.help.reading import MAX_TEXT, look_up
from broker.upstream.entra_errors import READINGS
from broker.upstream.google import CAUSE_OF_ERROR
from tests import factories
from tests.peers.entra import CORRELATION, described
from tests.support import steps

READ = {
    ("microsoft", "AADSTS50105"): ("AADSTS50105", "not_assigned"),
    ("microsoft", described(53003)): ("AADSTS53003", "policy"),
    ("microsoft", "aadsts 65001"): ("AADSTS65001", "consent_missing"),
    ("microsoft", "Sorry, but we’re having trouble.\r\nAADSTS700016: App"): (
        "AADSTS700016",
        "app_unknown",
    ),
    ("microsoft", " 50105 "): ("AADSTS50105", "not_assigned"),
    ("microsoft", "Error Code: 50020"): ("AADSTS50020", "wrong_account"),
    ("microsoft", "AADSTS75011"): ("AADSTS75011", "saml_authentication"),
    ("microsoft", "Need   admin\napproval"): ("", "consent_missing"),
    ("microsoft", "You can’t get there from here"): ("", "policy"),
    ("microsoft", "AADSTS99999999"): ("AADSTS99999999", None),
    ("microsoft", "call 50105 at once"): ("", None),
    ("microsoft", "nothing of the kind"): ("", None),
    ("microsoft", "x" * MAX_TEXT + "AADSTS50105"): ("", None),
    ("google", "Error 400: redirect_uri_mismatch"): ("redirect_uri_mismatch", "redirect_uri_mismatch"),
    ("google", "Access blocked … Error 403: org_internal"): ("org_internal", "org_internal"),
    ("google", "Error 400: admin_policy_enforced"): ("admin_policy_enforced", "admin_policy_enforced"),
    ("google", "This browser or app may not be secure."): ("", "disallowed_useragent"),
    ("google", "some_other_word"): ("", None),
    ("google", "AADSTS50105"): ("", None),
}


@pytest.mark.parametrize(("pasted", "found"), READ.items(), ids=lambda one: str(one)[:40])
def test_what_is_pasted_is_recognized(pasted, found):
    provider, text = pasted
    code, topic = found
    explanations = microsoft.EXPLANATIONS if provider == "microsoft" else google.EXPLANATIONS
    looked = look_up(provider, text)
    assert (looked.code, looked.explanation) == (code, explanations[topic] if topic else None)


def test_every_topic_has_an_explanation_and_every_phrase_a_topic():
    assert {reading.topic for reading in READINGS} == set(microsoft.EXPLANATIONS)
    assert set(CAUSE_OF_ERROR) <= set(google.EXPLANATIONS)
    for book in (microsoft, google):
        assert set(book.PHRASES.values()) <= set(book.EXPLANATIONS)
        assert all(phrase == phrase.lower() and "’" not in phrase for phrase in book.PHRASES)
        assert all(explanation.steps for explanation in book.EXPLANATIONS.values())


def test_correlation_id_is_for_whoever_looks_into_the_logs():
    assert look_up("microsoft", described(50105)).correlation == CORRELATION
    assert look_up("microsoft", "AADSTS50105").correlation == ""


def test_somebody_who_is_stuck_learns_what_it_means_and_whom_to_ask(broker, entra_peer, browser):
    home = factories.tenant(broker)
    way = steps.entra_way(home, entra_peer)
    way.idp.refuses("access_denied", 50105)
    steps.enter(browser, home, way)
    browser.follow("Look up another message")
    assert browser.at == f"{home.path}/help/microsoft"
    browser.submit(message=described(53003) + "<script>")
    assert "A rule of your organization blocks this device or place" in browser.words
    assert "your IT department" in browser.words
    assert CORRELATION in browser.words
    assert f"help@{home.domain}" in browser.words
    assert "AADSTS" not in browser.url
    browser.submit(message="AADSTS1234567 <b>who</b>")
    assert "We don’t know this message" in browser.words
    assert "<b>who" not in browser.text
    browser.submit(message="   ")
    assert "Stuck at Microsoft?" in browser.words
    assert browser.open(f"{home.path}/help/google").status == 200
    assert browser.open(f"{home.path}/help/elsewhere").status == 404


def test_sign_in_pages_lead_there_where_the_tenant_has_such_a_way(broker, entra_peer, oidc_peer, browser):
    """Somebody who is stuck at a provider comes back here by the button of their browser."""
    home = factories.tenant(broker)
    steps.oidc_way(home, oidc_peer)
    assert "Stuck at" not in browser.open(f"{home.path}/sign-in/again").words
    way = steps.entra_way(home, entra_peer, is_shown=False)
    steps.notice(home)
    browser.open(f"{home.path}/sign-in/again")
    assert "Stuck at Google" not in browser.words
    browser.submit(email=f"jane@{home.domain}")
    browser.open(f"{home.path}/sign-in/choose?tx={steps.tx_of(browser)}")
    browser.follow("Stuck at Microsoft?")
    assert browser.at == f"{home.path}/help/microsoft"
    way.change(is_enabled=False)
    assert "Stuck at" not in browser.open(f"{home.path}/sign-in/again").words
