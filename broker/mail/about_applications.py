"""What a mail says to admins when the metadata of a SAML application has changed in a way that needs their word (SD-01)."""

from collections.abc import Callable, Mapping

from flask_babel import gettext as _

from broker.mail.letter import Letter, Words, harmless_name
from broker.moments import moment_words


def application_metadata(letter: Letter) -> Words:
    """What was read at the address that is followed is not in force."""
    name = harmless_name(letter.facts["name"]) or letter.facts["application"]
    return Words(
        subject=_("The metadata of an application waits for your word"),
        heading=_("New metadata of %(name)s was not taken", name=name),
        lead=str(
            _(
                "%(reason)s So the copy from before stays in force, and people go on signing in by it, until somebody decides.",
                reason=_REASONS[letter.facts["why"]](),
            )
        ),
        rows=(
            (_("When"), moment_words(letter.time("at"))),
            (_("Application"), letter.facts["application"]),
            (_("New keys"), letter.facts["added"]),
            (_("Keys that are gone"), letter.facts["removed"]),
        ),
        notes=(
            _(
                "Ask who looks after the application whether they made this change. If so, import its metadata once more; "
                "if not, whoever changed it would have people’s sign-ins sent to a place of their own."
            ),
        ),
    )


_REASONS: Mapping[str, Callable[[], str]] = {
    "expired": lambda: _("It says of itself that it is no longer valid."),
    "entity_id": lambda: _("It is about another application than before."),
    "keys": lambda: _("None of the keys that were known is in it any more."),
    "unreadable": lambda: _("The copy from before can’t be read any more, so the two can’t be compared."),
}
"""In functions, for the language of the mail."""
