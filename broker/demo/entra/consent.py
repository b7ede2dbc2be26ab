"""Microsoft's page on which the admin of a directory approves an application for everybody in it."""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from broker.demo.code_flow.authorization import Registration
from broker.demo.places import OTHER_DIRECTORY

CANCELLED = "AADSTS65004: The administrator declined to consent."


@dataclass(frozen=True, slots=True)
class AdminConsent:
    registration: Registration

    def page(self) -> str:
        """What is asked for."""
        self._require_known()
        fields = {name: request.values.get(name, "") for name in ("client_id", "redirect_uri", "state")}
        scopes = [one.rpartition("/")[2] for one in request.values.get("scope", "").split()]
        return render_template(
            "entra/consent.html", application=self.registration.name, scopes=scopes, fields=fields, action=url_for("decide")
        )

    def decide(self) -> Response:
        """Back with the directory's id, or with a refusal; both say that there was a consent page, as Microsoft does."""
        self._require_known()
        answer = {"admin_consent": "True", "state": request.form.get("state", "")}
        if request.form.get("decision") == "accept":
            answer |= {"tenant": OTHER_DIRECTORY, "scope": "openid profile email"}
        else:
            answer |= {"error": "access_denied", "error_description": CANCELLED}
        return redirect(f"{request.form['redirect_uri']}?{urlencode(answer)}")

    def _require_known(self) -> None:
        asked = (request.values.get("client_id"), request.values.get("redirect_uri"))
        if asked[0] != self.registration.client_id or asked[1] not in self.registration.redirect_uris:
            abort(400, "AADSTS700016: No such application, or it has another return address.")
