"""One SAML application at one tenant, and one browser: what tests of the identity provider begin with."""

import base64
import zlib
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Flask
from lxml import etree
from werkzeug.test import Client, TestResponse

from tenants.applications import Application
from tenants.saml_applications import AcsAddress, SamlApplicationConfig
from tests import factories
from tests.factories import Home, Someone
from tests.peers.service_provider import Got, ServiceProvider, verify
from tests.peers.xml_signing import saml_key
from tests.support.html import Page
from tests.support.saml_rows import saml_application


@dataclass
class SamlApp:
    """`signed_in` gives the browser a live session; `ask` and `post` bring requests of `sp`."""

    app: Flask
    home: Home
    application: Application
    config: SamlApplicationConfig
    sp: ServiceProvider
    browser: Client = field(init=False)
    session: factories.OpenSession | None = None

    def __post_init__(self) -> None:
        self.browser = self.app.test_client()

    @classmethod
    def of(cls, app: Flask, home: Home, *, name: str = "wiki", columns: dict[str, Any] | None = None, **options: Any) -> Self:
        """A new service provider with two addresses and a key; `options` change its configuration."""
        origin = f"https://{name}.{home.domain}"
        config = SamlApplicationConfig(
            entity_id=f"{origin}/saml",
            acs=(AcsAddress(f"{origin}/acs", 0), AcsAddress(f"{origin}/other", 7)),
            certificates=(saml_key(41).pem,),
        )
        config = replace(config, **options)
        row = saml_application(home, config, **({"key": name, "name": name.title()} | (columns or {})))
        sp = ServiceProvider(home.url, config.entity_id, config.acs[0].url, lambda: home.now)
        return cls(app, home, row, config, sp)

    def signed_in(self, who: Someone | None = None, **columns: Any) -> Self:
        """A session for this browser, by default of a new account without local credentials, its address proven."""
        who = who or factories.account(self.home, with_password=False, with_totp=False, is_email_verified=True)
        self.session = factories.session(self.home, who, **columns)
        self.browser.set_cookie(**factories.cookie_of(self.home, self.session))
        return self

    def other(self, name: str, **options: Any) -> "SamlApp":
        """A second application in the same browser."""
        made = SamlApp.of(self.app, self.home, name=name, **options)
        made.browser, made.session = self.browser, self.session
        return made

    def get(self, path: str, query: str = "") -> TestResponse:
        return self.browser.get(f"{self.home.path}{path}", base_url=self.origin, query_string=query)

    def send(self, query: str) -> TestResponse:
        """A query of the Redirect binding."""
        return self.get("/saml/idp/sso", query)

    def post(self, form: dict[str, str], path: str = "/saml/idp/sso") -> TestResponse:
        """A form of the POST binding, from another site; and on to where the answer leads."""
        headers = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
        return self.browser.post(f"{self.home.path}{path}", base_url=self.origin, data=form, headers=headers)

    def follow(self, response: TestResponse) -> TestResponse:
        """Open where an answer of our own place leads."""
        parts = urlsplit(response.headers["Location"])
        return self.browser.get(parts.path, base_url=self.origin, query_string=parts.query)

    def ask(self, more: str = "", relay_state: str | None = "here", **changes: Any) -> Got:
        """A whole sign-on by Redirect with the session as it is."""
        return self.got(self.send(self.sp.query(self.sp.request(more, **changes), relay_state)))

    def got(self, response: TestResponse) -> Got:
        """What a page posts to the application."""
        assert response.status_code == 200, (response.status_code, response.headers.get("Location"), response.text[:400])
        return self.read(response.text)

    def read(self, markup: str) -> Got:
        """The same of a page as a browser shows it."""
        form = next(one for one in Page(markup).forms if "SAMLResponse" in one.fields)
        fields = {name: one.value or "" for name, one in form.fields.items()}
        return self.sp.take(form.action, fields)

    def heard(self, response: TestResponse) -> tuple[str, str, Any]:
        """A message about signing out on its way: address, relay state and the document, its signature proven."""
        if "Location" in response.headers:
            address = response.headers["Location"]
        else:
            page = Page(response.text)
            form = next((one for one in page.forms if {"SAMLRequest", "SAMLResponse"} & set(one.fields)), None)
            if form is not None:
                return self._posted(form.action, {name: one.value or "" for name, one in form.fields.items()})
            address = next(link.href for link in page.links if "SAML" in link.href)
        place, _, query = address.partition("?")
        signed_part, _, signature = query.partition("&Signature=")
        key = x509.load_der_x509_certificate(self.certificate).public_key()
        key.verify(base64.b64decode(unquote(signature)), signed_part.encode(), PKCS1v15(), SHA256())
        values = dict(parse_qsl(query))
        packed = base64.b64decode(values.get("SAMLRequest") or values["SAMLResponse"])
        return place, values.get("RelayState", ""), etree.fromstring(zlib.decompress(packed, wbits=-15))

    def _posted(self, url: str, fields: dict[str, str]) -> tuple[str, str, Any]:
        document = etree.fromstring(base64.b64decode(fields.get("SAMLRequest") or fields["SAMLResponse"]))
        verify(document, self.certificate)
        return url, fields.get("RelayState", ""), document

    @property
    def certificate(self) -> bytes:
        """The one that signs, as the metadata shows it (DER)."""
        document = etree.fromstring(self.get("/saml/idp/metadata").data)
        return base64.b64decode(next(document.iter("{*}KeyDescriptor")).findtext(".//{*}X509Certificate"))

    @property
    def origin(self) -> str:
        parts = urlsplit(self.home.url)
        return f"{parts.scheme}://{parts.netloc}"


def posts_nothing(response: TestResponse) -> bool:
    """Is nothing sent anywhere: an error page, without a form to another place?"""
    return response.status_code in {400, 403, 404, 405, 413} and "SAMLResponse" not in response.text
