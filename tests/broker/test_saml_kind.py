"""The SAML kind there and back again: its request, its metadata, and what it makes of a response."""

import base64
import io
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import onelogin.saml2
import pytest
from lxml import etree
from saml2.mdstore import InMemoryMetaData

from broker.saml_xml.keys import OwnKey
from broker.saml_xml.xml import Fault, moment, text_of
from broker.upstream.kind import FlowContext, ReturnData
from broker.upstream.saml import Saml, SamlOptions
from broker.upstream.saml_parts import signatures
from broker.upstream.saml_parts.values import PRESETS
from tenants.causes import Cause, UpstreamFailure
from tenants.signing import certificate_of
from tests.peers.people import Person
from tests.peers.saml import instant
from tests.peers.saml_messages import MD, PROTOCOL
from tests.peers.xml_signing import ec_saml_key, saml_key
from tests.support.clock import START
from tests.support.saml_edge import ACS, SamlEdge, own_keys
from tests.support.saml_edge import SAML as KIND

METADATA = ACS.replace("/acs", "/metadata")
SCHEMAS = Path(onelogin.saml2.__file__).parent / "schemas"


@pytest.fixture
def edge():
    return SamlEdge.opened()


def validates(schema: str, document) -> bool:
    return etree.XMLSchema(etree.parse(SCHEMAS / schema)).validate(document)


class TestRequest:
    @pytest.mark.parametrize("binding", ["redirect", "post"])
    def test_says_who_asks_and_where_to_answer(self, binding):
        edge = SamlEdge.opened(request_binding=binding)
        asked = edge.asked
        assert asked.is_signed  # the peer has verified it, by another library
        assert (asked.issuer, asked.acs, asked.relay_state) == (METADATA, ACS, edge.tx.state)
        request = asked.document
        assert request.get("Destination") == edge.idp.sso
        assert request.get("ProtocolBinding") == "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
        assert request.get("AssertionConsumerServiceIndex") is None
        assert request.get("IssueInstant") == instant(edge.clock.now())
        assert request.find(f"{{{PROTOCOL}}}RequestedAuthnContext") is None
        assert dict(request.find(f"{{{PROTOCOL}}}NameIDPolicy").attrib) == {"AllowCreate": "true"}
        assert validates("saml-schema-protocol-2.0.xsd", request)

    def test_id_is_kept_and_is_another_each_time(self, edge):
        first, second = edge.asked.id, edge.again().asked.id
        assert second == edge.start.keep["request_id"]
        assert first != second
        assert len(first) >= 43

    def test_relay_state_is_short_and_opaque(self, edge):
        assert len(edge.asked.relay_state) <= 80
        assert edge.asked.relay_state.replace("-", "").replace("_", "").isalnum()

    def test_address_with_a_query_keeps_it(self, edge):
        options = SamlOptions(
            entity_id="https://idp.example", sso_url="https://idp.example/sso?tenant=a", certificates=[saml_key().pem]
        )
        url = KIND.start(options, edge.tx, edge.ports).url
        assert parse_qs(urlsplit(url).query)["tenant"] == ["a"]
        assert url.startswith("https://idp.example/sso?tenant=a&SAMLRequest=")

    def test_format_is_asked_for_where_the_connection_says_so(self):
        edge = SamlEdge.opened(name_id_format="persistent")
        policy = edge.asked.document.find(f"{{{PROTOCOL}}}NameIDPolicy")
        assert policy.get("Format") == "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"

    @pytest.mark.parametrize(
        ("flow", "is_forced"),
        [({}, None), ({"prompt": "login"}, "true"), ({"max_age": 0}, "true"), ({"prompt": "select_account"}, "true")],
        ids=str,
    )
    def test_asks_again_where_the_application_wants_that(self, edge, flow, is_forced):
        assert edge.again(**flow).asked.document.get("ForceAuthn") == is_forced

    def test_tenant_without_a_key_is_told_what_to_do(self, edge):
        with pytest.raises(UpstreamFailure, match="apply its file once more") as failure:
            edge.again(own_keys=tuple)
        assert failure.value.cause is Cause.CONNECTION_MISCONFIGURED

    def test_browser_may_be_sent_to_the_provider_only(self, edge):
        assert KIND.origins(edge.options, edge.ports) == ("https://saml.example",)


