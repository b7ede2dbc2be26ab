"""Google's messages in plain words, by the error words on its page."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _

from broker.help.explanation import Explanation, Helper

_OUR_CLIENT = Explanation(
    _("Signing in is set up wrongly"),
    _("What Google knows of this service and what the service sends do not agree. It isn’t your fault."),
    (_("The OAuth client at Google has to be corrected or renewed. Send the whole message."),),
    Helper.ORGANIZATION,
)
_OTHER_BROWSER = Explanation(
    _("Open the page in an ordinary browser"),
    _("Google does not accept sign-ins inside of other apps."),
    (_("Copy the address into Chrome, Safari, Firefox or Edge and try again there."),),
    Helper.SELF,
)
_AGAIN = Explanation(
    _("The page was used twice, or was open for too long"),
    _("Each answer of Google works once and for a short time."),
    (_("Start again from the application, or from the page of your organization."),),
    Helper.SELF,
)
EXPLANATIONS: Mapping[str, Explanation] = {
    "access_denied": Explanation(
        _("Google was told no"),
        _("Somebody pressed Cancel, or the service is still in testing at Google and you are not on its list."),
        (_("Try again and accept, if you agree."), _("If it happens again, send the message to your admins.")),
        Helper.ORGANIZATION,
    ),
    "admin_policy_enforced": Explanation(
        _("Your organization’s Google Workspace does not allow this service"),
        _("Its administrators decide which services may be signed in to, and this one is not among them."),
        (
            _("Ask your IT department to trust it: Admin console, Security, API controls, App access control."),
            _("They need the client id, which your admins here know."),
        ),
        Helper.DIRECTORY,
    ),
    "access_not_configured": Explanation(
        _("Your organization’s Google Workspace has not approved this service yet"),
        _("An administrator of the Workspace has to allow it once, for everybody."),
        (_("Ask your IT department: Admin console, Security, API controls, App access control."),),
        Helper.DIRECTORY,
    ),
    "app_not_configured_for_user": Explanation(
        _("This application isn’t switched on for you"),
        _("Your Google Workspace has it, but not for your part of the organization."),
        (_("Try with your work account, or ask your IT department to switch it on for you."),),
        Helper.DIRECTORY,
    ),
    "org_internal": Explanation(
        _("Use your work account"),
        _("The service accepts accounts of one Google Workspace only, and yours is another one."),
        (_("Try again and choose “Use another account”, or open the page in a private window."),),
        Helper.SELF,
    ),
    "redirect_uri_mismatch": _OUR_CLIENT,
    "origin_mismatch": _OUR_CLIENT,
    "invalid_client": _OUR_CLIENT,
    "unauthorized_client": _OUR_CLIENT,
    "deleted_client": _OUR_CLIENT,
    "disabled_client": _OUR_CLIENT,
    "invalid_scope": _OUR_CLIENT,
    "invalid_request": _OUR_CLIENT,
    "disallowed_useragent": _OTHER_BROWSER,
    "invalid_grant": _AGAIN,
    "server_error": Explanation(
        _("Google has a fault"),
        _("Something at Google doesn’t answer right now."),
        (_("Wait a few minutes and try again."),),
        Helper.NOBODY,
    ),
}
PHRASES: Mapping[str, str] = {
    "restricted to users within its organization": "org_internal",
    "access to your account data is restricted": "admin_policy_enforced",
    "your institution's admin": "admin_policy_enforced",
    "has not completed the google verification": "access_denied",
    "this browser or app may not be secure": "disallowed_useragent",
    "app is not enabled for you": "app_not_configured_for_user",
}
