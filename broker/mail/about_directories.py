"""What mails say when another directory may sign in (OU-09)."""

from flask_babel import gettext as _

from broker.mail.letter import Letter, Words, harmless_name
from broker.moments import moment_words


def directory_added(letter: Letter) -> Words:
    """Its people can sign in from now on."""
    name = harmless_name(letter.facts["label"]) or letter.facts["connection"]
    if letter.facts["by"] == "operator":
        who = _("Whoever runs this sign-in service has let it in.")
    elif letter.facts["by"] == "admin":
        who = _("An admin of your organization has let it in.")
    else:
        who = _("Somebody with the link for it has let it in, and has signed in with a name of your own domain.")
    return Words(
        subject=_("Another directory can sign in"),
        heading=_("People of another directory can sign in by %(name)s", name=name),
        lead=who,
        rows=(
            (_("When"), moment_words(letter.time("at"))),
            (_("Connection"), letter.facts["connection"]),
            (_("Directory id"), letter.facts["directory"]),
            (_("Domain"), letter.facts["domain"]),
        ),
        notes=(_("You don’t know of it? Then tell whoever runs this sign-in service: they can take it out again."),),
    )
