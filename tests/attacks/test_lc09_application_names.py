"""LC-09 towards applications: an address that nobody has proven names nobody there, unless the application takes it."""

import pytest

from tenants.accounts import Account
from tenants.saml_applications import AttributeRule
from tests import factories
from tests.support import steps
from tests.support.saml_app import SamlApp, posts_nothing

EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
RULES = (
    AttributeRule("mail", "email", format="basic"),
    AttributeRule("uid", "email_local_part", format="basic"),
    AttributeRule("name", "name", format="basic"),
)


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


def somebody(home, **columns):
    return factories.account(home, with_totp=False, **columns)


def wiki(app, home, who, **options):
    return SamlApp.of(app, home, attributes=RULES, **options).signed_in(who)


def policy(more=""):
    return f'<samlp:NameIDPolicy Format="{EMAIL}"/>{more}'


@pytest.mark.parametrize(
    ("options", "more"),
    [({"name_id": "email"}, ""), ({"name_id": "unspecified"}, ""), ({}, policy())],
    ids=["as e-mail address", "unspecified", "asked for"],
)
def test_lc09_unproven_address_names_nobody_to_an_application(app, home, options, more):
    ada = somebody(home, with_password=False)
    sp = wiki(app, home, ada, **options)
    page = sp.send(sp.sp.query(sp.sp.request(more)))
    assert posts_nothing(page)
    assert "Wiki needs a confirmed address" in page.text
    assert "Your admins can settle that" in page.text
    (event,) = steps.events(home, "access.refused")
    assert (event.cause, event.application_id, event.account_id) == ("email_unverified", sp.application.id, ada.id)
    assert "prove its domain" in event.detail["detail"]
    passive = sp.ask(more, IsPassive="true")
    assert passive.status == ("Responder", "RequestDenied")
    # The request is answered another time, once the address is proven.
    home.change(Account, ada.id, is_email_verified=True)
    assert sp.ask(more).name_id.text == ada.email


def test_lc09_unproven_address_makes_nobody_the_subject_that_an_application_asks_for(app, home):
    """A pairwise name in the answer changes nothing: the application takes it for the Subject's."""
    ada = somebody(home, with_password=False)
    sp = wiki(app, home, ada)
    subject = '<saml:Subject><saml:NameID Format="{}">{}</saml:NameID></saml:Subject>'
    asked = subject.format(EMAIL, ada.email.upper())
    page = sp.send(sp.sp.query(sp.sp.request(asked)))
    assert (posts_nothing(page), "Wiki needs a confirmed address" in page.text) == (True, True)
    assert [event.cause for event in steps.events(home, "access.refused")] == ["email_unverified"]
    assert sp.ask(asked, IsPassive="true").status == ("Responder", "RequestDenied")
    own = sp.ask().name_id
    assert sp.ask(subject.format(own.get("Format"), own.text)).name_id.text == own.text
    home.change(Account, ada.id, is_email_verified=True)
    assert sp.ask(asked).name_id.text == own.text


def test_lc09_unproven_address_is_left_out_of_attributes_and_the_log_says_so(app, home):
    ada = somebody(home, name="Ada Lovelace")
    got = wiki(app, home, ada).ask()
    assert got.attributes == {"name": ["Ada Lovelace"]}
    (opened,) = steps.events(home, "application.opened")
    assert opened.detail["kept_back"] == "mail uid"


def test_application_that_takes_unproven_addresses_is_told_them(app, home):
    ada = somebody(home)
    got = wiki(app, home, ada, name_id="email", takes_unproven_email=True).ask()
    assert got.name_id.text == ada.email
    assert got.attributes["mail"] == [ada.email]
    (opened,) = steps.events(home, "application.opened")
    assert "kept_back" not in opened.detail
