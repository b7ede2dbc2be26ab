"""The pages of the simulated company login."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask, Response, abort, render_template, request, url_for

from broker.demo.people import STAFF, hinted_first
from broker.demo.saml.answers import Answers
from broker.demo.saml.keys import KeyPair
from broker.demo.saml.metadata import metadata
from broker.demo.saml.requests import AuthnRequest, ServiceProvider, read_request
from broker.demo.saml.switches import SWITCHES
from broker.demo.site import make_site
from broker.demo.switches import find_switch
from broker.ports import Clock


def make_company_login(base_url: str, known: ServiceProvider, keys: Mapping[str, KeyPair], clock: Clock) -> Flask:
    """The simulated identity provider at `base_url`, for one service provider."""
    pages = Pages(base_url, known, keys, Answers(f"{base_url}/metadata", keys, clock))
    site = make_site("Simulated Works login", "works")
    site.get("/")(pages.front)
    site.get("/metadata")(pages.metadata)
    site.route("/sso", methods=["GET", "POST"])(pages.sso)
    site.post("/pick")(pages.pick)
    return site


@dataclass(frozen=True, slots=True)
class Pages:
    base_url: str
    known: ServiceProvider
    keys: Mapping[str, KeyPair]
    answers: Answers

    def front(self) -> str:
        return render_template("saml/front.html", people=STAFF, known=self.known, entity_id=f"{self.base_url}/metadata")

    def metadata(self) -> Response:
        return Response(metadata(self.base_url, self.keys), content_type="application/samlmetadata+xml")

    def sso(self) -> str | tuple[str, int]:
        """Check the request, then ask who it is."""
        asked = self._asked(is_form=request.method == "POST")
        if asked is None:
            sentence = "This is no request of a service that is known here. Start again from the application."
            return render_template("message.html", heading="This request can’t be answered", sentence=sentence), 400
        fields = {name: request.values[name] for name in ("SAMLRequest", "RelayState") if name in request.values}
        return render_template(
            "provider/pick.html",
            application=self.known.name,
            action=url_for("pick"),
            fields=fields | {"binding": request.method},
            hint="",
            people=hinted_first(STAFF, ""),
            is_hint_known=False,
            switches=SWITCHES,
        )

    def pick(self) -> str:
        """A page that posts the answer (Bindings, 3.5.4)."""
        asked = self._asked(is_form=request.form.get("binding") == "POST")
        person = next((one for one in STAFF if one.id == request.form.get("person")), None)
        switch = find_switch(SWITCHES, request.form.get("switch", "normal"))
        if asked is None or person is None or switch is None:
            abort(400, "This form was not made here. Go back to the application and start again.")
        answer = self.answers.answer(asked, person, switch)
        fields = {"SAMLResponse": base64.b64encode(answer).decode(), "RelayState": request.form.get("RelayState", "")}
        return render_template("saml/post.html", url=asked.acs_url, fields=fields, application=self.known.name)

    def _asked(self, *, is_form: bool) -> AuthnRequest | None:
        asked = read_request(request.values, is_form=is_form)
        return asked if asked and asked.is_of(self.known) else None
