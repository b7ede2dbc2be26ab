"""Other words for a cause where one of its facts says more: what `SENTENCES` of `broker/sentences.py` has in general."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from tenants.causes import Cause

Texts = tuple[LazyString, tuple[LazyString, ...]]

VARIANTS: dict[tuple[Cause, str], Texts] = {
    (Cause.CREDENTIALS_INVALID, "other_account"): (
        _("That is another account"),
        (
            _("To go on, sign in with the account that you are signed in with already."),
            _("To use the other one, sign out first."),
        ),
    ),
    (Cause.ROLE_MISSING, "file"): (
        _("A file manages this"),
        (
            _("It stands in a tenants file, and whoever looks after that file changes it there. Nothing was changed."),
            _("Ask the operator of this service, or see who keeps your configuration."),
        ),
    ),
    (Cause.METHOD_NOT_ALLOWED, "weak_proof"): (
        _("A code by mail is not enough for this"),
        (
            _("To change how you sign in, sign in with your authenticator app, a passkey or a recovery code."),
            _("If you have none of them any more, an admin can reset your second factors."),
        ),
    ),
    (Cause.FACTOR_ENROLMENT_REQUIRED, "own_page"): (
        _("One more step to protect your account"),
        (
            _("This asks for a second factor of your own, such as an app on your phone, and none is set up yet."),
            _("Sign in to your own page first and set one up under “Security”. Then come back."),
        ),
    ),
    (Cause.METHOD_NOT_ALLOWED, "undated"): (
        _("Your sign-in can’t be confirmed here"),
        (
            _("To change how you sign in, you have to sign in anew. Your identity provider does not tell when it asked you."),
            _("An admin can help: with a second factor of your own here, or a setting at the identity provider."),
        ),
    ),
    (Cause.ACCOUNT_UNKNOWN, "told"): (
        _("You have no account here yet"),
        (_("Nobody has given the address %(email)s access to %(organization)s."),),
    ),
    (Cause.ACCOUNT_NOT_ACTIVATED, "invited"): (
        _("Your account isn’t set up yet"),
        (_("Open the link of your invitation first. If you can’t find it, ask for a new one."),),
    ),
    (Cause.EMAIL_UNVERIFIED, "named"): (
        _("%(application)s needs a confirmed address"),
        (
            _("It knows people by their e-mail address, and nothing has shown yet that %(email)s is yours."),
            _("Your admins can settle that. Give them the reference below."),
        ),
    ),
    (Cause.EMAIL_UNVERIFIED, "unconfirmed"): (
        _("%(application)s needs a confirmed address"),
        (
            _("It knows people by their e-mail address, and nothing has shown yet that %(email)s is yours."),
            _("Confirm it by a code that we send there; then open the application once more."),
        ),
    ),
    (Cause.FLOW_EXPIRED, "set_up"): (
        _("This set-up took too long"),
        (_("For your safety it has ended. Open the link of your invitation again to start over."),),
    ),
    (Cause.FLOW_EXPIRED, "door_set_up"): (
        _("This set-up took too long"),
        (_("For your safety it has ended. Open your link again to start over."),),
    ),
    (Cause.METHOD_NOT_ALLOWED, "no_factor"): (
        _("Your second factor can’t be used here any more"),
        (
            _("Your organization has switched off the kind that you have."),
            _("An admin of your organization can reset it; then you set up another one."),
        ),
    ),
    (Cause.FLOW_EXPIRED, "mailed"): (
        _("This took too long"),
        (_("For your safety it has ended, and nothing was changed. Start again with a new code."),),
    ),
    (Cause.FACTOR_ENROLMENT_REQUIRED, "set_up"): (
        _("One more step to protect your account"),
        (
            _("Your organization asks for a code from an app on your phone, and none is set up yet."),
            _("It takes about two minutes and begins with a code by mail."),
        ),
    ),
    (Cause.RATE_LIMITED, "codes_sent"): (
        _("Enough codes for now"),
        (_("The next code can be sent at %(until)s. One that you got within the last 5 minutes still works."),),
    ),
    (Cause.RATE_LIMITED, "codes_tried"): (
        _("Too many tries"),
        (_("Codes by mail are paused until %(until)s. You don’t need to do anything until then."),),
    ),
    (Cause.RATE_LIMITED, "finder"): (
        _("Too many requests"),
        (_("Looking for organizations is paused for your network until %(until)s."),),
    ),
    (Cause.INTERACTION_NEEDED, "provider"): (
        _("%(provider)s has to ask you first"),
        (_("It sent you back without doing so. Start again, and sign in there when it asks."),),
    ),
    (Cause.FLOW_EXPIRED, "shared"): (
        _("This sign-in can’t be found"),
        (_("It is over, or it did not begin here. Open the page of your organization, or the application, once more."),),
    ),
    (Cause.FLOW_EXPIRED, "consent"): (
        _("This approval took too long"),
        (_("It has ended, or it was begun in another browser, and nothing was changed. Open the link to it once more."),),
    ),
    (Cause.UPSTREAM_DENIED, "consent"): (
        _("Nothing was approved"),
        (_("You or %(provider)s stopped it, and nothing was changed. Open the link once more when you want to go on."),),
    ),
    (Cause.CONSENT_MISSING, "consent"): (
        _("This account may not approve"),
        (_("It takes an administrator of the directory. Send them the link, or open it again with such an account."),),
    ),
    (Cause.UPSTREAM_TENANT_MISMATCH, "consent"): (
        _("Those were two different directories"),
        (_("You approved with one account and signed in with another. Open the link once more and take the same one twice."),),
    ),
    (Cause.TENANT_UNKNOWN, "finder"): (
        _("We don’t know this organization"),
        (_("No organization signs in at this address. Check the link, or look for yours by e-mail address."),),
    ),
    (Cause.LINK_REQUIRED, "other_account"): (
        _("That is another account"),
        (_("You showed that another account is yours, not the one with the address %(email)s. Nothing was linked."),),
    ),
    (Cause.INVITATION_USED, "set_up"): (
        _("This set-up link no longer works"),
        (_("It was good for seven days, or was taken back. Whoever gave it to you can make another one."),),
    ),
    (Cause.INVITATION_USED, "support"): (
        _("This way into the console no longer works"),
        (_("It works once, within two minutes, while support access is granted. Begin again in the operator console."),),
    ),
    (Cause.ROLE_MISSING, "support"): (
        _("You look in as an operator"),
        (_("You see this console and change nothing in it. What has to be changed is changed by its own admins."),),
    ),
    (Cause.INVITATION_USED, "test"): (
        _("This test link no longer works"),
        (_("It is good for one test within 30 minutes, and what the test showed is for the browser that took it."),),
    ),
    (Cause.LINK_REQUIRED, "conflict"): (
        _("This address belongs to another account"),
        (
            _("%(email)s is known here from another account at %(provider)s."),
            _("If that one was yours too, give your admins the reference below."),
        ),
    ),
    (Cause.UPSTREAM_TENANT_MISMATCH, "guest"): (
        _("You’re a guest in that directory"),
        (_("%(organization)s accepts people who are at home there. Use the account of your own organization."),),
    ),
    (Cause.UPSTREAM_TENANT_MISMATCH, "personal"): (
        _("That is a personal account"),
        (_("%(organization)s accepts work accounts only. Use the one that your organization gave you."),),
    ),
}
"""Where a cause's `fact` says more, and the person may know it."""