class TestMetadata:
    def document(self, keys=None, **options):
        edge = SamlEdge.opened(**options)
        return KIND.metadata(edge.options, ACS, keys or own_keys())

    def test_is_right_by_the_schema_and_for_pysaml2(self):
        document = self.document(name_id_format="persistent")
        assert validates("saml-schema-metadata-2.0.xsd", etree.parse(io.BytesIO(document)))
        read = InMemoryMetaData(None, document.decode())
        read.parse(document.decode())
        entity = read[METADATA]["spsso_descriptor"][0]
        assert (entity["authn_requests_signed"], entity["want_assertions_signed"]) == ("true", "true")
        assert [one["location"] for one in entity["assertion_consumer_service"]] == [ACS]

    @pytest.mark.parametrize(("signed", "wants"), [("either", "true"), ("assertion", "true"), ("response", "false")])
    def test_asks_for_what_has_to_be_signed(self, signed, wants):
        root = etree.fromstring(self.document(signed=signed))
        assert root.find(f"{{{MD}}}SPSSODescriptor").get("WantAssertionsSigned") == wants

    def test_shows_every_published_key_and_is_encrypted_to_the_active_one(self):
        private = saml_key(50).private
        old = OwnKey("key_old", private, certificate_of(private, "key_old", START), is_active=False)
        root = etree.fromstring(self.document((*own_keys(), old)))
        uses = [one.get("use") for one in root.iter(f"{{{MD}}}KeyDescriptor")]
        assert uses == ["signing", "signing", "encryption"]
        places = {
            (one.get("Binding").rpartition(":")[2], one.get("Location")) for one in root.iter(f"{{{MD}}}SingleLogoutService")
        }
        slo = ACS.replace("/acs", "/slo")
        assert places == {("HTTP-Redirect", slo), ("HTTP-POST", slo)}

    def test_certificate_of_a_key_is_always_the_same(self):
        private = saml_key(50).private
        assert certificate_of(private, "key_a", START) == certificate_of(private, "key_a", START)
        assert certificate_of(private, "key_a", START) != certificate_of(private, "key_b", START)


