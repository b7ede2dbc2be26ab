"""What a part may have of its own: stricter always, anything where the main organization lets parts rule the matter (T8)."""

import pytest
from sqlalchemy import select

from tenants.audit import AuditEvent
from tenants.manifest.faults import ManifestError
from tenants.organization_policies import MATTERS, Overrides, Policies, may_differ, policy_below
from tenants.organizations import Organization
from tenants.password_policies import PasswordRules
from tenants.policies import PartMatter, TenantPolicy

ABOVE = TenantPolicy(
    local_enabled=True,
    email_factor=True,
    on_breach="warn",
    password_rules=PasswordRules(min_length=20),
    trusted_device_days=10,
    session_idle_minutes=60,
    session_absolute_minutes=720,
    activation_days=30,
    inactive_days=200,
    discloses_account_state=False,
)
FREE = ABOVE.model_copy(update={"parts_may": tuple(MATTERS)})
CASES = {
    "looser counts for nothing": (
        ABOVE,
        {"trusted_device_days": 30, "activation_days": 60, "on_breach": "off", "discloses_account_state": True},
        {},
    ),
    "stricter counts always": (
        ABOVE,
        {"trusted_device_days": 0, "activation_days": 7, "inactive_days": 90, "on_breach": "change", "email_factor": False},
        {"trusted_device_days": 0, "activation_days": 7, "inactive_days": 90, "on_breach": "change", "email_factor": False},
    ),
    "what has no order counts for nothing": (ABOVE, {"password": "l5b", "passkeys": False, "warning_days": 2}, {}),
    "parts may: looser": (
        FREE,
        {"trusted_device_days": 30, "inactive_days": 900, "on_breach": "off", "discloses_account_state": True},
        {"trusted_device_days": 30, "inactive_days": 900, "on_breach": "off", "discloses_account_state": True},
    ),
    "parts may: other passwords, without the changes to those above": (
        FREE, {"password": "l5b"}, {"password": "l5b", "password_rules": None},
    ),
    "the same preset keeps them": (FREE, {"password": "nist"}, {}),
    "parts may: longer sessions, idle no longer than the whole": (
        FREE, {"session_idle_minutes": 1440, "session_absolute_minutes": 900},
        {"session_idle_minutes": 900, "session_absolute_minutes": 900},
    ),
    "local sign-in is no matter of parts": (
        FREE.model_copy(update={"local_enabled": False}), {"local_enabled": True}, {},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("above", "own", "changes"), CASES.values(), ids=CASES)
def test_policy_of_a_part(above, own, changes):
    assert policy_below(above, Overrides.model_validate(own)) == above.model_copy(update=changes)


def test_every_field_that_a_part_may_have_is_one_of_the_policy_and_of_one_matter():
    named = [name for names in MATTERS.values() for name in names]
    assert {*named, "local_enabled"} == set(Overrides.model_fields) <= set(TenantPolicy.model_fields)
    assert len(named) == len(set(named))
    assert set(MATTERS) == set(PartMatter.__args__)


def test_policy_is_the_tenants_where_an_organization_has_none():
    found = Policies(ABOVE, {"org_a": FREE})
    assert (found.of("org_a"), found.of("org_b"), found.all) == (FREE, ABOVE, (ABOVE, FREE))
    assert (may_differ(ABOVE, "password"), may_differ(FREE, "password"), may_differ(ABOVE, "email_factor")) == (
        False,
        True,
        True,
    )


def test_t8_rules_of_a_part_are_those_of_the_file(desk):
    """And gone with it: what a file manages is as the file says."""
    base = '[tenants.$t]\nname = "Acme"\n[tenants.$t.organizations.studio]\nname = "Studio"\n'
    desk.apply(base + "[tenants.$t.organizations.studio.policy]\npasskeys = false\nsession_idle_minutes = 15\n")
    assert _of(desk, "studio") == {"passkeys": False, "session_idle_minutes": 15}
    assert desk.apply(base) == ["change tenants.$t.organizations.studio (policy)"]
    assert _of(desk, "studio") == {}
    with pytest.raises(ManifestError, match=r"studio\.policy\.session_idle_minutes: "):
        desk.read(base + "[tenants.$t.organizations.studio.policy]\nsession_idle_minutes = 1\n")


def test_t8_password_rules_of_a_files_part_fit_there(desk):
    base = '[tenants.$t]\nname = "Acme"\n[tenants.$t.policy]\nparts_may = ["factors", "passwords"]\n'
    rules = "password_rules = { max_length = 12 }\n"
    studio = '[tenants.$t.organizations.studio]\nname = "Studio"\npolicy = { email_factor = true }\n'
    fault = (
        "tenants.$t.organizations.studio.policy: Studio: password_rules: max_length must be at least 19, "
        "the shortest password and 4 more."
    )
    assert desk.faults(base + rules + studio) == [fault]
    weak = studio.replace("{", '{ password = "l5b",')
    desk.apply(base + rules + weak)
    assert _deviating(desk, "organizations.studio") == ["Studio: 8 characters are enough beside a mailed code: " + _NIST]
    # It is the whole that changes: a part that the file does not name is looked at too.
    desk.apply(base)
    assert len(_deviating(desk, "policy")) == 1
    with desk.writing() as s:
        row = s.scalars(select(Organization).where(Organization.key == "studio")).one()
        row.is_file_managed, row.policy_overrides = False, {"email_factor": True}
    assert desk.faults(base + rules) == [fault]
    desk.apply(base + "password_rules = { min_length_alone = 8 }\n")
    assert len(_deviating(desk, "policy")) == 2


_NIST = "NIST 63B-4 asks for 15 there."


def _deviating(desk, place):
    with desk.session() as s:
        events = s.scalars(select(AuditEvent)).all()
    told = [one.detail for one in events if one.detail.get("path", "").endswith(place)]
    return [value for detail in told for name, value in detail.items() if name == "deviates: min_length (studio)"]


def _of(desk, key):
    with desk.session() as s:
        return s.scalars(select(Organization).where(Organization.key == key)).one().policy_overrides
