"""What mails say to admins about the domains of their organization (RT-08)."""

from flask_babel import gettext as _

from broker.mail.letter import Letter, Words
from broker.moments import moment_words


def domain_proof(letter: Letter) -> Words:
    """The record that proves a domain is missing, or has been for so long that the proof has ended."""
    domain = letter.facts["domain"]
    if letter.facts["what"] == "missing":
        subject = _("A domain’s record is missing")
        heading = _("The record of %(domain)s is missing", domain=domain)
        lead = _(
            "It proves that the domain is yours. Put it back by %(time)s; after that, addresses of the domain are no longer "
            "sent to your sign-in, and no longer believed.",
            time=moment_words(letter.time("until")),
        )
    else:
        subject = _("A domain is not proven any more")
        heading = _("%(domain)s is not proven any more", domain=domain)
        lead = _(
            "Its record has been missing for a week. Addresses of the domain are no longer sent to your sign-in, and no longer "
            "believed. Nobody’s account was deleted. To prove the domain again, put the record back and tell whoever runs "
            "this sign-in service."
        )
    return Words(
        subject=subject,
        heading=heading,
        lead=lead,
        rows=(
            (_("TXT record at"), letter.facts["name"]),
            (_("What it says"), letter.facts["text"]),
        ),
        notes=(_("The domain is not yours any more? Then tell whoever runs this sign-in service."),),
    )
