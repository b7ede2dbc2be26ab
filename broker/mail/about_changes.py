"""What mails say when something happened that only its owner, or another admin, can tell right from wrong (T7, SF-10)."""

from collections.abc import Callable, Mapping

from flask_babel import gettext as _

from broker.mail.letter import Button, Letter, Words, harmless_name
from broker.moments import moment_words

Sentences = tuple[str, str]
"""The heading, and what it means."""


def credential_changed(letter: Letter) -> Words:
    """What somebody signs in with is not what it was."""
    heading, lead = _CHANGES[letter.facts["what"]]()
    is_by_admin = letter.facts.get("by") == "admin"
    then = _("Set up new ones when you sign in next time.") if is_by_admin and letter.facts["what"] == "factors_reset" else ""
    return Words(
        subject=_("Your sign-in has changed"),
        heading=heading,
        lead=f"{lead} {then}".strip(),
        rows=(
            (_("Identity provider"), letter.facts.get("provider", "")),
            (_("When"), moment_words(letter.time("at"))),
            (_("Network address"), letter.facts.get("address", "")),
            (_("By"), _("an admin of your organization") if is_by_admin else ""),
        ),
        notes=(
            _("You didn’t expect this? Then tell your organization’s help desk at once.")
            if is_by_admin
            else _("That wasn’t you? Then tell your organization’s help desk at once."),
        ),
    )


def password_leaked(letter: Letter) -> Words:
    """The password that was right is known to others (`on_breach`)."""
    return Words(
        subject=_("Your password is known from a data leak"),
        heading=_("Your password is known from a data leak"),
        lead=_("You signed in with it. It stands in a list of leaked passwords, so others may try it. Choose a new one."),
        button=Button(_("Choose a new password"), letter.link("/account/password")),
        rows=((_("When you signed in"), moment_words(letter.time("at"))),),
        notes=(
            _("It leaked somewhere else, not here: wherever you use it, choose a new one."),
            _("That wasn’t you? Then tell your organization’s help desk at once."),
        ),
    )


def new_device(letter: Letter) -> Words:
    """A sign-in from a device that was not seen before."""
    return Words(
        subject=_("A new sign-in to your account"),
        heading=_("Somebody signed in on a new device"),
        lead=_("If that was you, you need to do nothing."),
        button=Button(_("See where you are signed in"), letter.link("/account")),
        rows=(
            (_("When"), moment_words(letter.time("at"))),
            (_("Device"), letter.facts.get("device", "")),
            (_("Network address"), letter.facts.get("address", "")),
        ),
        notes=(_("That wasn’t you? Then change your password, and tell your organization’s help desk."),),
    )


def door_used(letter: Letter) -> Words:
    """To every other admin: somebody came in by the back door (AC-04)."""
    name, email = harmless_name(letter.facts.get("name", "")), letter.facts["email"]
    return Words(
        subject=_("Emergency access was used"),
        heading=_("Emergency access was used"),
        lead=_(
            "Somebody signed in to %(name)s by emergency access. All its owners and admins get this mail.",
            name=letter.name,
        ),
        rows=(
            (_("Who"), f"{name}, {email}" if name else email),
            (_("When"), moment_words(letter.time("at"))),
            (_("Network address"), letter.facts.get("address", "")),
        ),
        notes=(
            _("You know about it? Then you need to do nothing."),
            _("If not, ask them. If it wasn’t them, tell whoever runs this sign-in service at once: they can close it."),
        ),
    )


_CHANGES: Mapping[str, Callable[[], Sentences]] = {
    "password": lambda: (_("Your password was changed"), _("You sign in with the new one from now on.")),
    "totp_added": lambda: (
        _("An authenticator app was added"),
        _("Its codes are a second factor of your account from now on."),
    ),
    "totp_removed": lambda: (_("An authenticator app was removed"), _("Its codes don’t work for your account any more.")),
    "recovery_codes": lambda: (_("You have new recovery codes"), _("Older ones don’t work any more.")),
    "passkey_added": lambda: (_("A passkey was added"), _("Whoever has its device can sign in to your account with it.")),
    "passkey_removed": lambda: (_("A passkey was removed"), _("It doesn’t work for your account any more.")),
    "factors_reset": lambda: (
        _("Your second factors were reset"),
        _("The app, passkeys and recovery codes that you had don’t work any more."),
    ),
    "identity_linked": lambda: (
        _("A way to sign in was added"),
        _("Your account at the identity provider below opens your account here from now on."),
    ),
    "address_confirmed": lambda: (
        _("Your address was confirmed"),
        _("Applications may know you by it. Whatever else your account could be opened with is gone, and every other session."),
    ),
    "address_confirmed_kept": lambda: (
        _("Your address was confirmed"),
        _(
            "Applications may know you by it. Your password and its second factors here still work: they let an admin in even "
            "while the identity provider fails. If somebody else could know them, set up new ones. Other ways are gone."
        ),
    ),
    "first_proof": lambda: (
        _("Earlier ways to sign in were removed"),
        _("The identity provider below has confirmed your address. What your account was opened with before is gone."),
    ),
    "first_proof_kept": lambda: (
        _("Your address was confirmed"),
        _(
            "The identity provider below has confirmed it. Your password and its second factors here still work. If somebody "
            "else could know them, set up new ones. Other earlier ways to sign in are gone."
        ),
    ),
    "local_off": lambda: (
        _("Your password was deleted"),
        _("E-mail and password was switched off for your account. Your password and second factors here are gone."),
    ),
    "door": lambda: (
        _("Your emergency access was set up"),
        _("It has a password and an app of its own. Your usual sign-in stays as it was."),
    ),
}
"""By what has changed. In functions, for the language of the mail."""
