"""Our SAML identity provider against saml2int and the Kantara profile, row by row (conformance.md, part C).

The counterpart signs and verifies with signxml; tests/journeys/test_saml_idp.py has pysaml2 in its place.
"""

from datetime import datetime, timedelta

import pytest
from lxml import etree

from broker.session import Proof
from tenants.accounts import Account
from tenants.saml_applications import AttributeRule
from tenants.transactions import LoginTransaction
from tests import factories
from tests.browser import Browser
from tests.peers.service_provider import POST
from tests.peers.xml_signing import saml_key
from tests.support import steps
from tests.support.html import Page
from tests.support.rows import stored
from tests.support.saml_app import SamlApp, posts_nothing

NAME = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
MFA = "https://refeds.org/profile/mfa"
MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def wiki(app, home):
    return SamlApp.of(app, home).signed_in()


def policy(name_format: str) -> str:
    return f'<samlp:NameIDPolicy Format="{name_format}" AllowCreate="true"/>'


def contexts(*classes: str, comparison: str = "exact") -> str:
    refs = "".join(f"<saml:AuthnContextClassRef>{one}</saml:AuthnContextClassRef>" for one in classes)
    return f'<samlp:RequestedAuthnContext Comparison="{comparison}">{refs}</samlp:RequestedAuthnContext>'


def test_i1_metadata_says_what_there_is_and_is_the_tenant_s_own(app, broker, home, wiki):
    document = etree.fromstring(wiki.get("/saml/idp/metadata").data)
    assert document.get("entityID") == f"{home.url}/saml/idp/metadata"
    role = document.find(f"{MD}IDPSSODescriptor")
    places = [(one.tag, one.get("Binding").rpartition(":")[2], one.get("Location")) for one in role if one.get("Binding")]
    assert sorted(places) == sorted(
        (f"{MD}Single{name}Service", binding, f"{home.url}/saml/idp/{path}")
        for name, path in (("SignOn", "sso"), ("Logout", "slo"))
        for binding in ("HTTP-Redirect", "HTTP-POST")
    )
    assert {one.text for one in role.iter(f"{MD}NameIDFormat")} >= {f"{NAME}persistent", f"{NAME}transient", EMAIL}
    until = datetime.fromisoformat(document.get("validUntil"))
    assert timedelta(days=6) < until - home.now < timedelta(days=9)
    assert document[0].tag.endswith("Signature")
    other = SamlApp.of(app, factories.tenant(broker))
    assert (other.certificate == wiki.certificate, len(wiki.certificate) > 500) == (False, True)


def test_i3_relay_state_comes_back_as_it_was(wiki):
    for text in ("x" * 80, "y" * 1024, "a&b=c+d%20", "Grüße ✓", '"><script>'):
        assert wiki.ask(relay_state=text).relay_state == text
    assert wiki.ask(relay_state=None).relay_state is None
    posted = wiki.post(wiki.sp.form(wiki.sp.request(), "a&b=c+d%20 ü"))
    assert wiki.got(wiki.follow(posted)).relay_state == "a&b=c+d%20 ü"


def test_i5_address_of_the_answer_is_a_registered_one(wiki):
    origin = wiki.sp.acs.removesuffix("/acs")
    for changes, place in (
        ({}, "acs"),
        ({"AssertionConsumerServiceURL": None}, "acs"),
        ({"AssertionConsumerServiceURL": f"{origin}/other"}, "other"),
        ({"AssertionConsumerServiceURL": None, "AssertionConsumerServiceIndex": "7"}, "other"),
        ({"ProtocolBinding": POST}, "acs"),
    ):
        assert wiki.ask(**changes).url == f"{origin}/{place}", changes


