"""Rows SD of security.md: what is sent to our SAML identity provider, and what may never come back from it."""

import base64
import zlib
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from broker.saml_xml.arriving import MAX_INFLATED
from tenants.keys import SigningKey
from tenants.saml_applications import AttributeRule
from tests import factories
from tests.peers.saml_logout import deflated
from tests.peers.xml_signing import saml_key, signed
from tests.support import steps
from tests.support.rows import stored
from tests.support.saml_app import SamlApp, posts_nothing

END = b"</samlp:AuthnRequest>"
XSLT = '<ds:Transform xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>'
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def wiki(app, home):
    return SamlApp.of(app, home).signed_in()


@pytest.fixture
def strict(app, home):
    """Takes signed requests only."""
    return SamlApp.of(app, home, name="strict", wants_signed_requests=True).signed_in()


WRONG_PLACES = {
    "an address that is not registered": {"AssertionConsumerServiceURL": "https://evil.example/acs"},
    "one that begins with it": {"AssertionConsumerServiceURL": "{acs}/more"},
    "one with a query": {"AssertionConsumerServiceURL": "{acs}?next=evil"},
    "in capitals": {"AssertionConsumerServiceURL": "HTTPS://wiki"},
    "a script": {"AssertionConsumerServiceURL": "javascript:alert(1)"},
    "an index that is not there": {"AssertionConsumerServiceURL": None, "AssertionConsumerServiceIndex": "99"},
    "both at once": {"AssertionConsumerServiceIndex": "0"},
    "another entity id": {"issuer": "https://evil.example/saml"},
    "no issuer": {"issuer": None},
    "another destination": {"Destination": "https://evil.example/saml/idp/sso"},
    "a destination that begins with ours": {"Destination": "{idp}/saml/idp/sso/more"},
    "another version": {"Version": "1.1"},
    "an old one": {"IssueInstant": "2021-01-01T00:00:00Z"},
    "one of tomorrow": {"IssueInstant": "2031-01-01T00:00:00Z"},
    "no time": {"IssueInstant": "now"},
}


@pytest.mark.parametrize("how", ["signed", "unsigned", "posted"])
@pytest.mark.parametrize("changes", WRONG_PLACES.values(), ids=WRONG_PLACES)
def test_sd01_nothing_is_posted_to_where_it_is_not_registered(wiki, changes, how):
    said = {name: text and text.format(acs=wiki.sp.acs, idp=wiki.home.url) for name, text in changes.items()}
    request = wiki.sp.request(**said)
    if how == "posted":
        response = wiki.post(wiki.sp.form(request))
    else:
        response = wiki.send(wiki.sp.query(request, is_signed=how == "signed"))
    assert posts_nothing(response), (response.status_code, response.text[:300])


def test_sd01_answers_never_go_by_another_binding(wiki):
    artifact = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
    assert wiki.ask(ProtocolBinding=artifact).status == ("Requester", "UnsupportedBinding")


def queries(app):
    """Changed queries of a signed request."""
    sp = app.sp
    good = sp.query(sp.request())
    parts = dict(part.split("=", 1) for part in good.split("&"))
    other = sp.query(sp.request())
    swapped = "&".join(f"{name}={parts[name]}" for name in ("RelayState", "SAMLRequest", "SigAlg", "Signature"))
    lowered = good.replace("%2B", "%2b").replace("%2F", "%2f").replace("%3D", "%3d")
    hmac_sha1 = quote("http://www.w3.org/2000/09/xmldsig#hmac-sha1", safe="")
    return {
        "stripped of its signature": sp.query(sp.request(), is_signed=False),
        "stripped of the value": good.partition("&Signature=")[0],
        "of another key": sp.query(sp.request(), key=saml_key(40)),
        "another relay state": good.replace("RelayState=here", "RelayState=there"),
        "another request": other.replace(other.partition("&Signature=")[2], parts["Signature"]),
        "by sha1": sp.query(sp.request(), method="http://www.w3.org/2000/09/xmldsig#rsa-sha1", hash=hashes.SHA1()),  # noqa: S303  # what is to be refused
        "by hmac": good.replace(parts["SigAlg"], hmac_sha1),
        "by no method": good.replace(f"&SigAlg={parts['SigAlg']}", ""),
        "a relay state twice": f"{good}&RelayState=there",
        "a request twice": f"{good}&SAMLRequest={parts['SAMLRequest']}",
        "letters of another spelling": lowered if lowered != good else good.replace("%3A", "%3a"),
        "a signature inside": sp.query(signed(sp.request(), "AuthnRequest", sp.key), is_signed=False),
        "another encoding": f"{good}&SAMLEncoding=urn:none",
        "order of no matter": swapped,
    }


