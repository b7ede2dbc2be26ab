"""Every mail in each of its states, made as the worker makes it, and what tests look for in one."""

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial
from typing import Any

import segno

from broker.mail import letters
from broker.mail.letter import Letter, letter_to
from broker.mail.letters import TENANT_MESSAGES
from broker.mail.messages import Content, WayIn, finder
from broker.wiring import the_broker
from tenants.tenants import TenantSettings
from tests import factories
from tests.factories import Home
from tests.support.posted import html_of, text_of

AT = datetime(2026, 11, 21, 9, 12, tzinfo=UTC)
ACME = WayIn("Acme Group", "https://acme.login.example")
LUMEN = WayIn("Lumen Studio", "https://login.example/t/lumen")
CODE = "482913"
WORDS = "The desk on the second floor is open from eight to six."
_LATER = "2126-12-21T09:12:00+00:00"
_LINK = re.compile(r"https?://\S+")
_DIGITS = re.compile(r"^    (\d{3}) (\d{3})$", re.MULTILINE)


def code_in(mail: EmailMessage) -> str:
    """The six digits that a mail brings."""
    found = _DIGITS.search(text_of(mail))
    assert found, "no code in this mail"
    return found[1] + found[2]


def link_in(mail: EmailMessage) -> str:
    """The one link of a mail, which both of its parts have."""
    (link,) = _LINK.findall(text_of(mail))
    assert f'href="{link}"' in html_of(mail)
    return str(link)


def picture() -> bytes:
    """A PNG that could be a logo."""
    drawn = io.BytesIO()
    segno.make("logo").save(drawn, kind="png")
    return drawn.getvalue()


def letter(home: Home, message: str, email: str, /, **facts: str) -> Letter:
    """A mail of this tenant that is about to be sent."""
    tenant = home.broker.snapshots.find_by_id(home.id)
    assert tenant is not None
    return letter_to(home.broker, tenant, email, message, facts, home.now)


def made(home: Home, message: str, email: str, /, **facts: str) -> Content | None:
    """What it says. Needs an application context."""
    return letters.made(letter(home, message, email, **facts))


@dataclass(frozen=True)
class MailSample:
    """A mail of a tenant to an account with these columns; `arrange` prepares the tenant."""

    message: str
    facts: Mapping[str, str] = field(default_factory=dict)
    columns: Callable[[Home], Mapping[str, Any]] = lambda _home: {}
    arrange: Callable[[Home], object] = lambda _home: None

    def make(self) -> Content:
        """Needs an application context."""
        home = factories.tenant(the_broker())
        email = factories.account(home, **self.columns(home)).email
        self.arrange(home)
        content = made(home, self.message, email, **self.facts)
        assert content is not None
        return content


@dataclass(frozen=True)
class FinderSample:
    """The platform's own mail."""

    message = "finder"
    ways: tuple[WayIn, ...] = ()

    def make(self) -> Content:
        """Needs an application context."""
        return finder("jane.doe@acme.example", self.ways, "https://login.example", AT)


def decorated(home: Home) -> None:
    """With a logo, a colour, words of its own and a second contact."""
    look = {"logo": picture(), "logo_type": "image/png", "colour": "#ffcc00"}
    home.change(TenantSettings, "settings", wording=dict.fromkeys(TENANT_MESSAGES, WORDS), **look)
    factories.contact(home)


def _columns(*, ends: timedelta | None = None, **values: object) -> Callable[[Home], Mapping[str, Any]]:
    return lambda home: values | ({"expires_at": home.now + ends} if ends else {})


_LINK_FACTS = {"token": "a-token", "expires_at": _LATER}
_SEEN = {"at": AT.isoformat(), "address": "203.0.113.7"}
_DOMAIN = {
    "domain": "acme.example",
    "name": "_sso-broker.acme.example",
    "text": "sso-broker-domain=n3Vq0sT1c9Yx7Lk2Jm5Rw8Hd4Gb6Pz_aE0uQ-fKiOyU",
    "until": _LATER,
}
_PROVIDER = {
    "connection": "company",
    "label": "Company login",
    "address": "https://idp.example/metadata",
    "added": "3f2a9c0d17be45aa, 90aa11bb22cc33dd",
    "removed": "0123456789abcdef",
    "at": AT.isoformat(),
}
_APPLICATION = {
    "application": "wiki",
    "name": "Wiki",
    "address": "https://wiki.acme.example/saml/metadata",
    "added": "3f2a9c0d17be45aa",
    "removed": "0123456789abcdef",
    "at": AT.isoformat(),
}
_DIRECTORY = {
    "connection": "microsoft",
    "label": "Microsoft",
    "directory": "5f9b1c3e-2f7a-4c58-9d0e-6a1b2c3d4e5f",
    "domain": "acme.example",
    "at": AT.isoformat(),
}
_CODE = {"code": CODE, "purpose": "reset"}
_CODE_MAIL = partial(MailSample, "code", _CODE)
_LONG_AGO = {"created_at": AT - timedelta(days=3000), "activated_at": AT - timedelta(days=3000)}
_CHANGES = (
    "password",
    "totp_added",
    "totp_removed",
    "recovery_codes",
    "passkey_added",
    "passkey_removed",
    "factors_reset",
    "local_off",
    "door",
    "identity_linked",
    "address_confirmed",
    "address_confirmed_kept",
    "first_proof",
    "first_proof_kept",
)