def test_i7_force_authn_asks_again_and_says_when(app, home, clock):
    ada, browser = factories.account(home), Browser(app)
    wiki = SamlApp.of(app, home)
    first = wiki.sp.query(wiki.sp.request())
    steps.sign_in(browser, home, ada, at=f"/saml/idp/sso?{first}")
    before = wiki.read(browser.text).one("AuthnStatement").get("AuthnInstant")
    clock.advance(minutes=5)
    forced = wiki.sp.query(wiki.sp.request(ForceAuthn="true"))
    browser.open(f"{home.path}/saml/idp/sso?{forced}")
    assert "SAMLResponse" not in browser.text
    steps.prove(browser.submit(email=ada.email), home, ada)
    assert wiki.read(browser.text).one("AuthnStatement").get("AuthnInstant") > before
    browser.open(f"{home.path}/saml/idp/sso?{wiki.sp.query(wiki.sp.request())}")
    assert wiki.read(browser.text).status == ("Success",)


def test_i7_force_authn_asks_also_who_has_just_come_from_a_provider(home, wiki):
    wiki.signed_in(method="company")
    forced = wiki.sp.query(wiki.sp.request(ForceAuthn="true"))
    assert "/sign-in" in wiki.send(forced).headers["Location"]
    (waits,) = stored(home, LoginTransaction)
    path, _, query = waits.return_to.removeprefix(home.path).partition("?")
    assert wiki.got(wiki.get(path, query)).status == ("Responder", "AuthnFailed"), "nobody has signed in since"


def test_i8_passive_requests_show_no_page(app, home, wiki):
    fresh = SamlApp.of(app, home, name="fresh")
    got = fresh.ask(IsPassive="true")
    assert (got.status, got.assertion, got.url) == (("Responder", "NoPassive"), None, fresh.sp.acs)
    got.require_signed(fresh.certificate, "Response")
    assert wiki.ask(IsPassive="true").status == ("Success",)
    home.broker.ports.clock.advance(seconds=1)
    assert wiki.ask(IsPassive="1", ForceAuthn="1").status == ("Responder", "NoPassive")


CONTEXTS = {
    "nothing asked: the strongest": ("", MFA),
    "a password was typed": (contexts(f"{CLASSES}Password"), f"{CLASSES}Password"),
    "a second factor was": (contexts(MFA), MFA),
    "the first that was met": (contexts(f"{CLASSES}X509", MFA), MFA),
    "at least a password": (contexts(f"{CLASSES}Password", comparison="minimum"), MFA),
    "better than a password": (contexts(f"{CLASSES}Password", comparison="better"), MFA),
    "at most a password": (contexts(f"{CLASSES}Password", comparison="maximum"), f"{CLASSES}Password"),
    "never by tls on plain http": (contexts(f"{CLASSES}PasswordProtectedTransport"), None),
    "a class that nobody knows": (contexts("urn:nobody"), None),
    "better than the best": (contexts(MFA, comparison="better"), None),
}


@pytest.mark.parametrize(("asked", "context"), CONTEXTS.values(), ids=CONTEXTS)
def test_i9_context_is_what_happened(wiki, asked, context):
    got = wiki.ask(asked)
    assert got.status == (("Success",) if context else ("Responder", "NoAuthnContext"))
    assert context is None or got.context == context


def test_i9_one_factor_is_never_called_two(app, home, clock):
    fed = [Proof("fed", clock.now(), connection="entra", acr=f"{CLASSES}Kerberos").as_json()]
    wiki = SamlApp.of(app, home).signed_in(method="entra", proofs=fed)
    assert wiki.ask().context == f"{CLASSES}Kerberos"
    asked = wiki.send(wiki.sp.query(wiki.sp.request(contexts(MFA))))
    assert asked.status_code in {303, 403}, "a second factor is asked for, or there is none"
    assert wiki.ask(contexts(MFA), IsPassive="true").status == ("Responder", "NoPassive")