def test_sd02_signature_is_over_the_very_letters(strict):
    assert strict.ask().status == ("Success",)
    tried = queries(strict)
    assert strict.got(strict.send(tried.pop("order of no matter"))).status == ("Success",), "the order is the specification's"
    for name, query in tried.items():
        assert posts_nothing(strict.send(query)), name


def test_sd02_posted_requests_are_signed_as_a_whole(strict):
    assert strict.post(strict.sp.form(strict.sp.request())).status_code == 303
    assert posts_nothing(strict.post(strict.sp.form(strict.sp.request(), is_signed=False)))
    changed = signed(strict.sp.request(), "AuthnRequest", strict.sp.key)
    changed.set("ForceAuthn", "true")
    assert posts_nothing(strict.post(strict.sp.form(changed, is_signed=False)))
    stranger = signed(strict.sp.request(), "AuthnRequest", saml_key(40))
    assert posts_nothing(strict.post(strict.sp.form(stranger, is_signed=False)))
    moved = signed(strict.sp.request(), "AuthnRequest", strict.sp.key)
    moved.insert(0, moved[1])
    assert posts_nothing(strict.post(strict.sp.form(moved, is_signed=False)))


def test_sd02_second_key_of_a_change_over_counts_and_a_key_that_nobody_gave_does_not(app, home):
    both = SamlApp.of(app, home, certificates=(saml_key(40).pem, saml_key(41).pem), wants_signed_requests=True).signed_in()
    assert both.got(both.send(both.sp.query(both.sp.request(), key=saml_key(40)))).status == ("Success",)
    none = both.other("none", certificates=())
    assert posts_nothing(none.send(none.sp.query(none.sp.request()))), "signed, but nothing is known to verify it with"
    assert none.got(none.send(none.sp.query(none.sp.request(), is_signed=False))).status == ("Success",)


def test_sd03_values_are_text_and_nothing_else(app, home):
    odd = "]]><saml:NameID>root</saml:NameID><!-- & -->"
    rules = (AttributeRule("name", "name"), AttributeRule("given", "given_name"))
    ada = factories.account(home, name=odd, given_name='"><x/>', with_password=False, with_totp=False)
    wiki = SamlApp.of(app, home, attributes=rules).signed_in(ada)
    got = wiki.ask()
    assert got.attributes == {"name": [odd], "given": ['"><x/>']}
    assert len(got.assertion.findall(".//{*}NameID")) == 1
    assert not [node for node in got.document.iter() if not isinstance(node.tag, str)]
    eva = factories.account(home, name="Eva\x0bExtern", with_password=False, with_totp=False)
    assert wiki.signed_in(eva).ask().status == ("Responder", "InvalidAttrNameOrValue")


def test_sd04_what_is_for_one_application_is_nothing_at_another(wiki):
    blog = wiki.other("blog")
    one, other = wiki.ask(), blog.ask()
    for got, app in ((one, wiki), (other, blog)):
        assert got.one("Conditions/AudienceRestriction/Audience").text == app.sp.entity_id
        assert got.one("Subject/SubjectConfirmation/SubjectConfirmationData").get("Recipient") == app.sp.acs
    assert one.name_id.text != other.name_id.text
    indexes = {got.one("AuthnStatement").get("SessionIndex") for got in (one, other)}
    assert len(indexes) == 2, "nothing in two assertions says that they are about one person"


