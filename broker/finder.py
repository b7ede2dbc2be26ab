"""The platform's front page: finding one's organization by e-mail address (R6).

Whatever address is typed, the answer is the same page after the same work (IR-08): a row for the worker, which looks
accounts up and tells the address alone, by mail.
"""

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.language import language
from broker.moments import clock_time
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants.addresses import AddressError, normalise_address
from tenants.causes import Cause, Refusal
from tenants.finder import ask_finder, finder_paused_until

finder = Blueprint("finder", __name__)


@finder.get("/")
def front() -> str:
    """Where somebody comes who has no organization's address."""
    return _page("", {})


@finder.post("/")
def ask() -> Response | tuple[str, int]:
    """Have a mail sent to what was typed."""
    if the_broker().ports.mailer is None:
        raise Refusal(Cause.PAGE_UNKNOWN, "no mail server is set up")
    typed = request.form.get("email", "")
    try:
        address = normalise_address(typed)
    except AddressError as error:
        return _page(typed[:320], {"email": _(str(error))}), 400
    db, now, network = the_broker().db, the_broker().ports.clock.now(), client_address()
    paused_until = finder_paused_until(db, network, now)
    if paused_until is not None:
        until = clock_time(paused_until)
        raise Refusal(Cause.RATE_LIMITED, "too many finder requests from one network address", fact="finder", until=until)
    ask_finder(db, address, network, now, language())
    return redirect(url_for("finder.sent"), 303)


@finder.get("/sent")
def sent() -> str:
    """The same for every address."""
    return render_template("signin/finder_sent.html", again_url=url_for("finder.front"))


def _page(email: str, errors: dict[str, str]) -> str:
    is_offered = the_broker().ports.mailer is not None
    return render_template("signin/front.html", is_offered=is_offered, email=email, errors=errors)
