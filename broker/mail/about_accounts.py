"""What mails say about an account: invited, ready, about to end; and the link to a new password."""

from datetime import date

from flask_babel import gettext as _

from broker.mail.letter import Button, Letter, Words, asked_at
from broker.moments import day_words, moment_words


def invitation(letter: Letter) -> Words:
    """The way to a new account (L1)."""
    return Words(
        subject=_("Set up your account"),
        heading=_("%(name)s has invited you", name=letter.name),
        lead=_("Choose a password and set up an authenticator app. It takes about two minutes; have your phone at hand."),
        button=Button(_("Set up your account"), letter.link(f"/activate/{letter.facts['token']}")),
        notes=(
            _("The link works once, until %(time)s.", time=moment_words(letter.time("expires_at"))),
            _("You don’t expect this? Then you need to do nothing: the invitation runs out by itself."),
        ),
    )


def reset_link(letter: Letter) -> Words:
    """The way to a new password, asked for from the profile or by an admin (L9)."""
    return Words(
        subject=_("Choose a new password"),
        heading=_("Choose a new password"),
        lead=_(
            "The link works once, until %(time)s. Your second factor stays as it is.",
            time=moment_words(letter.time("expires_at")),
        ),
        button=Button(_("Choose a new password"), letter.link(f"/activate/{letter.facts['token']}")),
        rows=(asked_at(letter),),
        notes=(_("You didn’t ask for it? Then you need to do nothing: until somebody opens the link, nothing changes."),),
    )


def account_ready(letter: Letter) -> Words:
    """After the first set-up."""
    return Words(
        subject=_("Your account is set up"),
        heading=_("Your account is set up"),
        lead=_("From now on you sign in to %(name)s with your password and your second factor.", name=letter.name),
        button=Button(_("Sign in"), letter.sign_in_link()),
        rows=((_("Set up on"), moment_words(letter.created_at)),),
        notes=(_("That wasn’t you? Then tell your organization’s help desk at once: somebody else can read your mail."),),
    )


def life_warning(letter: Letter) -> Words:
    """Before an account ends by itself (A4)."""
    day = day_words(date.fromisoformat(letter.facts["on"][:10]))
    name = letter.name
    heading, lead, label = {
        "activation": (
            _("Your invitation runs out on %(day)s", day=day),
            _("%(name)s has invited you, and your account is not set up yet. It takes about two minutes.", name=name),
            _("Set up your account"),
        ),
        "disuse": (
            _("Your account will be switched off on %(day)s", day=day),
            _("You have not signed in to %(name)s for a long time. Sign in once, and your account stays.", name=name),
            _("Sign in"),
        ),
        "expiry": (
            _("Your access ends on %(day)s", day=day),
            _("If you still work with %(name)s after that, ask your contact there to extend it.", name=name),
            _("Sign in"),
        ),
    }[letter.facts["what"]]
    return Words(
        subject=_("Your account is about to end"), heading=heading, lead=lead, button=Button(label, letter.sign_in_link())
    )


def test(letter: Letter) -> Words:
    """That mail works, for those who look after it."""
    return Words(
        subject=_("Mail works"),
        heading=_("Mail from %(name)s arrives", name=letter.name),
        lead=_("Somebody who looks after this sign-in service sent it to see that mail works. You need to do nothing."),
        rows=((_("Note"), letter.facts.get("note", "")),),
    )