MAILS: dict[str, MailSample | FinderSample] = {
    "finder": FinderSample((ACME,)),
    "finder-several": FinderSample((ACME, LUMEN)),
    "finder-none": FinderSample(),
    "test": MailSample("test", {"note": "From the command line."}),
    "invitation": MailSample("invitation", _LINK_FACTS),
    "invitation-decorated": MailSample("invitation", _LINK_FACTS, arrange=decorated),
    "reset-link": MailSample("reset_link", _LINK_FACTS),
    "password-leaked": MailSample("password_leaked", {"at": AT.isoformat()}),
    "account-ready": MailSample("account_ready"),
    "code": _CODE_MAIL(),
    "code-decorated": _CODE_MAIL(arrange=decorated),
    "code-invited": _CODE_MAIL(_columns(state="invited", activated_at=None)),
    "code-disabled": _CODE_MAIL(_columns(state="disabled")),
    "code-expired": _CODE_MAIL(_columns(ends=-timedelta(days=3))),
    "code-expired-by-an-admin": _CODE_MAIL(_columns(state="expired")),
    "code-invitation-ran-out": _CODE_MAIL(_columns(state="invited", **_LONG_AGO)),
    "code-unused": _CODE_MAIL(_columns(**_LONG_AGO)),
    "code-local-off": _CODE_MAIL(_columns(with_password=False)),
    "code-elsewhere": _CODE_MAIL(_columns(with_password=False), factories.connection),
    "new-device": MailSample("new_device", _SEEN | {"device": "Firefox on Windows"}),
    **{f"domain-{what}": MailSample("domain_proof", _DOMAIN | {"what": what}) for what in ("missing", "lost")},
    **{f"directory-{by}": MailSample("directory_added", _DIRECTORY | {"by": by}) for by in ("link", "operator", "admin")},
    "provider-keys-taken": MailSample("provider_keys", _PROVIDER | {"what": "taken", "why": ""}),
    **{
        f"provider-keys-{why}": MailSample("provider_keys", _PROVIDER | {"what": "proposed", "why": why})
        for why in ("expired", "entity_id", "keys", "address", "unreadable")
    },
    **{
        f"application-metadata-{why}": MailSample("application_metadata", _APPLICATION | {"why": why})
        for why in ("expired", "entity_id", "keys", "unreadable")
    },
    "door-used": MailSample("door_used", _SEEN | {"name": "Ada Lovelace", "email": "ada@acme.example", "outcome": "entered"}),
    **{
        f"changed-{what.replace('_', '-')}": MailSample("credential_changed", _SEEN | {"what": what, "by": "you"})
        for what in _CHANGES
    },
    **{
        f"ends-{name}": MailSample("connection_ends", {"connection": "Company login", "on": _LATER} | more)
        for name, more in {
            "certificate": {"thing": "certificate", "name": "0123456789abcdef", "successor": _LATER},
            "secret": {"thing": "secret"},
            "client-certificate": {"thing": "client_certificate", "name": "0123456789abcdef"},
            "client-certificate-ended": {"thing": "client_certificate", "on": AT.isoformat()},
            "own-certificate": {"thing": "own_certificate", "connection": "", "name": "key_1"},
            "certificate-ended": {"thing": "certificate", "name": "0123456789abcdef", "on": AT.isoformat()},
            "secret-ended": {"thing": "secret", "on": AT.isoformat()},
            "applications-certificate": {"thing": "applications_certificate", "connection": "", "name": "key_2"},
            "own-certificate-ended": {"thing": "own_certificate", "connection": "", "on": AT.isoformat()},
        }.items()
    },
    "changed-by-an-admin": MailSample("credential_changed", _SEEN | {"what": "factors_reset", "by": "admin"}),
    **{
        f"warning-{what}": MailSample("life_warning", {"what": what, "on": "2026-12-31"})
        for what in ("activation", "disuse", "expiry")
    },
}
