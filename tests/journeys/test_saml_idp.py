"""A whole sign-in to applications that nobody here wrote: pysaml2 and python3-saml as service providers."""

import base64
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT

from broker import create_app
from tenants.saml_applications import AcsAddress, AttributeRule, SamlApplicationConfig
from tests import factories
from tests.browser import Browser
from tests.peers.second_sp import SecondServiceProvider
from tests.peers.xml_signing import saml_key
from tests.support import steps
from tests.support.clock import FakeClock
from tests.support.html import Page
from tests.support.saml_rows import saml_application
from tests.support.wiring import make_ports, make_settings

RULES = (AttributeRule("urn:oid:0.9.2342.19200300.100.1.3", "email", friendly_name="mail"),)


@pytest.fixture
def app_of_today(database_url):
    """pysaml2 asks the system for the time, so the product has to live in the same present."""
    made = create_app(make_settings(database_url), ports=make_ports(FakeClock(datetime.now(UTC))))
    yield made
    made.extensions["broker"].db.dispose()


@pytest.fixture
def home(app_of_today):
    return factories.tenant(app_of_today.extensions["broker"])


@pytest.fixture
def sp(tmp_path):
    return SecondServiceProvider("https://second.example", tmp_path)


def known(home, sp, **options):
    config = SamlApplicationConfig(
        entity_id=sp.entity_id,
        acs=(AcsAddress(f"{sp.origin}/acs", 0),),
        certificates=(saml_key(31).pem,),
        wants_signed_requests=True,
        attributes=RULES,
        **options,
    )
    return saml_application(home, config, key="second", name="Second")


def posted(browser):
    form = next(one for one in Page(browser.text).forms if "SAMLResponse" in one.fields)
    return form.action, {name: one.value for name, one in form.fields.items()}


OPTIONS = {
    "open": {},
    "encrypted": {"encryption_certificate": saml_key(31).pem},
    "encrypted, aes-128": {"encryption_certificate": saml_key(31).pem, "cipher": "aes128-gcm"},
}


@pytest.mark.parametrize("binding", [BINDING_HTTP_REDIRECT, BINDING_HTTP_POST], ids=["redirect", "post"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_pysaml2_takes_what_it_asked_for(app_of_today, home, sp, options, binding):
    known(home, sp, **options)
    browser, ada = Browser(app_of_today), factories.account(home, is_email_verified=True)
    sp.learns(browser.open(f"{home.path}/saml/idp/metadata").text)
    request_id, sent = sp.asks(binding)
    if binding == BINDING_HTTP_REDIRECT:
        browser.open(dict(sent["headers"])["Location"])
    else:
        form = Page(sent["data"]).forms[0]
        fields = {name: one.value for name, one in form.fields.items()}
        browser.post(form.action, fields)
    steps.prove(browser.submit(email=ada.email), home, ada)
    url, fields = posted(browser)
    assert (url, fields["RelayState"]) == (f"{sp.origin}/acs", "deep")
    taken = sp.takes(fields["SAMLResponse"], request_id)
    assert taken.get_identity()["mail"] == [ada.email]
    assert taken.name_id.format.endswith(":persistent")
    assert taken.session_info()["issuer"] == f"{home.url}/saml/idp/metadata"


@pytest.mark.parametrize("options", [{}, {"encryption_certificate": saml_key(31).pem}], ids=["open", "encrypted"])
def test_python3_saml_takes_it_in_its_strictest_setting(app_of_today, home, sp, options):
    known(home, sp, may_begin_here=True, name_id="email", **options)
    ada, browser = factories.account(home, is_email_verified=True), Browser(app_of_today)
    steps.sign_in(browser, home, ada, at="/saml/idp/sso?sp=second")
    url, fields = posted(browser)
    browser.open(f"{home.path}/saml/idp/metadata")
    certificate = base64.b64encode(_certificate(browser.text)).decode()
    key = saml_key(31)
    settings = {
        "strict": True,
        "sp": {
            "entityId": sp.entity_id,
            "assertionConsumerService": {"url": url},
            "x509cert": key.base64,
            "privateKey": _pem(key),
        },
        "idp": {
            "entityId": f"{home.url}/saml/idp/metadata",
            "singleSignOnService": {"url": f"{home.url}/saml/idp/sso"},
            "x509cert": certificate,
        },
        "security": {
            "wantMessagesSigned": True,
            "wantAssertionsSigned": True,
            "wantAssertionsEncrypted": bool(options),
            "rejectDeprecatedAlgorithm": True,
        },
    }
    library = OneLogin_Saml2_Response(OneLogin_Saml2_Settings(settings), fields["SAMLResponse"])
    asked = {"https": "on", "http_host": "second.example", "script_name": "/acs", "get_data": {}, "post_data": {}}
    assert library.is_valid(asked, raise_exceptions=True)
    assert library.get_nameid() == ada.email
    assert library.get_attributes() == {RULES[0].name: [ada.email]}


def _certificate(metadata):
    return base64.b64decode(
        next(etree.fromstring(metadata.encode()).iter("{*}KeyDescriptor")).findtext(".//{*}X509Certificate")
    )


def _pem(key):
    return key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