def test_i10_names_in_every_format(app, home, wiki):
    other = wiki.other("blog")
    one, again, elsewhere = wiki.ask(), wiki.ask(policy(f"{NAME}persistent")), other.ask()
    assert one.name_id.text == again.name_id.text != elsewhere.name_id.text
    assert one.name_id.text.islower() or one.name_id.text.isdigit()
    assert one.name_id.get("SPNameQualifier") == wiki.sp.entity_id
    transient = [wiki.ask(policy(f"{NAME}transient")).name_id.text for _ in range(2)]
    assert transient[0] != transient[1]
    mail = wiki.ask(policy(EMAIL)).name_id
    assert "@" in mail.text
    assert mail.get("Format") == EMAIL
    assert wiki.ask(policy("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified")).name_id.text == one.name_id.text
    assert wiki.ask(policy(f"{NAME}kerberos")).status == ("Requester", "InvalidNameIDPolicy")
    strange = '<samlp:NameIDPolicy SPNameQualifier="urn:someone-else"/>'
    assert wiki.ask(strange).status == ("Requester", "InvalidNameIDPolicy")


def test_i11_response_says_what_the_profile_asks_for(wiki, home):
    asked = wiki.sp.request()
    got = wiki.got(wiki.send(wiki.sp.query(asked)))
    document, idp = got.document, f"{home.url}/saml/idp/metadata"
    assert (document.get("InResponseTo"), document.get("Destination")) == (asked.get("ID"), wiki.sp.acs)
    assert (document.findtext("{*}Issuer"), got.one("Issuer").text) == (idp, idp)
    data = got.one("Subject/SubjectConfirmation/SubjectConfirmationData")
    assert (data.get("Recipient"), data.get("InResponseTo"), data.get("NotBefore")) == (wiki.sp.acs, asked.get("ID"), None)
    assert data.get("NotOnOrAfter") == wiki.sp.later(minutes=5)
    assert got.one("Conditions/AudienceRestriction/Audience").text == wiki.sp.entity_id
    statement = got.one("AuthnStatement")
    assert statement.get("SessionIndex")
    assert statement.get("SessionNotOnOrAfter") == wiki.sp.later(hours=12)
    ids = [document.get("ID"), got.assertion.get("ID")]
    assert min(map(len, ids)) > 40
    assert ids[0] != ids[1]


SIGNED = {"both": ("Response", "Assertion"), "response": ("Response",), "assertion": ("Assertion",)}


@pytest.mark.parametrize("is_encrypted", [False, True], ids=["open", "encrypted"])
@pytest.mark.parametrize(("signed", "parts"), SIGNED.items(), ids=SIGNED)
def test_i12_i13_signed_and_encrypted_as_the_application_wants(app, home, signed, parts, is_encrypted):
    key = saml_key(42)
    certificate = key.pem if is_encrypted else None
    wiki = SamlApp.of(app, home, signed=signed, encryption_certificate=certificate, cipher="aes128-gcm").signed_in()
    wiki.sp.encryption_key = key
    got = wiki.ask()
    assert (got.document.find("{*}EncryptedAssertion") is not None) == is_encrypted
    got.require_signed(wiki.certificate, *parts)
    methods = {one.get("Algorithm") for one in got.document.iter("{*}Transform", "{*}SignatureMethod", "{*}DigestMethod")}
    assert all("sha1" not in one for one in methods) or is_encrypted


def test_i14_attributes_are_released_by_rule_and_survive(app, home):
    names = (
        ("urn:oid:0.9.2342.19200300.100.1.3", "email"),
        ("given", "given_name"),
        ("groups", "groups"),
        ("org", "organization"),
    )
    rules = (
        *(AttributeRule(name, source) for name, source in names),
        AttributeRule("site", value="main <&> ]]>", format="basic"),
    )
    odd = "Ada <b>&amp;</b> " + "é" * 300
    ada = factories.account(home, given_name=odd[:100], groups=("Staff", "R&D <x>"))
    wiki = SamlApp.of(app, home, attributes=rules).signed_in(ada)
    got = wiki.ask()
    assert got.attributes["given"] == [odd[:100]]
    assert sorted(got.attributes["groups"]) == ["R&D <x>", "Staff"]
    assert (got.attributes["org"], got.attributes["site"]) == (["root"], ["main <&> ]]>"])
    assert {one.get("NameFormat").rpartition(":")[2] for one in got.assertion.iter("{*}Attribute")} == {"uri", "basic"}
    assert wiki.other("quiet").ask().attributes == {}


