"""The answer on the consent page: the request is checked anew, and goes on from there."""

from flask import request
from werkzeug.wrappers import Response

from broker.downstream.oidc.authorize import answer, checked
from broker.downstream.oidc.consent import decline, remember
from broker.downstream.oidc.parameters import Parameters
from broker.session import signed_in


def consented() -> Response:
    """POST, with the token of our own page. Whoever agrees has a session, or signs in and is asked again."""
    person = signed_in()
    asked = checked(Parameters.of_text(request.form.get("request", "")))
    if person is None:
        return answer(asked, None)
    if request.form.get("answer") != "agree":
        decline(asked, person)
    remember(asked, person)
    return answer(asked, person, has_agreed=True)