def harmful(app):
    """Documents that would make a parser or a signature library work, or fetch."""
    plain = etree.tostring(app.sp.request())
    inside = signed(app.sp.request(), "AuthnRequest", app.sp.key)
    next(inside.iter("{*}Transforms")).append(etree.fromstring(XSLT))
    far = signed(app.sp.request(), "AuthnRequest", app.sp.key)
    next(far.iter("{*}Reference")).set("URI", "file:///dev/zero")
    deep = b"<a>" * 200 + b"</a>" * 200
    return {
        "entities": BOMB,
        "a doctype": b"<!DOCTYPE x SYSTEM 'http://127.0.0.1:9/x.dtd'>" + plain,
        "a transform": etree.tostring(inside),
        "a reference to a file": etree.tostring(far),
        "a comment": plain.replace(END, b"<!-- x -->" + END),
        "very deep": plain.replace(END, deep + END),
        "another root": b"<x/>",
        "no XML": b"\x00\xff",
        "a relative namespace": plain.replace(END, b'<samlp:Extensions><x xmlns="a"/></samlp:Extensions>' + END),
        "large": plain.replace(END, b" " * 300_000 + END),
    }  # fmt: skip


def test_sd05_bombs_are_refused_before_anything_works_on_them(wiki, monkeypatch):
    """Counted by work: no signature is verified, and nothing is inflated beyond the limit."""
    verified = []
    monkeypatch.setattr("broker.downstream.saml.arriving.verify_message", lambda *args: verified.append(args))
    for name, data in harmful(wiki).items():
        field = base64.b64encode(data).decode()
        assert posts_nothing(wiki.post({"SAMLRequest": field})), name
        assert posts_nothing(wiki.send(f"SAMLRequest={quote(base64.b64encode(deflated(data)), safe='')}")), name
    assert verified == []
    packer = zlib.compressobj(9, wbits=-15)
    bomb = packer.compress(b" " * (MAX_INFLATED * 40)) + packer.flush()
    assert posts_nothing(wiki.send(f"SAMLRequest={quote(base64.b64encode(bomb), safe='')}"))
    assert posts_nothing(wiki.post({"SAMLRequest": "A" * 1_000_000}))


def test_sd06_a_request_is_answered_once(app, home, wiki):
    query = wiki.sp.query(wiki.sp.request())
    assert wiki.got(wiki.send(query)).status == ("Success",)
    assert posts_nothing(wiki.send(query))
    form = wiki.sp.form(wiki.sp.request())
    answer = wiki.post(form)
    assert posts_nothing(wiki.post(form))
    assert wiki.got(wiki.follow(answer)).status == ("Success",)
    assert posts_nothing(wiki.follow(answer)), "and where it waited nothing waits any more"
    denied = wiki.sp.query(wiki.sp.request(ProtocolBinding="urn:none"))
    assert wiki.got(wiki.send(denied)).status == ("Requester", "UnsupportedBinding")
    assert posts_nothing(wiki.send(denied))
    blog, same = wiki.other("blog"), "_" + "7" * 40
    assert [one.ask(ID=same).status for one in (wiki, blog)] == [("Success",)] * 2, "an id is the application's own"


def test_sd06_twenty_at_once_are_answered_once(app, home, wiki):
    query = wiki.sp.query(wiki.sp.request())
    wiki.get("/saml/idp/metadata")

    def send():
        browser = app.test_client()
        browser.set_cookie(**factories.cookie_of(home, wiki.session))
        return browser.get(f"{home.path}/saml/idp/sso", base_url=wiki.origin, query_string=query).text

    answers = steps.at_once([send] * 8)
    assert sum("SAMLResponse" in text for text in answers) == 1


