"""A sample application that speaks SAML: signs people in at the broker and shows what it was told.

GET  /                  who is signed in, with name, attributes and context; ways to sign in
GET  /metadata/<key>    itself, as an organization could read it
GET  /sign-in/<key>     to the organization (SP-initiated); `ask` may force or forbid that somebody is asked
POST /acs/<key>         the organization's response, also one that nobody asked for (IdP-initiated)
GET  /arrived/<handle>  the same browser, with its cookie, which another site's form comes without
POST /sign-out          sign out here and at the organization
GET  /slo/<key>         the organization says that a session is over, or has answered
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import Flask, abort, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from broker.demo.relying_party import Memory
from broker.demo.saml.keys import KeyPair
from broker.demo.saml_party import Asserted, IdentityProvider, SamlError, SamlParty
from broker.demo.site import make_site
from tenants.ids import new_secret


def make_saml_application(name: str, cookie: str, providers: Sequence[IdentityProvider], pair: KeyPair) -> Flask:
    """The application called `name`, known to these organizations by this key."""
    site = make_site(name, cookie)
    pages = Pages({one.key: one for one in providers}, SamlParty(pair))
    site.get("/")(pages.front)
    site.get("/metadata/<key>")(pages.metadata)
    site.get("/sign-in/<key>")(pages.sign_in)
    site.post("/acs/<key>")(pages.acs)
    site.get("/arrived/<handle>")(pages.arrived)
    site.post("/sign-out")(pages.sign_out)
    site.get("/slo/<key>")(pages.slo)
    site.get("/signed-out")(pages.signed_out)

    @site.errorhandler(SamlError)
    def _failed(failure: SamlError) -> tuple[str, int]:
        return render_template("saml_application/failed.html", failure=failure, providers=providers), 400

    return site


@dataclass(frozen=True, slots=True)
class Pages:
    providers: dict[str, IdentityProvider]
    party: SamlParty
    arrivals: Memory = field(default_factory=Memory)
    """Responses on their way to the browser that asked for them, by handle."""
    sign_ins: Memory = field(default_factory=Memory)

    def front(self) -> str:
        signed_in: Asserted | None = self.sign_ins.get(session.get("sign_in", ""))
        tables = _tables(signed_in) if signed_in else []
        providers = self.providers.values()
        return render_template("saml_application/front.html", signed_in=signed_in, tables=tables, providers=providers)

    def metadata(self, key: str) -> Response:
        return Response(self.party.metadata(self._provider(key)), content_type="application/samlmetadata+xml")

    def sign_in(self, key: str) -> Response:
        wish = request.args.get("ask", "")
        request_id, address = self.party.begin(self._provider(key), is_forced=wish == "always", is_passive=wish == "never")
        session["asked"] = request_id
        return redirect(address)

    def acs(self, key: str) -> Response:
        """The browser comes from another site, without our cookie: what it brings waits for it to come from here."""
        handle = new_secret()
        self.arrivals.set(handle, self.party.finish(self._provider(key), None))
        return redirect(url_for("arrived", handle=handle), 303)

    def arrived(self, handle: str) -> Response:
        """Raises SamlError for an answer to what another browser has asked."""
        asserted: Asserted | None = self.arrivals.get(handle)
        self.arrivals.delete(handle)
        if asserted is None or asserted.in_response_to not in {None, session.pop("asked", None)}:
            raise SamlError("This answers no request of this browser.")
        self.sign_ins.delete(session.get("sign_in", ""))
        session["sign_in"] = new_secret()
        self.sign_ins.set(session["sign_in"], asserted)
        return redirect(url_for("front"))

    def sign_out(self) -> Response:
        leaving: Asserted = self.sign_ins.get(session.get("sign_in", "")) or abort(400, "Nobody is signed in here any more.")
        self.sign_ins.delete(session.pop("sign_in"))
        session["asked"], address = self.party.sign_out(leaving)
        return redirect(address)

    def slo(self, key: str) -> Response:
        asked = session.pop("asked", None) if "SAMLResponse" in request.args else None
        over, answer = self.party.hear(self._provider(key), asked)
        if answer is None:
            return redirect(url_for("signed_out"))
        self.sign_ins.drop(lambda one: one.provider.key == key and one.session_index in over)
        return redirect(answer)

    def signed_out(self) -> str:
        return render_template("application/signed_out.html")

    def _provider(self, key: str) -> IdentityProvider:
        return self.providers.get(key) or abort(404, "This application knows no such organization.")


def _tables(told: Asserted) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Caption, heading of the first column and rows."""
    how = "The application asked" if told.in_response_to else "From the organization’s page of applications"
    said = [
        ("NameID", told.name_id["name_id"] or ""),
        ("Format", told.name_id["name_id_format"] or ""),
        ("Authentication context", ", ".join(told.contexts)),
        ("SessionIndex", told.session_index),
        ("How it began", how),
    ]
    attributes = [(name, ", ".join(values)) for name, values in sorted(told.attributes.items())]
    return [("Attributes", "Attribute", attributes), ("Assertion", "Part", said)]
