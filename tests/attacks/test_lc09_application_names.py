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