def test_i15_denials_go_to_the_application_signed(app, home):
    ada = factories.account(home, with_password=False, with_totp=False)
    columns = {"is_assigned_only": True, "required_groups": ["Nobody"]}
    wiki = SamlApp.of(app, home, columns=columns).signed_in(ada)
    got = wiki.ask(IsPassive="true")
    assert got.status == ("Responder", "RequestDenied")
    got.require_signed(wiki.certificate, "Response")
    page = wiki.send(wiki.sp.query(wiki.sp.request()))
    assert (page.status_code, "SAMLResponse" in page.text) == (403, False)


def test_i16_from_the_portal_only_where_the_application_allows_it(app, home):
    fresh = SamlApp.of(app, home, name="fresh", may_begin_here=True)
    wiki = SamlApp.of(app, home, may_begin_here=True, start_relay_state="deep/link").signed_in()
    got = wiki.got(wiki.get("/saml/idp/sso", "sp=wiki"))
    assert (got.url, got.relay_state, got.document.get("InResponseTo")) == (wiki.sp.acs, "deep/link", None)
    assert got.one("Subject/SubjectConfirmation/SubjectConfirmationData").get("InResponseTo") is None
    other = wiki.other("blog")
    assert posts_nothing(other.get("/saml/idp/sso", "sp=blog"))
    assert posts_nothing(other.get("/saml/idp/sso", "sp=nowhere"))
    assert "/sign-in" in fresh.get("/saml/idp/sso", "sp=fresh").headers["Location"]


def test_i18_one_tenant_is_nothing_to_another(app, broker, home, wiki):
    elsewhere = factories.tenant(broker)
    there = SamlApp.of(app, elsewhere, name="there")
    request = wiki.sp.request(Destination=f"{elsewhere.url}/saml/idp/sso")
    assert posts_nothing(there.send(wiki.sp.query(request)))
    there.browser = wiki.browser
    answer = there.send(there.sp.query(there.sp.request()))
    assert "/sign-in" in answer.headers["Location"], "a session of one tenant is none at another"


def test_i19_page_works_without_script_and_sends_nowhere_else(wiki):
    response = wiki.send(wiki.sp.query(wiki.sp.request(), '"><script>alert(1)</script>'))
    assert "<script>alert" not in response.text
    assert response.headers["Cache-Control"] == "no-store"
    origin = wiki.sp.acs.removesuffix("/acs")
    assert f"form-action 'self' https: {origin};" in response.headers["Content-Security-Policy"]
    form = Page(response.text).forms[0]
    assert (form.action, form.method, [button.label for button in form.buttons]) == (wiki.sp.acs, "POST", ["Continue to Wiki"])


def test_two_factors_that_an_application_demands_are_asked_for(app, home):
    ada = factories.account(home)
    pwd = [Proof("pwd", home.now).as_json()]
    wiki = SamlApp.of(app, home, columns={"is_factor_demanded": True}).signed_in(ada, proofs=pwd)
    answer = wiki.send(wiki.sp.query(wiki.sp.request()))
    assert answer.status_code == 303
    assert "SAMLResponse" not in answer.text


def test_accounts_that_are_switched_off_get_nothing(wiki, home):
    assert wiki.ask().status == ("Success",)
    home.change(Account, wiki.session.row.account_id, state="disabled")
    assert "/sign-in" in wiki.send(wiki.sp.query(wiki.sp.request())).headers["Location"]


def test_session_of_the_application_ends_when_it_says(app, home):
    wiki = SamlApp.of(app, home, session_minutes=30).signed_in()
    assert wiki.ask().one("AuthnStatement").get("SessionNotOnOrAfter") == wiki.sp.later(minutes=30)


def test_a_live_session_costs_four_statements_and_one_commit(wiki, count_statements):
    wiki.ask()
    query = wiki.sp.query(wiki.sp.request())
    with count_statements() as count:
        assert wiki.send(query).status_code == 200
    assert (len(count), count.commits) == (4, 1), count.statements
