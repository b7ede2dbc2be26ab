"""What identity providers say about signing out, judged without the product around it: OU-20 and SU-23 as tables."""

import base64

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from broker.saml_xml.arriving import MAX_INFLATED
from broker.saml_xml.logout import Came, Wish
from broker.saml_xml.query import verify_query
from broker.upstream.kind import UpstreamSession
from broker.upstream.oidc import Oidc
from broker.upstream.oidc_logout import MAX_HINT, session_of
from broker.upstream.saml_parts.logout import hear
from tenants.causes import Cause, UpstreamFailure
from tests.peers import signing
from tests.peers.saml_logout import deflated
from tests.peers.xml_signing import ec_saml_key
from tests.support.edge import oidc_options, opened_edge
from tests.support.logout_cases import wrong_messages
from tests.support.saml_edge import ACS, SamlEdge


@pytest.fixture(scope="module")
def edge():
    with opened_edge() as made:
        yield made


def test_ou20_token_that_is_not_as_it_has_to_be_is_refused(edge):
    idp, now = edge.oidc.issuer(), int(edge.clock.now().timestamp())
    event = "http://schemas.openid.net/event/backchannel-logout"
    tokens = {
        "an ID token": (idp.keys[0].sign(idp.claims(idp.person, {"nonce": "n"})), "events"),
        "no events": (idp.logout_token(events=None), "events"),
        "another event": (idp.logout_token(events={"https://other.example/event": {}}), "events"),
        "events that are a list": (idp.logout_token(events=[event]), "events"),
        "an event that is a text": (idp.logout_token(events={event: "yes"}), "events"),
        "with a nonce": (idp.logout_token(nonce="n"), "nonce"),
        "without jti": (idp.logout_token(jti=None), "jti"),
        "jti that is a number": (idp.logout_token(jti=7), "jti"),
        "neither sub nor sid": (idp.logout_token(sub=None), "sub"),
        "sub that is a number": (idp.logout_token(sub=7), "sub"),
        "empty sid": (idp.logout_token(sid=""), "sid"),
        "of another issuer": (idp.logout_token(iss="https://elsewhere.example"), "iss"),
        "for another client": (idp.logout_token(aud="another"), "aud"),
        "for us and another": (idp.logout_token(aud=[idp.client_id, "another"]), "aud"),
        "no iat": (idp.logout_token(iat=None), "iat"),
        "too old": (idp.logout_token(iat=now - 700), "iat"),
        "from the future": (idp.logout_token(iat=now + 120), "iat"),
        "expired": (idp.logout_token(exp=now - 61), "exp"),
        "not good yet": (idp.logout_token(nbf=now + 120), "nbf"),
        "type of an access token": (idp.logout_token(typ="at+jwt"), "typ"),
        "unsigned": (signing.unsigned({"sub": idp.person.subject}), "alg"),
        "signed with the client secret": (signing.keyed_hash({"sub": "x"}, idp.client_secret.encode()), "alg"),
        "signed by a stranger": (idp.logout_token(key=signing.rsa_key(2)), "kid"),
        "signed by a stranger under our name": (forged(idp), "signature"),
        "no token at all": ("nothing", "format"),
        "beyond measure": ("x" * 20_000, "size"),
    }
    for case, (token, word) in tokens.items():
        with pytest.raises(UpstreamFailure) as failure:
            read(edge, idp, token)
        assert (failure.value.cause, failure.value.detail) == (Cause.UPSTREAM_RESPONSE_INVALID, word), case
    for case, token in {
        "no exp, as in the drafts": idp.logout_token(exp=None),
        "no typ": idp.logout_token(typ="JWT"),
        "a session alone": idp.logout_token(sub=None, sid="s-1"),
        "two events": idp.logout_token(events={event: {}, "https://other.example/event": {}}),
    }.items():
        said = read(edge, idp, token)
        assert (said.issuer, said.once.name.startswith("logout ")) == (idp.issuer, True), case


def read(edge, idp, token):
    return Oidc().read_logout_token(oidc_options(idp), "con_main", token, edge.clock.now(), edge.ports)


def forged(idp):
    stranger = signing.rsa_key(2)
    return idp.logout_token(key=signing.PeerKey(idp.keys[0].kid, stranger.algorithm, stranger.private))


def test_token_that_is_too_long_for_an_address_is_not_kept():
    claims = {"sid": "s-1"}
    assert session_of(claims, "t" * MAX_HINT, keeps_hint=True).hint == {"id_token": "t" * MAX_HINT}
    assert session_of(claims, "t" * (MAX_HINT + 1), keeps_hint=True) == UpstreamSession("s-1")
    assert session_of({"sid": 7}, "t", keeps_hint=False) == UpstreamSession()


def heard(edge, message):
    query, form = (message, None) if isinstance(message, str) else ("", message)
    came = Came(query, form, ACS.replace("/acs", "/slo"), ACS.replace("/acs", "/metadata"), edge.clock.now())
    return hear(edge.options.provider, came)


def test_su23_message_that_is_not_as_it_has_to_be_is_refused():
    edge = SamlEdge.opened()
    side = edge.idp.logout
    cases = wrong_messages(edge.idp) | {
        "a bomb": (side.query("SAMLRequest", deflated(b" " * (MAX_INFLATED + 1))), "size"),
        "something behind it": (side.query("SAMLRequest", deflated(b"<x/>") + b"more"), "size"),
        "not deflated": (side.query("SAMLRequest", b"\xff\xff"), "base64"),
    }
    for case, (message, word) in cases.items():
        with pytest.raises(UpstreamFailure) as failure:
            heard(edge, message)
        assert (failure.value.cause, failure.value.detail) == (Cause.UPSTREAM_RESPONSE_INVALID, word), case


def test_request_names_the_same_person_whether_or_not_it_says_between_whom():
    edge = SamlEdge.opened()
    side = edge.idp.logout
    plain, qualified = side.request(sids=()), side.request(sids=())
    name = next(qualified.iter("{*}NameID"))
    name.set("NameQualifier", edge.idp.entity_id)
    name.set("SPNameQualifier", ACS.replace("/acs", "/metadata"))
    first, second = heard(edge, side.in_address(plain)), heard(edge, side.in_form(qualified))
    assert isinstance(first, Wish)
    assert (first.name, first.sids, first.is_posted) == (second.name, (), False)
    encoding = "&SAMLEncoding=urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
    assert isinstance(heard(edge, side.in_address(side.request()) + encoding), Wish)


def test_relay_state_is_echoed_as_it_was_meant_however_a_space_is_written():
    """As in a form (Bindings, 3.4.4.1); what the signature and the message are read from stays letter by letter."""
    edge = SamlEdge.opened()
    side = edge.idp.logout
    for written, meant in (("a+b", "a b"), ("a%20b", "a b"), ("a%2Bb", "a+b")):
        assert heard(edge, side.in_address(side.request(), relay_letters=written)).relay_state == meant, written


def test_address_may_be_signed_with_an_elliptic_curve():
    key = ec_saml_key()
    raw = {"SAMLRequest": "x", "SigAlg": "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23ecdsa-sha256"}
    data = "&".join(f"{name}={value}" for name, value in raw.items()).encode()
    one, two = decode_dss_signature(key.private.sign(data, ec.ECDSA(hashes.SHA256())))
    signature = base64.b64encode(one.to_bytes(32, "big") + two.to_bytes(32, "big")).decode()
    verify_query(raw | {"Signature": signature.replace("+", "%2B")}, "SAMLRequest", (key.pem,))
