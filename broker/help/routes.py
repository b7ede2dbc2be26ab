"""`{T}/help/<provider>`: somebody who is stuck at a provider pastes what they see there."""

from functools import partial

from flask import Blueprint, render_template, request

from broker.help.explanation import Helper
from broker.help.reading import MAX_TEXT, Looked, look_up

help_pages = Blueprint("help", __name__, subdomain="tenant")
PROVIDERS = {"microsoft": "Microsoft", "google": "Google"}


def ask(provider: str) -> str:
    """A field for the code or the text."""
    return _page(provider, None)


def explain(provider: str) -> str:
    """What it means. Posted and not in the address: what people paste has their names in it."""
    typed = request.form.get("message", "").strip()
    return _page(provider, look_up(provider, typed) if typed else None)


def _page(provider: str, looked: Looked | None) -> str:
    helper = looked.explanation.helper if looked and looked.explanation else Helper.ORGANIZATION
    return render_template(
        "help/stuck.html", provider=PROVIDERS[provider], looked=looked, helper=helper.value, max_length=MAX_TEXT
    )


for _provider in PROVIDERS:
    help_pages.get(f"/help/{_provider}", endpoint=_provider)(partial(ask, _provider))
    help_pages.post(f"/help/{_provider}", endpoint=f"explain_{_provider}")(partial(explain, _provider))
