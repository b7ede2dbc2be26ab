"""What mails say to admins when an identity provider's metadata has changed (SU-24)."""

from collections.abc import Callable, Mapping

from flask_babel import gettext as _

from broker.mail.letter import Letter, Words, harmless_name
from broker.moments import moment_words


def provider_keys(letter: Letter) -> Words:
    """New keys were taken, or something waits for somebody's word."""
    name = harmless_name(letter.facts["label"]) or letter.facts["connection"]
    if letter.facts["what"] == "taken":
        subject = _("The metadata of an identity provider has changed")
        heading = _("The metadata of %(name)s has changed", name=name)
        lead = _("It was read from the address that you set, and is in force. People sign in as before.")
        note = _("You don’t know of it? Then ask the provider: whoever holds its keys can sign in as anybody who comes by it.")
    else:
        subject = _("The metadata of an identity provider waits for your word")
        heading = _("New metadata of %(name)s was not taken", name=name)
        lead = _lead(letter.facts["why"])
        note = _(
            "Ask the provider whether it made this change. If so, tell whoever runs this sign-in service to accept it; "
            "if not, tell them at once."
        )
    return Words(
        subject=subject,
        heading=heading,
        lead=lead,
        rows=(
            (_("When"), moment_words(letter.time("at"))),
            (_("Connection"), letter.facts["connection"]),
            (_("New keys"), letter.facts["added"]),
            (_("Keys that are gone"), letter.facts["removed"]),
        ),
        notes=(note,),
    )


def _lead(why: str) -> str:
    if why == "unreadable":
        return str(
            _("The copy from before can’t be read any more, so nobody can sign in by it. It waits for somebody’s decision.")
        )
    return str(_("%(reason)s So the copy from before stays in force until somebody decides.", reason=_REASONS[why]()))


_REASONS: Mapping[str, Callable[[], str]] = {
    "expired": lambda: _("It says of itself that it is no longer valid."),
    "entity_id": lambda: _("It is about another provider than before."),
    "keys": lambda: _("None of the keys that were known is in it any more."),
    "address": lambda: _("It names an address for signing in that is not secure."),
}
"""In functions, for the language of the mail."""
