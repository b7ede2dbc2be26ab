"""Branding, contacts and the words of mails in the console."""

from io import BytesIO

import pytest
from PIL import Image

from tenants.audit import Event
from tenants.organizations import Contact
from tests import factories
from tests.support import steps
from tests.support.rows import settings, stored
from tests.support.wiring import ORIGIN

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def picture(size=(900, 300), form="PNG", **extra):
    body = BytesIO()
    Image.new("RGB", size, (13, 107, 100)).save(body, form, **extra)
    return body.getvalue()


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home, role="owner")


def spoken(home):
    row = settings(home)
    return row.languages, row.language


@pytest.fixture
def branding(app, home, at_home):
    """Posts the form as a browser with a file does."""

    def send(logo=b"", **values):
        page = at_home.open(f"{home.path}/console/branding")
        form = next(one for one in page.page.forms if "seen" in one.fields)
        fields = {name: field.value or "" for name, field in form.fields.items() if name not in {"logo", "drop_logo"}}
        fields |= {name: one.checked for name, one in form.fields.items() if one.checked}
        data = fields | values | {"logo": (BytesIO(logo), "../../logo.svg")}
        return at_home.client.post(f"{home.path}/console/branding", data=data, base_url=ORIGIN)

    return send


def test_name_and_colour_stand_on_the_next_page(home, at_home):
    at_home.open(f"{home.path}/console/branding").submit(name="Blue Harbour", colour="#FFEE00")
    assert "Saved." in at_home.words
    assert "Blue Harbour" in at_home.words
    assert settings(home).colour == "#ffee00"
    assert "Dark pages #ffee00" in at_home.words, "readable as it is"
    event = steps.events(home, Event.CONFIGURATION_CHANGED)[-1]
    assert event.detail["after name"] == "Blue Harbour"
    page = at_home.open(f"{home.path}/console/branding").submit(colour="red; }", name="Blue Harbour")
    assert page.status == 422
    assert "A colour is written #rrggbb" in page.words
    assert settings(home).colour == "#ffee00"


def test_ac11_a_logo_is_drawn_anew(home, at_home, branding):
    with_text = picture(form="JPEG", comment=b"<script>alert(1)</script>")
    assert branding(with_text).status_code == 303
    kept = settings(home)
    assert kept.logo_type == "image/png"
    assert b"script" not in kept.logo
    assert Image.open(BytesIO(kept.logo)).size == (432, 144)
    assert at_home.open(f"{home.path}/console/branding").status == 200
    assert branding(drop_logo="yes").status_code == 303
    assert settings(home).logo is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (SVG, "no picture that can be read"),
        (b"MZ not a picture", "no picture that can be read"),
        (picture()[:200], "no picture that can be read"),
        (picture((5000, 8)), "larger than 4000 pixels"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200_001), "larger than 200 kB"),
    ],
    ids=["a script", "a program", "cut off", "too wide", "too large"],
)
def test_ac11_what_is_no_picture_is_refused(home, branding, body, told):
    answer = branding(body)
    assert answer.status_code == 422
    assert told in answer.text
    assert settings(home).logo is None


def test_contacts_are_added_changed_and_removed(home, at_home):
    count = len(stored(home, Contact))
    at_home.open(f"{home.path}/console/branding/contacts").follow("Add a contact")
    assert at_home.submit(label="Desk North", email="", phone="").status == 422
    assert "or nobody can ask there" in at_home.words
    at_home.submit(label="Desk North", email="north@acme.example", phone="+47 22 00 00 00")
    assert "north@acme.example · +47 22 00 00 00" in at_home.words
    new = stored(home, Contact, label="Desk North")[0]
    at_home.open(f"{home.path}/console/branding/contacts/{new.id}").submit(label="Desk Oslo")
    assert "Desk Oslo" in at_home.open(f"{home.path}/console/branding/contacts").words
    at_home.open(f"{home.path}/console/branding/contacts/{new.id}").submit({}, press="Remove this contact")
    assert len(stored(home, Contact)) == count
    assert at_home.open(f"{home.path}/console/branding/contacts/{new.id}").status == 404


def test_two_who_change_a_contact_are_told(home, at_home):
    row = stored(home, Contact)[0]
    at_home.open(f"{home.path}/console/branding/contacts/{row.id}")
    home.change(Contact, row.id, label="Somebody else's")
    assert at_home.submit(label="Mine").status == 409
    assert stored(home, Contact)[0].label == "Somebody else's"