def test_sd07_denials_carry_nothing_of_the_request(wiki):
    canary = "canary-of-the-attacker"
    more = (
        f'<samlp:Extensions><x:evil xmlns:x="urn:{canary}">{canary}</x:evil></samlp:Extensions>'
        f'<samlp:NameIDPolicy Format="urn:{canary}"/>'
    )
    got = wiki.ask(more, ProviderName=canary)
    assert got.status == ("Requester", "InvalidNameIDPolicy")
    text = etree.tostring(got.document).decode()
    assert canary not in text
    assert {etree.QName(node).localname for node in got.document} == {"Issuer", "Signature", "Status"}
    got.require_signed(wiki.certificate, "Response")


UNSUPPORTED = {
    "conditions": "<saml:Conditions/>",
    "a confirmation of their own": '<saml:Subject><saml:NameID>x</saml:NameID>'
    '<saml:SubjectConfirmation Method="urn:key"/></saml:Subject>',
    "a declaration": "<samlp:RequestedAuthnContext>"
    "<saml:AuthnContextDeclRef>x</saml:AuthnContextDeclRef></samlp:RequestedAuthnContext>",
    "other providers": '<samlp:Scoping><samlp:IDPList><samlp:IDPEntry ProviderID="urn:other"/></samlp:IDPList></samlp:Scoping>',
    "another person": "<saml:Subject><saml:NameID>somebody@else.example</saml:NameID></saml:Subject>",
}  # fmt: skip


@pytest.mark.parametrize("more", UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_sd08_what_is_not_honoured_is_refused(wiki, more):
    got = wiki.ask(more)
    assert got.status[0] in {"Requester", "Responder"}
    assert got.assertion is None


def test_sd08_no_other_provider_where_the_request_says_so(app, home):
    ada = factories.account(home, with_password=False, with_totp=False)
    wiki = SamlApp.of(app, home).signed_in(ada, method="entra")
    scoping = '<samlp:Scoping ProxyCount="0"/>'
    assert wiki.ask(scoping).status == ("Responder", "ProxyCountExceeded")
    assert wiki.signed_in(ada).ask(scoping).status == ("Success",)


def test_sd09_keys_are_sealed_and_one_tenant_s_own(broker, home, wiki):
    rows = stored(home, SigningKey, algorithm="SAML-IdP")
    assert len(rows) == 1
    assert "PRIVATE" not in rows[0].private_sealed
    assert set(rows[0].public_jwk) <= {"kty", "n", "e", "kid", "alg", "use"}
    assert stored(home, SigningKey, algorithm="SAML")[0].id != rows[0].id, "what opens signs no assertion"


XML_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)
NAMES = st.sampled_from(["ID", "Version", "Destination", "AssertionConsumerServiceURL", "AssertionConsumerServiceIndex"]) | (
    st.sampled_from(["ForceAuthn", "IsPassive", "ProtocolBinding", "ProviderName", "Consent", "IssueInstant", "Odd"])
)
CHILDREN = st.sampled_from(
    ["NameIDPolicy", "Scoping", "RequestedAuthnContext", "Extensions", "Nothing"]
).map(lambda name: f"<samlp:{name}/>")  # fmt: skip


def test_in09_no_request_ends_in_a_failure_or_at_a_place_that_is_not_registered(app, broker, backend):
    if backend != "sqlite":
        return  # nothing here is decided by the database
    home = factories.tenant(broker)
    wiki = SamlApp.of(app, home).signed_in()
    registered = {one.url for one in wiki.config.acs}

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(changes=st.dictionaries(NAMES, XML_TEXT, max_size=3), more=st.lists(CHILDREN, max_size=2), relay=XML_TEXT)
    def ask(changes, more, relay):
        query = wiki.sp.query(wiki.sp.request("".join(more), **changes), relay, is_signed=False)
        response = wiki.send(query)
        assert response.status_code < 500, response.text[:300]
        if "SAMLResponse" in response.text:
            assert wiki.got(response).url in registered

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(
        st.dictionaries(st.sampled_from(["SAMLRequest", "RelayState", "SigAlg", "Signature", "SAMLEncoding", "sp"]), XML_TEXT)
    )
    def send(values):
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in values.items())
        assert wiki.send(query).status_code < 500
        assert wiki.post(values).status_code < 500

    ask()
    send()
