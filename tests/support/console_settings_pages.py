"""Samples of the console's pages about the tenant as a whole."""

from broker.console.forms import Choice, FormField
from broker.console.policy_sections import SECTIONS, told
from tenants.policies import TenantPolicy
from tests.support.console_pages import console_page
from tests.support.samples import Sample

_POLICY = TenantPolicy(password="l5b", local_enabled=True)
_PASSWORDS = SECTIONS[1]
_FIELDS = [
    FormField(
        "password", "Password rules", "choice", "l5b", "A preset’s name.", choices=(Choice("l5b", "8 to 16"),), is_required=True
    ),
    FormField("passkeys", "People may add passkeys", "check", "yes", "As a second factor, and as a whole sign-in."),
]
_RULES = [FormField("min_length", "Shortest", "number", "4", "In characters.", "Input should be 8 or more.", is_focused=True)]
_SECTION = {
    "section": _PASSWORDS,
    "fields": _FIELDS,
    "rules": _RULES,
    "has_rules": True,
    "effects": ["People who have a password: 37."],
    "deviations": [reason.sentence for reason in _POLICY.deviations],
    "seen": "abc",
    "may_change": True,
    "is_file_managed": False,
    "back": ("/console/policies", "Policies"),
}
_ALL = {
    "is_file_managed": False,
    "may_change": True,
    "local_is_on": True,
    "local_url": "/console/policies/local",
    "deviations": [reason.sentence for reason in _POLICY.deviations],
    "sections": [(one, told(one, _POLICY), f"/console/policies/{one.key}") for one in SECTIONS],
}

SETTINGS_SAMPLES: dict[str, Sample] = {
    "console-policies": console_page("policies.html", "Policies", **_ALL),
    "console-policies-by-file": console_page(
        "policies.html", "Policies", **(_ALL | {"is_file_managed": True, "may_change": False, "deviations": []})
    ),
    "console-policy": console_page(
        "policy_section.html", "Passwords", **(_SECTION | {"errors": {"min_length": "Input should be 8 or more."}})
    ),
    "console-policy-by-file": console_page(
        "policy_section.html",
        "Passwords",
        **(_SECTION | {"is_file_managed": True, "may_change": False, "rules": [], "deviations": []}),
    ),
}