def test_in05_words_of_mails_are_text(home, at_home):
    at_home.open(f"{home.path}/console/branding/mails").submit(invitation="Ask {{7*7}} at the desk.")
    assert settings(home).wording == {"invitation": "Ask {{7*7}} at the desk."}
    at_home.open(f"{home.path}/console/branding/mails").submit(invitation="")
    assert settings(home).wording is None
    assert at_home.open(f"{home.path}/console/branding/mails").submit(code="x" * 501).status == 422


def test_languages_are_offered_and_one_is_usual(home, branding):
    assert spoken(home) == (None, None)
    assert branding(languages=["de"], language="de").status_code == 303
    assert spoken(home) == (["de"], None)
    assert branding(languages=["en", "de"], language="de").status_code == 303
    assert spoken(home) == (None, "de")
    told = [event.detail for event in steps.events(home, Event.CONFIGURATION_CHANGED)]
    assert ("de", "en, de") in {(one["before languages"], one["after languages"]) for one in told if "after languages" in one}
    assert branding(languages=["en", "de"], language="en").status_code == 303
    assert spoken(home) == (None, None)


@pytest.mark.parametrize(
    ("languages", "language", "told"),
    [
        ([], "en", "Offer one language at least."),
        (["de"], "en", "Choose one that is offered."),
        (["tlh"], "tlh", "Offer one language at least."),
        (["en", "tlh"], "tlh", "Choose one that is offered."),
    ],
)
def test_languages_that_cannot_be_are_told(home, branding, languages, language, told):
    answer = branding(languages=languages, language=language)
    assert answer.status_code == 422
    assert told in answer.text
    assert spoken(home) == (None, None)


def test_words_are_the_same_for_all_languages_or_of_each(home, at_home, browser, clock):
    words = f"{home.path}/console/branding/mails"
    at_home.open(words).submit(introduction="Welcome.", privacy="https://acme.example/privacy", code="Call us.")
    assert "Saved." in at_home.words
    at_home.open(words).follow("Deutsch")
    assert at_home.page.forms[-1].fields["introduction"].value.strip() == ""
    at_home.submit(introduction="Willkommen.", names="Blauer Hafen", imprint="https://acme.example/impressum")
    row = settings(home)
    assert row.texts == {
        "introduction": {"others": "Welcome.", "de": "Willkommen."},
        "privacy": "https://acme.example/privacy",
        "imprint": {"de": "https://acme.example/impressum"},
        "names": {"de": "Blauer Hafen"},
    }
    assert row.wording == {"code": "Call us."}
    clock.advance(seconds=3)
    for languages, said, name, links in (
        ("de", "Willkommen.", "Blauer Hafen", ["Datenschutz", "Impressum"]),
        ("en", "Welcome.", f"{home.canary} Group", ["Privacy"]),
    ):
        browser.languages = languages
        browser.open(f"{home.path}/sign-in")
        assert said in browser.words
        assert name in browser.title
        assert [one.label for one in browser.page.links if one.href.startswith("https://acme.example/")] == links
    at_home.open(f"{words}?language=de").submit(introduction="", names="", imprint="")
    assert settings(home).texts == {"introduction": "Welcome.", "privacy": "https://acme.example/privacy"}


@pytest.mark.parametrize(
    "address",
    ["http://acme.example/", "javascript:alert(1)", "https://", "https://a b", "https://u:p@acme.example/", "//acme.example"],
)
def test_address_of_a_notice_begins_with_https(home, at_home, address):
    page = at_home.open(f"{home.path}/console/branding/mails").submit(privacy=address)
    assert page.status == 422
    assert "Must be an address such as https://acme.example/privacy." in page.words
    assert settings(home).texts is None


def test_in05_introduction_is_text(home, at_home, browser, clock):
    nasty = "<script>alert(1)</script> {{7*7}} %(name)s"
    at_home.open(f"{home.path}/console/branding/mails").submit(introduction=nasty)
    clock.advance(seconds=3)
    browser.open(f"{home.path}/sign-in")
    assert nasty in browser.words
    assert "<script>alert" not in browser.text
    assert at_home.open(f"{home.path}/console/branding/mails").submit(introduction="x" * 501).status == 422
