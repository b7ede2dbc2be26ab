"""What mails say about connections, to those who look after them (U7)."""

from datetime import datetime, timedelta

from flask_babel import gettext as _

from broker.mail.letter import Button, Letter, Words
from broker.moments import day_words


def connection_ends(letter: Letter) -> Words:
    """Before something of a connection runs out, and once after."""
    is_over = letter.time("on") <= letter.created_at
    day, name = _day(letter.time("on")), letter.facts["connection"]
    heading, lead = _SAID[letter.facts["thing"]](name, day, is_over)
    successor = letter.facts.get("successor", "")
    note = _("There is another one beside it already, until %(day)s.", day=_day(letter.time("successor"))) if successor else ""
    return Words(
        subject=_("A way to sign in has run out") if is_over else _("A way to sign in is about to run out"),
        heading=heading,
        lead=lead,
        button=Button(_("See how it stands"), letter.link("/console/")),
        rows=(
            (_("Connection"), name),
            (_("Ends") if not is_over else _("Ended"), day),
            (_("Fingerprint or key"), letter.facts.get("name", "")),
        ),
        notes=(note,) if note else (),
    )


def _day(moment: datetime) -> str:
    """The last day on which it is good."""
    return day_words(moment - timedelta(seconds=1))


def _certificate(name: str, day: str, is_over: bool) -> tuple[str, str]:
    lead = _(
        "The identity provider signs with it. Ask its admins for the new certificate, or their metadata, and add it beside "
        "the old one before they change."
    )
    if is_over:
        return _("A certificate of %(name)s ended on %(day)s", name=name, day=day), lead
    return _("A certificate of %(name)s ends on %(day)s", name=name, day=day), lead


def _secret(name: str, day: str, is_over: bool) -> tuple[str, str]:
    if is_over:
        lead = _("Nobody can sign in by it until there is a new one. Make one at the provider and enter it here.")
        return _("The secret of %(name)s ended on %(day)s", name=name, day=day), lead
    lead = _("After that nobody can sign in by it. Make a new one at the provider and enter it here before.")
    return _("The secret of %(name)s ends on %(day)s", name=name, day=day), lead


def _client_certificate(name: str, day: str, is_over: bool) -> tuple[str, str]:
    if is_over:
        lead = _("Nobody can sign in by it until there is a new one. Register one at the provider and enter it here.")
        return _("The certificate registered for %(name)s ended on %(day)s", name=name, day=day), lead
    lead = _("After that nobody can sign in by it. Register a new one at the provider and enter it here before.")
    return _("The certificate registered for %(name)s ends on %(day)s", name=name, day=day), lead


def _own_certificate(name: str, day: str, is_over: bool) -> tuple[str, str]:
    lead = _("Requests to SAML identity providers are signed with it. Whoever runs this sign-in service can make a new one.")
    if is_over:
        return _("Your own SAML certificate ended on %(day)s", day=day), lead
    return _("Your own SAML certificate ends on %(day)s", day=day), lead


def _applications_certificate(name: str, day: str, is_over: bool) -> tuple[str, str]:
    lead = _("Answers to SAML applications are signed with it. Whoever runs this sign-in service can make a new one.")
    if is_over:
        return _("Your SAML certificate for applications ended on %(day)s", day=day), lead
    return _("Your SAML certificate for applications ends on %(day)s", day=day), lead


_SAID = {
    "certificate": _certificate,
    "secret": _secret,
    "client_certificate": _client_certificate,
    "own_certificate": _own_certificate,
    "applications_certificate": _applications_certificate,
}
