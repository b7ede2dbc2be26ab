"""The start page of the demo: what to open, what to try, and the sample accounts with their current codes."""

import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyotp
from flask import Flask, make_response, render_template, request
from werkzeug.wrappers import Response

from broker.demo.entra.switches import SWITCHES as ENTRA_SWITCHES
from broker.demo.google.switches import SWITCHES as GOOGLE_SWITCHES
from broker.demo.people import (
    DIRECTORY_PEOPLE,
    ENTERED,
    GOOGLE_PEOPLE,
    INVITED,
    LOCAL_PEOPLE,
    OPERATOR,
    STAFF,
    LocalPerson,
    Person,
)
from broker.demo.places import Places
from broker.demo.saml.switches import SWITCHES as WORKS_SWITCHES
from broker.demo.site import make_site
from broker.demo.switches import Switch
from broker.ports import Clock

STEP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Account:
    """A sample account as the page shows it."""

    person: LocalPerson
    code: str
    """The six digits of now, in two groups."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A simulated identity provider as the page shows it."""

    name: str
    key: str
    """Of its address among the places."""
    slug: str
    """Of the tenant whose people it knows."""
    people: Sequence[Person]
    switches: Sequence[Switch]


PROVIDERS = (
    Provider("Simulated Entra", "entra", "acme", DIRECTORY_PEOPLE, ENTRA_SWITCHES),
    Provider("Simulated Google", "google", "union", GOOGLE_PEOPLE, GOOGLE_SWITCHES),
    Provider("Simulated Works login (SAML)", "works", "union", STAFF, WORKS_SWITCHES),
)


def make_helper(places: Places, seeds: Mapping[str, str], clock: Clock) -> Flask:
    """`seeds`: e-mail address → seed of the authenticator app."""
    site = make_site("SSO Broker demo", "helper")

    @site.get("/")
    def front() -> Response:
        now = clock.now()
        left = STEP_SECONDS - int(now.timestamp()) % STEP_SECONDS
        own_secret = request.args.get("secret", "")
        response = make_response(
            render_template(
                "helper/front.html",
                places=places,
                accounts=[Account(person, code_at(seeds[person.email], now)) for person in (*LOCAL_PEOPLE, OPERATOR)],
                left=left,
                providers=PROVIDERS,
                switches=sum(len(provider.switches) - 1 for provider in PROVIDERS),
                invited=INVITED[1],
                entered=ENTERED,
                consent_link=_text_of(places.consent_link),
                own_secret=own_secret,
                own_code=code_at(own_secret, now) if own_secret else "",
            )
        )
        # The page follows the codes by itself.
        response.headers["Refresh"] = str(left + 1)
        return response

    return site


def _text_of(file: Path) -> str:
    """What the broker has written there by now."""
    return file.read_text(encoding="utf-8").strip() if file.exists() else ""


def code_at(secret: str, now: datetime) -> str:
    """The six digits of an authenticator app in two groups; empty for what is no secret."""
    try:
        code = pyotp.TOTP(secret.replace(" ", "")).at(now)
    except (binascii.Error, ValueError):
        return ""
    return f"{code[:3]} {code[3:]}"
