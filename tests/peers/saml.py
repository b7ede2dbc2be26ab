"""A simulated SAML identity provider that really speaks and really signs (signxml), with knobs for misbehaviour.

    peer = SamlPeer("https://saml.example", clock)
    idp = peer.provider()                       # a provider of its own for each test
    idp.says(audiences=[["https://elsewhere.example"]])
    url, form = idp.answer(request)             # what the browser then posts to us

`SamlPeer` is a WSGI app: hand it to `Browser(others=…)`.
"""

import base64
import secrets
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from lxml import etree
from signxml import XMLVerifier
from werkzeug.wrappers import Request, Response

from tests.peers import saml_messages
from tests.peers.people import Person
from tests.peers.saml_logout import LogoutSide
from tests.peers.saml_messages import DS, MD, PROTOCOL, SAML, Answer, encrypted
from tests.peers.xml_signing import SamlKey, saml_key, signed
from tests.support.clock import FakeClock

BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:"

Edit = Callable[[Any], Any]


@dataclass(frozen=True)
class Asked:
    """An AuthnRequest as it came."""

    id: str
    acs: str
    issuer: str
    relay_state: str
    document: Any
    is_signed: bool


class FakeProvider:
    """One provider. Knobs change what comes after; `seen` tells what was asked of it."""

    def __init__(self, base: str, clock: FakeClock) -> None:
        self.entity_id = f"{base}/metadata"
        self.sso = f"{base}/sso"
        self.clock = clock
        self.keys = [saml_key()]
        self.person = Person()
        self.hits: Counter[str] = Counter()
        self.seen: list[Asked] = []
        self.signs: tuple[str, ...] = ("Assertion",)
        self._says: dict[str, Any] = {}
        self._edits: list[Edit] = []
        self._tampers: list[Edit] = []
        self._encryption: dict[str, Any] | None = None
        self._name_encryption: dict[str, Any] | None = None
        self.ahead = timedelta()
        """How far its clock is ahead of ours."""
        self.publishes: Response | None = None
        """What its metadata address answers instead of the metadata."""
        self._sp: Any = None
        self.logout = LogoutSide(self, f"{base}/slo")

    @property
    def issuer(self) -> str:
        return self.entity_id

    # What it is

    def metadata(self) -> str:
        keys = "".join(
            f'<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{key.base64}'
            "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            for key in self.keys
        )
        services = "".join(
            f'<md:{service} Binding="{BINDING}{name}" Location="{place}"/>'
            for service, place in (("SingleLogoutService", self.logout.url), ("SingleSignOnService", self.sso))
            for name in ("HTTP-Redirect", "HTTP-POST")
            if service != "SingleLogoutService" or name in self.logout.bindings
        )
        return (
            f'<md:EntityDescriptor xmlns:md="{MD}" xmlns:ds="{DS}" entityID="{self.entity_id}">'
            f'<md:IDPSSODescriptor protocolSupportEnumeration="{PROTOCOL}">{keys}{services}</md:IDPSSODescriptor>'
            "</md:EntityDescriptor>"
        )

    def options_by_address(self, **more: Any) -> dict[str, Any]:
        """The same where the metadata is fetched; the address is the entity id, as usual."""
        return {"metadata_url": self.entity_id, "attributes": "okta", **more}

    def options(self, **more: Any) -> dict[str, Any]:
        """What an admin writes into a tenants file."""
        return {"idp_metadata": self.metadata(), "attributes": "okta", **more}

    # Knobs: each returns the provider

    def says(self, **parts: Any) -> "FakeProvider":
        """Change parts of the answer (see `Answer`); None leaves one out."""
        self._says.update(parts)
        return self

    def edits(self, edit: Edit) -> "FakeProvider":
        """Change the document before it is signed."""
        self._edits.append(edit)
        return self

    def tampers(self, edit: Edit) -> "FakeProvider":
        """Change the document after it was signed."""
        self._tampers.append(edit)
        return self

    def signs_parts(self, *tags: str) -> "FakeProvider":
        """`Response`, `Assertion`, both or none."""
        self.signs = tags
        return self

    def signs_with(self, key: SamlKey) -> "FakeProvider":
        """With a key that our side does not know yet, or never will."""
        self.keys.insert(0, key)
        return self

    def encrypts(self, **how: Any) -> "FakeProvider":
        """Encrypt the assertion to us: needs our metadata."""
        self._encryption = how
        return self

    def encrypts_name(self, **how: Any) -> "FakeProvider":
        """Encrypt the NameID alone, before anything is signed."""
        self._name_encryption = how
        return self

    def refuses(self, code: str, subcode: str | None = None, message: str | None = None) -> "FakeProvider":
        return self.says(status=code, subcode=subcode, message=message, has_assertion=False)

    def recovers(self) -> "FakeProvider":
        """Answer as before all knobs."""
        self.__init__(self.entity_id.removesuffix("/metadata"), self.clock)  # type: ignore[misc]
        return self

    def learns(self, sp_metadata: bytes) -> "FakeProvider":
        """Know us: from now on unsigned requests, and others than ours, are a fault of the test."""
        self._sp = etree.fromstring(sp_metadata)
        return self

    def slo_of_sp(self) -> str:
        """Where our side takes messages about signing out, as its metadata says."""
        return next(self._sp.iter(f"{{{MD}}}SingleLogoutService")).get("Location")

    # The browser's part

    def read(self, url: str, form: dict[str, str] | None = None) -> Asked:
        """The request that a browser brings, in the address or in a form."""
        self.hits["sso"] += 1
        values = form or dict(parse_qsl(urlsplit(url).query))
        data = base64.b64decode(values["SAMLRequest"], validate=True)
        document = etree.fromstring(data if form else zlib.decompress(data, wbits=-15))
        is_signed = self.is_posted_signed(document) if form else self.is_query_signed(urlsplit(url).query)
        asked = Asked(
            id=document.get("ID"),
            acs=document.get("AssertionConsumerServiceURL"),
            issuer=document.findtext(f"{{{SAML}}}Issuer"),
            relay_state=values["RelayState"],
            document=document,
            is_signed=is_signed,
        )
        if self._sp is not None:
            assert is_signed
            assert asked.issuer == self._sp.get("entityID")
            assert asked.acs == next(self._sp.iter(f"{{{MD}}}AssertionConsumerService")).get("Location")
        self.seen.append(asked)
        return asked

    def answer(self, url: str, form: dict[str, str] | None = None, person: Person | None = None) -> tuple[str, dict[str, str]]:
        """Where the browser posts what: after `person` has signed in."""
        asked = self.read(url, form)
        encoded = base64.b64encode(self.response(asked, person)).decode()
        return asked.acs, {"SAMLResponse": encoded, "RelayState": asked.relay_state}

    def response(self, asked: Asked, person: Person | None = None) -> bytes:
        document = saml_messages.response(self.describe(asked, person))
        for edit in self._edits:
            changed = edit(document)
            document = document if changed is None else changed
        document = self.sign(document)
        for tamper in self._tampers:
            changed = tamper(document)
            document = document if changed is None else changed
        return document if isinstance(document, bytes) else etree.tostring(document)

    def sign(self, document: Any) -> Any:
        """Sign and encrypt as the knobs say, the inner part first."""
        if self._name_encryption is not None:
            document = encrypted(document, self.sp_certificate(), part="NameID", **self._name_encryption)
        if "Assertion" in self.signs and document.find(f"{{{SAML}}}Assertion") is not None:
            document = signed(document, "Assertion", self.keys[0])
        if self._encryption is not None:
            document = encrypted(document, self.sp_certificate(), **self._encryption)
        return signed(document, "Response", self.keys[0]) if "Response" in self.signs else document

    def describe(self, asked: Asked, person: Person | None = None) -> Answer:
        """What a well-behaved provider says, with what the knobs change in it."""
        now, somebody = self.clock.now() + self.ahead, person or self.person
        values = {
            "issuer": self.entity_id,
            "assertion_issuer": self.entity_id,
            "destination": asked.acs,
            "recipient": asked.acs,
            "in_response_to": asked.id,
            "scd_in_response_to": asked.id,
            "audiences": [[asked.issuer]],
            "issue_instant": instant(now),
            "assertion_issue_instant": instant(now),
            "not_before": instant(now - timedelta(minutes=1)),
            "not_on_or_after": instant(now + timedelta(minutes=5)),
            "scd_not_on_or_after": instant(now + timedelta(minutes=5)),
            "authn_instant": instant(now),
            "name_id": somebody.subject,
            "attributes": attributes_of(somebody),
        }
        return Answer(**(values | self._says))

    def sp_certificate(self, use: str = "encryption") -> x509.Certificate:
        for descriptor in self._sp.iter(f"{{{MD}}}KeyDescriptor"):
            if descriptor.get("use") == use:
                text = next(descriptor.iter(f"{{{DS}}}X509Certificate")).text
                return x509.load_der_x509_certificate(base64.b64decode(text))
        raise AssertionError(f"no key for {use}")

    def is_query_signed(self, query: str) -> bool:
        """Over the octets of the query as they came (Bindings, 3.4.4.1)."""
        data, _, signature = query.partition("&Signature=")
        if not signature or self._sp is None:
            return bool(signature)
        data = data[data.index("SAMLRe") :]
        key = self.sp_certificate("signing").public_key()
        key.verify(base64.b64decode(unquote(signature)), data.encode(), PKCS1v15(), hashes.SHA256())
        return True

    def is_posted_signed(self, document: Any) -> bool:
        if document.find(f"{{{DS}}}Signature") is None or self._sp is None:
            return document.find(f"{{{DS}}}Signature") is not None
        config = replace(saml_messages.STRICT, verification_time=self.clock.now())
        XMLVerifier().verify(document, x509_cert=self.sp_certificate("signing"), id_attribute="ID", expect_config=config)
        return True


