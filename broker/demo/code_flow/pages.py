"""What a person sees at a simulated provider: who are you, and should something go wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from broker.demo.code_flow.authorization import (
    AuthorizationRequest,
    Registration,
    Words,
    fault_of_application,
    fault_of_request,
)
from broker.demo.code_flow.codes import Codes, Pick
from broker.demo.people import Person, hinted_first, is_hinted
from broker.demo.switches import TokenSwitch, find_switch
from broker.ports import Clock


def _as_it_is(sentence: str) -> str:
    return sentence


@dataclass(frozen=True, slots=True)
class Pages:
    """The views for the routes `authorize` and `pick` of a provider's site."""

    registration: Registration
    words: Words
    people: Sequence[Person]
    switches: Sequence[TokenSwitch]
    codes: Codes
    clock: Clock
    describe: Callable[[str], str] = _as_it_is
    """What the provider makes of a sentence before it sends it as a description."""
    pick_endpoint: str = "pick"

    def authorize(self) -> Response | str | tuple[str, int]:
        """Check the request, then ask who it is."""
        asked = AuthorizationRequest.of(request.values)
        fault = fault_of_application(asked, self.registration, self.words)
        if fault:
            return render_template("message.html", heading="Sorry, this doesn’t work", sentence=fault), 400
        bad = fault_of_request(asked, self.words)
        if bad:
            return self._back_with_error(asked, *bad)
        return render_template(
            "provider/pick.html",
            application=self.registration.name,
            action=url_for(self.pick_endpoint),
            fields=asked.as_fields(),
            hint=asked.login_hint,
            people=hinted_first(self.people, asked.login_hint),
            is_hint_known=any(is_hinted(person, asked.login_hint) for person in self.people),
            switches=self.switches,
        )

    def pick(self) -> Response:
        """Send the person back, with what the switch says."""
        asked = AuthorizationRequest.of(request.form)
        person = next((one for one in self.people if one.id == request.form.get("person")), None)
        switch = find_switch(self.switches, request.form.get("switch", "normal"))
        is_fit = not (fault_of_application(asked, self.registration, self.words) or fault_of_request(asked, self.words))
        if not person or not switch or not is_fit:
            abort(400, "This form was not made here. Go back to the application and start again.")
        if switch.error:
            return self._back_with_error(asked, switch.error, switch.said)
        code = self.codes.issue(Pick(person, switch, asked, self.clock.now()))
        return redirect(asked.return_url(code=code))

    def _back_with_error(self, asked: AuthorizationRequest, error: str, sentence: str) -> Response:
        return redirect(asked.return_url(error=error, error_description=self.describe(sentence)))