class TestResponse:
    def test_says_who_it_is(self, edge):
        edge.idp.person = Person("ada@acme.example", "Ada", "Lovelace", groups=("staff", "editors"))
        said = edge.finish()
        assert (said.connection, said.issuer, said.subject) == ("con_main", edge.idp.entity_id, edge.idp.person.subject)
        assert (said.email, said.given_name, said.family_name) == ("ada@acme.example", "Ada", "Lovelace")
        assert said.groups == ("staff", "editors")
        assert said.auth_time == edge.clock.now()
        assert said.acr == "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
        assert (said.email_evidence, said.amr) == ({}, ())
        assert said.raw["attributes"]["groups"] == ["staff", "editors"]

    def test_is_marked_for_one_use_until_it_ends_by_itself(self, edge):
        edge.idp.says(assertion_id="_one")
        once = edge.finish().once
        assert (once.name, once.until) == ("_one", edge.clock.now() + timedelta(minutes=8))

    def test_signed_with_an_elliptic_curve(self, edge):
        edge.idp.keys = [ec_saml_key()]
        edge.options = SamlOptions(**edge.idp.options())
        assert edge.again().finish().subject == edge.idp.person.subject

    def test_name_alone_is_enough(self, edge):
        edge.idp.says(attributes=None)
        said = edge.finish()
        assert (said.email, said.groups, said.given_name) == (None, None, None)

    @pytest.mark.parametrize("options", [{}, {"attributes": None}], ids=["with an attribute", "without"])
    def test_name_that_is_an_address_is_one(self, options):
        edge = SamlEdge.opened(**options)
        edge.idp.says(
            name_id="ada@acme.example",
            name_id_format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
            attributes=None if options else [("email", ["countess@acme.example"])],
        )
        assert edge.finish().email == ("ada@acme.example" if options else "countess@acme.example")

    @pytest.mark.parametrize("preset", PRESETS)
    def test_names_of_a_product(self, preset):
        names = PRESETS[preset]
        edge = SamlEdge.opened(attributes=preset)
        values = {
            names.email: ["ada@acme.example"],
            names.given_name: ["Ada"],
            names.family_name: ["Lovelace"],
            names.groups: ["staff", "editors"],
            names.display_name: ["Ada L."],
            names.subject: ["0b8e7d6c-5a49-4382-b1c0-d9e8f7a6b5c4"],
        }
        edge.idp.says(attributes=[(name, given) for name, given in values.items() if name])
        said = edge.finish()
        assert (said.email, said.given_name, said.family_name) == ("ada@acme.example", "Ada", "Lovelace")
        assert said.groups == ("staff", "editors")
        assert said.display_name == ("Ada L." if names.display_name else None)
        assert said.subject == (values[names.subject][0] if names.subject else edge.idp.person.subject)

    def test_subject_attribute_stands_in_for_a_name_that_does_not_stay(self):
        edge = SamlEdge.opened(subject_attribute="employee")
        edge.idp.says(
            name_id_format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
            attributes=[("employee", ["4711"]), ("email", ["ada@acme.example"])],
        )
        assert edge.finish().subject == "4711"
        edge.idp.says(attributes=[("email", ["ada@acme.example"])])
        with pytest.raises(UpstreamFailure, match="subject"):
            edge.again().finish()

    def test_too_many_groups_to_send_is_not_none(self):
        edge = SamlEdge.opened(attributes="entra")
        names = PRESETS["entra"]
        edge.idp.says(
            attributes=[
                (names.subject, ["x"]),
                ("http://schemas.microsoft.com/claims/groups.link", ["https://graph.example"]),
                (names.groups, ["staff"]),
            ]
        )
        assert edge.finish().groups is None

    def test_ac10_group_beyond_belief_takes_nothing_from_the_others(self, edge):
        """Unknown is what somebody would like whose group for a role is gone."""
        for values, groups in ((["x" * 300, "staff"], ("staff",)), (["x" * 300], ()), (["x"] * 2001, ("x",) * 2000)):
            edge.idp.says(attributes=[("groups", values)])
            said = edge.finish()
            assert (said.groups, said.email) == (groups, None), len(values)

    def test_restriction_to_so_many_further_assertions_is_kept(self, edge):
        """One may be built on it, and we build one: what we tell an application."""
        edge.idp.edits(lambda document: next(document.iter("{*}Conditions")).append(_restriction(Count="1")))
        assert edge.finish().subject == edge.idp.person.subject

    def test_fresh_sign_in_is_demanded_only_where_it_was_asked_for(self, edge):
        edge.idp.says(authn_instant=instant(edge.clock.now() - timedelta(minutes=10)))
        assert edge.finish().auth_time == edge.clock.now() - timedelta(minutes=10)
        assert edge.again(max_age=600).finish()
        for flow in ({"prompt": "login"}, {"max_age": 0}, {"max_age": 300}):
            with pytest.raises(UpstreamFailure, match="auth_time"):
                edge.again(**flow).finish()

    def test_qualifiers_that_name_the_provider_and_us_are_fine(self, edge):
        edge.idp.says(name_qualifier=edge.idp.entity_id, sp_name_qualifier=METADATA)
        assert edge.finish().subject == edge.idp.person.subject

    @pytest.mark.parametrize("number", [0, 1])
    def test_either_of_our_keys_opens_what_is_encrypted(self, edge, number):
        private = saml_key(50).private
        old = OwnKey("key_old", private, certificate_of(private, "key_old", START), is_active=False)
        keys = (*own_keys(), old)
        asked = edge.asked
        edge.idp.encrypts().learns(KIND.metadata(edge.options, ACS, (_active(keys[number]),)))
        values = {name: getattr(edge.tx, name) for name in edge.tx.__dataclass_fields__}
        edge.tx = FlowContext(**values | {"own_keys": lambda: keys})
        assert edge.finish(edge.idp.response(asked)).subject == edge.idp.person.subject

    def test_name_is_opened_inside_an_encrypted_assertion_as_well(self, edge):
        edge.idp.encrypts_name().encrypts()
        assert edge.finish().subject == edge.idp.person.subject

    def test_name_that_nobody_signed_is_not_opened(self, edge):
        """Whoever can only encrypt to us learns nothing about what opens."""
        edge.idp.encrypts_name(clear=b"<not even XML").signs_parts()
        with pytest.raises(UpstreamFailure, match="unsigned"):
            edge.finish()

    def test_clocks_that_differ_are_told_from_a_response_that_was_long_on_its_way(self, edge):
        for ahead, words in (
            (timedelta(minutes=7), "; their clock is 7 minutes ahead"),
            (timedelta(minutes=-14), "; their clock is 14 minutes behind"),
            (timedelta(hours=-5), "; their clock is 5 hours behind"),
            (timedelta(days=-40), "; their clock is 40 days behind"),
        ):
            edge.idp.ahead = ahead
            with pytest.raises(UpstreamFailure, match="time") as failure:
                edge.again().finish()
            assert failure.value.facts["description"].endswith(words), ahead
        edge.idp.ahead = timedelta()
        late = edge.again().response()
        values = {name: getattr(edge.tx, name) for name in edge.tx.__dataclass_fields__}
        edge.tx = FlowContext(**values | {"now": edge.tx.now + timedelta(minutes=9)})
        with pytest.raises(UpstreamFailure, match="time") as failure:
            edge.finish(late)
        assert failure.value.facts["description"].endswith("the response was 9 minutes on its way")

    def test_clock_that_is_off_and_tolerated_is_told_to_who_tests(self, edge):
        assert "clock" not in edge.finish().raw
        edge.idp.ahead = timedelta(minutes=2)
        assert edge.again().finish().raw["clock"] == "their clock is 2 minutes ahead"

    def test_what_answers_a_request_is_nothing_unsolicited(self, edge):
        data = ReturnData("POST", {"SAMLResponse": base64.b64encode(edge.response()).decode()})
        assert not KIND.is_unsolicited(data)
        assert not KIND.is_unsolicited(ReturnData("POST", {"SAMLResponse": "nonsense"}))
        with pytest.raises(UpstreamFailure, match="inresponseto"):
            KIND.take_unsolicited(edge.options, edge.tx, data, edge.ports)

    def test_position_and_phone_are_one_plain_value_or_none(self, edge):
        for attributes, found in (
            ([("title", ["Engineer"]), ("phone", ["+49 30 1"])], ("Engineer", "+49 30 1")),
            ([("title", ["Engineer", "Admin"]), ("phone", [])], (None, None)),
        ):
            edge.idp.says(attributes=attributes)
            said = edge.again().finish()
            assert (said.position, said.phone) == found

    def test_encrypted_to_somebody_else_is_refused(self, edge):
        private = saml_key(51).private
        edge.idp.encrypts().learns(
            KIND.metadata(edge.options, ACS, (OwnKey("x", private, certificate_of(private, "x", START)),))
        )
        data = edge.idp.response(SamlEdge.opened().asked)
        with pytest.raises(UpstreamFailure, match="decryption"):
            edge.finish(data)

    def test_error_without_an_assertion_is_a_refusal_and_not_a_fault(self, edge):
        edge.idp.refuses("Responder", "AuthnFailed", "Wrong\r\npassword")
        with pytest.raises(UpstreamFailure) as failure:
            edge.finish()
        assert failure.value.cause is Cause.UPSTREAM_DENIED
        assert failure.value.detail == "Responder/AuthnFailed"
        assert failure.value.facts["description"] == "Wrong  password"

    def test_unknown_status_is_no_detail_of_ours(self, edge):
        edge.idp.says(status="urn:evil", subcode="X" * 500, has_assertion=False)
        with pytest.raises(UpstreamFailure) as failure:
            edge.finish()
        assert (failure.value.cause, failure.value.detail) == (Cause.UPSTREAM_DENIED, "status")
        assert len(failure.value.facts["upstream_error"]) <= 150

    def test_success_without_an_assertion_is_refused(self, edge):
        edge.idp.says(has_assertion=False)
        with pytest.raises(UpstreamFailure, match="assertion_place"):
            edge.finish()

    def test_nothing_in_the_form_is_refused(self, edge):
        with pytest.raises(UpstreamFailure, match="xml"):
            KIND.finish(edge.options, edge.tx, ReturnData("POST", {"RelayState": edge.tx.state}), edge.ports)

    def test_line_breaks_in_base64_are_fine_and_nothing_else(self, edge):
        text = base64.encodebytes(edge.response()).decode()
        assert edge.finish(encoded=text).subject == edge.idp.person.subject
        with pytest.raises(UpstreamFailure, match="base64"):
            edge.finish(encoded=text.replace("\n", "\t"))

    def test_refusals_of_saml_stand_inside_the_response(self, edge):
        assert Saml().refusal(edge.options, ReturnData("POST", {"error": "access_denied"})) is None


def _active(key: OwnKey) -> OwnKey:
    return OwnKey(key.kid, key.private, key.certificate)


def _restriction(**attributes: str):
    return etree.Element("{urn:oasis:names:tc:SAML:2.0:assertion}ProxyRestriction", attributes)


class TestReading:
    def test_text_is_whole_or_nothing(self):
        assert text_of(etree.fromstring("<a>one<![CDATA[ two]]></a>")) == "one two"
        assert (text_of(None), text_of(etree.fromstring("<a/>"))) == ("", "")
        with pytest.raises(Fault, match="text"):
            text_of(etree.fromstring("<a>one<b/>two</a>"))

    @pytest.mark.parametrize("text", ["2021-03-02", "2021-03-02T09:00:00", "2026-13-02T09:00:00Z", "now", ""])
    def test_time_is_one_in_utc_or_a_fault(self, text):
        assert moment("2021-03-02T09:00:00.5Z", "x") == START
        assert moment(None, "x") is None
        with pytest.raises(Fault, match="time"):
            moment(text, "x")

    def test_library_cannot_be_asked_without_strictness(self):
        class Lax:
            def is_strict(self) -> bool:
                return False

        with pytest.raises(ValueError, match="strict"):
            signatures.SignedResponse(Lax(), None, None)
