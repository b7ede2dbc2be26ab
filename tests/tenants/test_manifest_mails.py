"""A tenant's own words and logo in its mails, as the file says them."""

from pathlib import Path

import pytest
from sqlalchemy import select

from tenants.languages import Languages
from tenants.snapshot import load_snapshot
from tenants.tenants import TenantSettings
from tests.support.mails import picture
from tests.support.manifests import SMALL, Desk

MAILS = SMALL + '\n[tenants.$t.mails]\ninvitation = "Ask your team lead."\ncode = """\nOne line\n  and another. """\n'


def wording(desk: Desk) -> object:
    with desk.session() as s:
        return s.scalars(select(TenantSettings)).one().wording


def test_words_are_kept_as_one_paragraph(desk: Desk) -> None:
    assert desk.apply(MAILS) == ["create tenants.$t"]
    assert wording(desk) == {"invitation": "Ask your team lead.", "code": "One line and another."}
    config = load_snapshot(desk.db, desk.row, "https://x.example")
    assert config.wording["code"] == "One line and another."
    assert desk.apply(MAILS) == []


def test_words_are_changed_added_and_taken_back(desk: Desk) -> None:
    desk.apply(SMALL)
    version = desk.row.config_version
    assert wording(desk) is None
    assert desk.plan(MAILS) == ["change tenants.$t.mails (code, invitation)"]
    assert wording(desk) is None
    assert desk.apply(MAILS) == ["change tenants.$t.mails (code, invitation)"]
    assert desk.row.config_version > version
    assert desk.apply(MAILS.replace("team lead", "manager")) == ["change tenants.$t.mails (invitation)"]
    assert desk.apply(SMALL) == ["change tenants.$t.mails (code, invitation)"]
    assert wording(desk) is None
    assert desk.apply(SMALL) == []


OWN = """
[tenants.$t.branding]
languages = ["de", "en"]
language = "en"
names = { de = "Blauer Hafen" }
introduction = { de = "Willkommen.", others = "Welcome." }
privacy = "https://acme.example/privacy"
imprint = { others = "https://acme.example/imprint" }

[tenants.$t.mails]
code = { de = "Rufen Sie an.", en = "Call us." }
"""


def test_languages_and_words_of_each_are_kept(desk: Desk) -> None:
    desk.apply(SMALL + OWN)
    config = load_snapshot(desk.db, desk.row, "https://x.example")
    assert config.branding.languages == Languages(("de", "en"), "en")
    assert (config.name_in("de"), config.name_in("en")) == ("Blauer Hafen", config.name)
    assert config.branding.texts["imprint"] == "https://acme.example/imprint"
    assert [config.branding.text("introduction", one) for one in ("de", "en")] == ["Willkommen.", "Welcome."]
    assert wording(desk) == {"code": {"de": "Rufen Sie an.", "en": "Call us."}}
    assert desk.apply(SMALL + OWN) == []
    assert desk.apply(SMALL + OWN.replace("Welcome", "Hello").replace('language = "en"\n', "")) == [
        "change tenants.$t.branding (introduction, language)"
    ]
    assert desk.apply(SMALL) == [
        "change tenants.$t.branding (imprint, introduction, languages, names, privacy)",
        "change tenants.$t.mails (code)",
    ]


NO_LANGUAGES = {
    "a language that there is none of": ('languages = ["tlh"]', "languages[0]: must be one of en, de."),
    "a language twice": ('languages = ["de", "de"]', "languages: must not name a language twice."),
    "none": ("languages = []", "languages: must not be empty."),
    "a default that is not offered": ('languages = ["de"]\nlanguage = "en"', ": language must be one of languages."),
    "a default that there is none of": ('language = "fr"', "language: must be one of en, de."),
    "a name in an unknown language": ('names = { tlh = "x" }', "names.tlh: must be one of en, de."),
    "a text in an unknown language": (
        'introduction = { tlh = "x" }',
        "introduction.tlh: must be a language (en, de), or others.",
    ),
    "a text by no language": ("introduction = {}", "introduction: must not be empty."),
    "an empty text": ('introduction = { de = " " }', "introduction.de: must not be empty."),
    "a text that is too long": (f'introduction = "{"x" * 501}"', "introduction: must have at most 500 characters."),
    "no text": ("introduction = 1", "introduction: must be text in quotes."),
    "a plain address": ('privacy = "http://a.example"', "privacy: must be an address such as https://acme.example/privacy."),
    "a script": ('imprint = { de = "javascript:x" }', "imprint.de: must be an address such as https://acme.example/privacy."),
}


@pytest.mark.parametrize("name", NO_LANGUAGES)
def test_languages_that_cannot_be_are_told(desk: Desk, name: str) -> None:
    line, fault = NO_LANGUAGES[name]
    (told,) = desk.faults(f"{SMALL}\n[tenants.$t.branding]\n{line}\n")
    assert told == f"tenants.$t.branding{'' if fault[0] == ':' else '.'}{fault}"


MISTAKES = {
    "a message that there is none of": ('welcome = "x"', "tenants.$t.mails.welcome: is not known here."),
    "a message that is no text": ("code = 1", "tenants.$t.mails.code: must be text in quotes."),
    "nothing": ('code = "  "', "tenants.$t.mails.code: must not be empty."),
    "too much": (f'code = "{"x" * 501}"', "tenants.$t.mails.code: must have at most 500 characters."),
    "an escape": ('code = "\\u001b[31m"', "tenants.$t.mails.code: must be one line without invisible characters."),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_words_that_cannot_be_are_told(desk: Desk, name: str) -> None:
    line, fault = MISTAKES[name]
    (told,) = desk.faults(f"{SMALL}\n[tenants.$t.mails]\n{line}\n")
    assert told.startswith(fault)


LOGO = SMALL + '\n[tenants.$t.branding]\nlogo = "logo.svg"\n'


def test_mails_have_a_logo_of_their_own_or_the_tenants_png(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "mail.png").write_bytes(picture())
    desk.apply(LOGO)
    assert branding(desk).mail_logo is None
    assert desk.apply(LOGO + 'mail_logo = "mail.png"\n') == ["change tenants.$t.branding (mail_logo)"]
    assert (branding(desk).mail_logo, branding(desk).logo_type) == (picture(), "image/svg+xml")
    desk.apply(LOGO.replace("logo.svg", "mail.png"))
    assert (branding(desk).mail_logo, branding(desk).logo_type) == (picture(), "image/png")


def branding(desk: Desk):
    return load_snapshot(desk.db, desk.row, "https://x.example").branding


def test_logo_of_mails_is_a_png(desk: Desk) -> None:
    assert desk.faults(LOGO + 'mail_logo = "logo.svg"\n') == [
        "tenants.$t.branding.mail_logo: must be a PNG picture: mail programs show no other."
    ]
