"""The pages of the simulated company login."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask, Response, abort, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from broker.demo.people import STAFF, StaffPerson, hinted_first
from broker.demo.saml.answers import Answers
from broker.demo.saml.keys import KeyPair
from broker.demo.saml.logout import LogoutSide
from broker.demo.saml.metadata import metadata
from broker.demo.saml.requests import AuthnRequest, ServiceProvider, read_request
from broker.demo.saml.rolling import STEPS, Rolling
from broker.demo.saml.switches import SWITCHES, SamlSwitch
from broker.demo.site import make_site
from broker.demo.switches import find_switch
from broker.ports import Clock

_NORMAL = SWITCHES[0]


def make_company_login(base_url: str, known: ServiceProvider, keys: Mapping[str, KeyPair], clock: Clock) -> Flask:
    """The simulated identity provider at `base_url`, for one service provider."""
    rolling, entity_id = Rolling(keys), f"{base_url}/metadata"
    pages = Pages(base_url, known, rolling, Answers(entity_id, rolling, clock), LogoutSide(entity_id, known.slo_url), clock)
    site = make_site("Simulated Works login", "works")
    site.get("/")(pages.front)
    site.get("/metadata")(pages.metadata)
    site.post("/keys")(pages.keys)
    site.post("/start")(pages.start)
    site.post("/sign-out")(pages.sign_out)
    site.get("/slo")(pages.slo)
    site.route("/sso", methods=["GET", "POST"])(pages.sso)
    site.post("/pick")(pages.pick)
    return site


@dataclass(frozen=True, slots=True)
class Pages:
    base_url: str
    known: ServiceProvider
    rolling: Rolling
    answers: Answers
    logout: LogoutSide
    clock: Clock

    def front(self) -> str:
        return render_template(
            "saml/front.html",
            people=STAFF,
            known=self.known,
            entity_id=f"{self.base_url}/metadata",
            step=self.rolling.step,
            steps=STEPS,
            here=_person(session.get("person")),
        )

    def metadata(self) -> Response:
        return Response(metadata(self.base_url, self.rolling), content_type="application/samlmetadata+xml")

    def keys(self) -> AnyResponse:
        """The next step of the change of keys."""
        self.rolling.go(request.form.get("step", ""))
        return redirect(url_for("front"))

    def start(self) -> str:
        """A tile of the portal: an answer that nobody has asked for. Of what follows nobody is asked here again."""
        person = _person(request.form.get("person")) or STAFF[0]
        session["person"] = session["portal"] = person.id
        return self._post(AuthnRequest("", self.known.entity_id, self.known.acs_url), person, _NORMAL, "")

    def sso(self) -> str | tuple[str, int]:
        """Check the request, then ask who it is."""
        asked = self._asked(is_form=request.method == "POST")
        if asked is None:
            sentence = "This is no request of a service that is known here. Start again from the application."
            return render_template("message.html", heading="This request can’t be answered", sentence=sentence), 400
        from_portal = _person(session.pop("portal", None))
        if from_portal is not None:
            return self._post(asked, from_portal, _NORMAL, request.values.get("RelayState", ""))
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
        person = _person(request.form.get("person"))
        switch = find_switch(SWITCHES, request.form.get("switch", "normal"))
        if asked is None or person is None or switch is None:
            abort(400, "This form was not made here. Go back to the application and start again.")
        session["person"] = person.id
        return self._post(asked, person, switch, request.form.get("RelayState", ""))

    def sign_out(self) -> AnyResponse:
        """The person signs out here, and the broker is told."""
        person = _person(session.pop("person", None))
        if person is None:
            return redirect(url_for("front"))
        return redirect(self.logout.request(person, self.rolling.keys[self.rolling.signing], self.clock.now()))

    def slo(self) -> AnyResponse | str | tuple[str, int]:
        """The broker's wish is answered at once; its answer to ours is shown."""
        if "SAMLResponse" in request.args:
            sentence = "Works login has told Union Works, and that session has ended too."
            return render_template("message.html", heading="Signed out everywhere", sentence=sentence)
        url = self.logout.answer(request.args, self.rolling.keys[self.rolling.signing], self.clock.now())
        if url is None:
            return render_template("message.html", heading="This request can’t be answered", sentence="It is no logout."), 400
        session.pop("person", None)
        return redirect(url)

    def _post(self, asked: AuthnRequest, person: StaffPerson, switch: SamlSwitch, relay_state: str) -> str:
        answer = self.answers.answer(asked, person, switch)
        fields = {"SAMLResponse": base64.b64encode(answer).decode(), "RelayState": relay_state}
        return render_template("saml/post.html", url=asked.acs_url, fields=fields, application=self.known.name)

    def _asked(self, *, is_form: bool) -> AuthnRequest | None:
        asked = read_request(request.values, is_form=is_form)
        return asked if asked and asked.is_of(self.known) else None


def _person(number: str | None) -> StaffPerson | None:
    return next((one for one in STAFF if one.id == number), None)