class SamlPeer:
    """One origin with many providers."""

    def __init__(self, origin: str, clock: FakeClock) -> None:
        self.origin = origin
        self.clock = clock
        self._providers: dict[str, FakeProvider] = {}

    def provider(self) -> FakeProvider:
        """A new provider, at `{origin}/{name}`."""
        name = secrets.token_hex(6)
        self._providers[name] = FakeProvider(f"{self.origin}/{name}", self.clock)
        return self._providers[name]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        name, _, place = request.path.removeprefix("/").partition("/")
        provider = self._providers.get(name)
        if provider is not None and place == "metadata":
            provider.hits["metadata"] += 1
            answer = provider.publishes or Response(provider.metadata(), content_type="application/samlmetadata+xml")
            return answer(environ, start_response)
        if provider is not None and place == "slo":
            url = f"{provider.logout.url}?{environ['QUERY_STRING']}"
            return provider.logout.take(url, dict(request.form) or None)(environ, start_response)
        if provider is None or place != "sso":
            return Response("nothing here", 404)(environ, start_response)
        # As it came: what is signed are the very characters.
        url, form = provider.answer(f"{provider.sso}?{environ['QUERY_STRING']}", dict(request.form) or None)
        return Response(posting_page(url, form), content_type="text/html")(environ, start_response)


def posting_page(url: str, form: dict[str, str]) -> str:
    """What a provider shows so that the browser posts (Bindings, 3.5.4)."""
    fields = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in form.items())
    return f'<form method="post" action="{escape(url)}">{fields}<button>Continue</button></form>'


def attributes_of(person: Person) -> list[tuple[str, list[str]]]:
    return [
        ("email", [person.email]),
        ("firstName", [person.given_name]),
        ("lastName", [person.family_name]),
        ("groups", list(person.groups)),
    ]


def instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
