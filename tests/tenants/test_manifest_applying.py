"""Applying a tenants file: what it says is so afterwards, a second time there is nothing to do, nothing goes unasked."""

import pytest
from sqlalchemy import inspect, select

from tenants import models
from tenants.accounts import GROUPS_OF_ACCOUNT, Account
from tenants.applications import Application
from tenants.audit import AuditEvent
from tenants.connection_versions import ConnectionVersion
from tenants.connections import Connection
from tenants.credentials import Credential
from tenants.db import Database
from tenants.domains import Domain
from tenants.ids import digest, new_id
from tenants.keys import SigningKey
from tenants.manifest.faults import ManifestError
from tenants.organizations import Contact, Organization
from tenants.snapshot import load_snapshot
from tenants.tenants import PROOFS_OF_TENANT, TenantSettings
from tenants.vault import Place
from tests.support.manifests import (
    APPLICATION,
    CANARIES,
    CLIENT_SECRET,
    CONNECTION,
    CONNECTION_SECRET,
    DOMAIN,
    JANE,
    LOCAL_ON,
    LOGO,
    SMALL,
    VAULT,
    WHOLE,
    Desk,
    new_slug,
)

FURNISHED = f"""{SMALL}
[tenants.$t.branding]
colour = "#0D6B64"
logo = "logo.svg"

[[tenants.$t.contacts]]
label = "Desk"
email = "desk@$t.example"

[[tenants.$t.contacts]]
label = "Studio"
phone = "+32 2 555 01 00"
organization = "studio"

[tenants.$t.organizations.lab]
name = "Lab"
parent = "studio"

[tenants.$t.organizations.studio]
name = "Studio"
"""


def test_a_new_tenant_is_whole_from_its_first_day(desk: Desk) -> None:
    assert desk.apply(SMALL) == ["create tenants.$t"]
    with desk.session() as s:
        root = s.scalars(select(Organization)).one()
        keys = s.scalars(select(SigningKey)).all()
        assert (root.key, root.name, root.parent_id) == ("root", "Acme Group", None)
        assert sorted(key.algorithm for key in keys) == ["ES256", "RS256", "SAML", "SAML-IdP"]
        assert all("d" not in key.public_jwk for key in keys)
        assert s.scalars(select(TenantSettings)).one().policy == {}


def test_everything_that_a_file_names_is_there_afterwards(desk: Desk) -> None:
    assert desk.apply(WHOLE) == [
        "create tenants.$t",
        "create tenants.$t.connections.partners",
        'create tenants.$t.domains."$t.example"',
        "create tenants.$t.applications.travel",
        'create tenants.$t.accounts."jane@$t.example"',
    ]
    config = load_snapshot(desk.db, desk.row, "https://x.example")
    connection, rule = config.connections["partners"], config.domains[0]
    assert config.policy.local_enabled
    assert connection.options == {"issuer": f"https://login.{desk.slug}.example", "client_id": "broker"}
    assert (rule.name, rule.connection, rule.proven, rule.enforce) == (f"{desk.slug}.example", "partners", True, False)
    assert config.applications["travel"].secret_hash == digest(CLIENT_SECRET)
    with desk.session() as s:
        jane = s.scalars(select(Account)).one()
        assert (jane.state, jane.is_local_enabled, jane.is_email_verified, jane.role) == ("active", True, False, None)
        assert [row.value for row in s.all(GROUPS_OF_ACCOUNT, account_id=jane.id)] == ["Editors", "Staff"]
        assert sorted(row.kind for row in s.scalars(select(Credential))) == ["password", "totp"]
        managed = [*s.scalars(select(Connection)), *s.scalars(select(Domain)), *s.scalars(select(Application)), jane]
        assert all(row.is_file_managed for row in managed)


def test_branding_contacts_and_organizations_are_as_the_file_says(desk: Desk) -> None:
    desk.apply(FURNISHED)
    with desk.session() as s:
        settings = s.scalars(select(TenantSettings)).one()
        names = {row.id: row.name for row in s.scalars(select(Organization))}
        tree = {row.name: names.get(row.parent_id) for row in s.scalars(select(Organization))}
        contacts = [(row.label, names[row.organization_id]) for row in s.scalars(select(Contact).order_by(Contact.position))]
    assert (settings.colour, settings.logo, settings.logo_type) == ("#0d6b64", LOGO, "image/svg+xml")
    assert tree == {"Acme Group": None, "Studio": "Acme Group", "Lab": "Studio"}
    assert contacts == [("Desk", "Acme Group"), ("Studio", "Studio")]


@pytest.mark.parametrize("text", [SMALL, WHOLE, FURNISHED], ids=["small", "whole", "furnished"])
def test_a_second_time_there_is_nothing_to_change_and_nothing_is_written(desk: Desk, text: str) -> None:
    desk.apply(text)
    version, audited = desk.row.config_version, _events(desk)
    assert desk.apply(text) == []
    assert (desk.row.config_version, _events(desk)) == (version, audited)


def test_a_dry_run_says_the_same_and_writes_nothing(desk: Desk) -> None:
    told = desk.plan(WHOLE)
    assert told == desk.plan(WHOLE)
    with pytest.raises(IndexError):
        _ = desk.row
    assert told == desk.apply(WHOLE)


def test_a_dry_run_of_a_change_writes_nothing(desk: Desk) -> None:
    desk.apply(WHOLE)
    version, audited = desk.row.config_version, _events(desk)
    assert desk.plan(WHOLE.replace("Acme Group", "Acme")) == ["change tenants.$t (name)"]
    assert (desk.row.config_version, desk.row.name, _events(desk)) == (version, "Acme Group", audited)


CHANGES = {
    "the tenant": (("Acme Group", "Acme"), "change tenants.$t (name)"),
    "the policy": (
        ("local_enabled = true", 'local_enabled = true\npassword = "l5c"'),
        "change tenants.$t.policy (password)",
    ),
    "a domain": (("proven = true", 'proven = true\nrouting = "enforce"'), 'change tenants.$t.domains."$t.example" (routing)'),
    "an option of a connection": (
        ('client_id = "broker"', 'client_id = "other"'),
        "change tenants.$t.connections.partners (client_id)",
    ),
    "what all connections have": (
        ('label = "Partners"', 'label = "Friends"\nenabled = false'),
        "change tenants.$t.connections.partners (enabled, label)",
    ),
    "an application": (
        ("/callback", "/cb"),
        "change tenants.$t.applications.travel (redirect_uris)",
    ),
    "an account": (
        ('groups = ["Staff", "Editors"]', 'groups = ["Staff", "Owners"]\nrole = "owner"\nexpires = 2031-12-31'),
        'change tenants.$t.accounts."jane@$t.example" (expires, groups, role)',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "line"), CHANGES.values(), ids=CHANGES.keys())
def test_a_change_is_told_by_path_and_fields_and_then_done(desk: Desk, edit: tuple[str, str], line: str) -> None:
    desk.apply(WHOLE)
    changed = WHOLE.replace(*edit)
    assert changed != WHOLE
    assert desk.apply(changed) == [line]
    assert desk.apply(changed) == []


def test_a_field_that_is_left_out_again_has_its_default(desk: Desk) -> None:
    desk.apply(FURNISHED)
    bare = FURNISHED.replace('colour = "#0D6B64"\nlogo = "logo.svg"', "")
    assert desk.apply(bare) == ["change tenants.$t.branding (colour, logo)"]
    with desk.session() as s:
        assert s.scalars(select(TenantSettings)).one().logo is None


def test_only_configuration_makes_processes_read_again(desk: Desk) -> None:
    desk.apply(WHOLE)
    version = desk.row.config_version
    desk.apply(WHOLE.replace("Jane Doe", "Jane Roe"))
    assert desk.row.config_version == version
    desk.apply(WHOLE.replace("Acme Group", "Acme"))
    assert desk.row.config_version == version + 1


def test_a_connection_has_a_version_for_each_change_that_sign_ins_depend_on(desk: Desk) -> None:
    """Looks amend the version in force, what is older than versions is noted first, and no number is given twice."""
    desk.apply(WHOLE)
    desk.apply(WHOLE.replace("Partners", "Friends"))
    assert _versions(desk) == [(1, "active", "Friends", "broker")]
    desk.apply(WHOLE.replace('"broker"', '"other"'))
    desk.environment["CONNECTION"] = "another secret"
    told = desk.apply(WHOLE.replace('"broker"', '"other"'))
    assert told == ["change tenants.$t.connections.partners (client_secret)"]
    kept = [(1, "retired", "Friends", "broker"), (2, "retired", "Partners", "other")]
    assert _versions(desk) == [*kept, (3, "active", "Partners", "other")]
    with desk.writing() as s:
        for row in s.scalars(select(ConnectionVersion).where(ConnectionVersion.number != 2)).all():
            s.delete(row)
        s.flush()
        s.scalars(select(ConnectionVersion)).one().number = 7
    desk.apply(WHOLE.replace('label = "Partners"', 'label = "Partners"\nprovisioning = "just_in_time"'))
    assert _versions(desk) == [
        (3, "retired", "Partners", "other"),
        (7, "retired", "Partners", "other"),
        (8, "active", "Partners", "broker"),
    ]
    assert _connection(desk).version == 8


def _versions(desk: Desk) -> list[tuple[int, str, str, str]]:
    with desk.session() as s:
        rows = s.scalars(select(ConnectionVersion).order_by(ConnectionVersion.number))
        return [(row.number, row.state, row.config["label"], row.config["options"]["client_id"]) for row in rows]


def test_end_of_a_secret_is_a_day_or_a_time(desk: Desk) -> None:
    for written, kept in (("2027-01-31", "2027-02-01 00:00"), ("2027-01-31T18:00:00+02:00", "2027-01-31 16:00")):
        desk.apply(WHOLE.replace('label = "Partners"', f'label = "Partners"\nsecret_expires = {written}'))
        assert f"{_connection(desk).secret_expires_at:%Y-%m-%d %H:%M}" == kept
    desk.apply(WHOLE)
    assert _connection(desk).secret_expires_at is None


def test_a_secret_that_stays_is_not_sealed_anew(desk: Desk) -> None:
    desk.apply(WHOLE)
    before = _connection(desk).secrets_sealed
    desk.apply(WHOLE.replace('"broker"', '"other"'))
    assert _connection(desk).secrets_sealed == before


def test_a_secret_that_no_key_opens_any_more_is_sealed_anew(desk: Desk) -> None:
    desk.apply(WHOLE)
    with desk.writing() as s:
        s.scalars(select(Connection)).one().secrets_sealed = "v1.gone.AAAA"
    assert desk.apply(WHOLE) == ["change tenants.$t.connections.partners (client_secret)"]
    connection = _connection(desk)
    place = Place(desk.row.id, "connections", "secrets_sealed", connection.id)
    assert CONNECTION_SECRET in VAULT.open(connection.secrets_sealed, place)


def test_op02_no_secret_stands_in_the_database_or_in_what_is_told(desk: Desk) -> None:
    told = desk.apply(WHOLE)
    desk.environment |= {name: value + "2" for name, value in desk.environment.items() if name != "SEED"}
    told += desk.apply(WHOLE)
    with desk.session() as s:
        rows = [
            [str(getattr(row, column.key)) for column in inspect(model).columns]
            for model in models.TENANT_CLASSES
            for row in s.scalars(select(model))
        ]
    assert len(rows) > 10
    everything = "\n".join([*told, *(text for row in rows for text in row)])
    assert [canary for canary in CANARIES if canary in everything] == []


def test_what_is_named_takes_over_what_was_there_before(desk: Desk) -> None:
    desk.apply(WHOLE)
    with desk.writing() as s:
        s.scalars(select(Connection)).one().is_file_managed = False
    assert desk.apply(WHOLE) == ["change tenants.$t.connections.partners (managed by the file)"]


def test_every_change_is_audited_with_path_and_fields(desk: Desk) -> None:
    desk.apply(WHOLE)
    desk.apply(WHOLE.replace("/callback", "/cb").replace("Jane Doe", "Jane Roe"))
    desk.apply(SMALL + "[tenants.$t.policy]\nlocal_enabled = true\n", prune=True)
    events = [(event.replace(desk.slug, "$t"), fields) for event, fields in _events(desk)]
    assert ('account.created tenants.$t.accounts."jane@$t.example"', "") in events
    assert ("configuration.changed tenants.$t.applications.travel", "redirect_uris") in events
    assert ('account.changed tenants.$t.accounts."jane@$t.example"', "name") in events
    assert ("configuration.removed tenants.$t.connections.partners", "") in events
    assert ('account.removed tenants.$t.accounts."jane@$t.example"', "") in events


def test_nothing_is_deleted_without_prune(desk: Desk) -> None:
    desk.apply(WHOLE + FURNISHED.replace(SMALL, ""))
    [plan] = desk.job().plan(desk.read(LOCAL_ON))
    assert [str(change).replace(desk.slug, "$t") for change in plan.changes] == ["change tenants.$t.branding (colour, logo)"]
    assert sorted(path.replace(desk.slug, "$t") for path in plan.leftovers) == [
        'tenants.$t.accounts."jane@$t.example"',
        "tenants.$t.applications.travel",
        "tenants.$t.connections.partners",
        "tenants.$t.contacts[0]",
        "tenants.$t.contacts[1]",
        'tenants.$t.domains."$t.example"',
        "tenants.$t.organizations.lab",
        "tenants.$t.organizations.studio",
    ]


def test_prune_removes_what_the_file_named_before(desk: Desk) -> None:
    desk.apply(WHOLE + FURNISHED.replace(SMALL, ""))
    told = desk.apply(LOCAL_ON, prune=True)
    assert told == [
        "change tenants.$t.branding (colour, logo)",
        "remove tenants.$t.contacts[0]",
        "remove tenants.$t.contacts[1]",
        'remove tenants.$t.domains."$t.example"',
        "remove tenants.$t.applications.travel",
        "remove tenants.$t.connections.partners",
        'remove tenants.$t.accounts."jane@$t.example"',
        "remove tenants.$t.organizations.lab",
        "remove tenants.$t.organizations.studio",
    ]
    config = load_snapshot(desk.db, desk.row, "https://x.example")
    assert (config.domains, dict(config.connections), dict(config.applications), config.contacts) == ((), {}, {}, ())
    assert desk.apply(LOCAL_ON, prune=True) == []


def test_prune_leaves_what_the_file_never_named(desk: Desk) -> None:
    desk.apply(WHOLE)
    with desk.writing() as s:
        for model in (Connection, Application, Account, Domain):
            s.scalars(select(model)).one().is_file_managed = False
    assert desk.apply(LOCAL_ON, prune=True) == []


def test_an_organization_that_holds_somebody_is_not_removed(desk: Desk) -> None:
    desk.apply(FURNISHED)
    with desk.writing() as s:
        lab = s.scalars(select(Organization).where(Organization.key == "lab")).one()
        address = f"x@{desk.slug}.example"
        s.add(Account(id=new_id("acc"), organization_id=lab.id, email=address, email_key=address, created_at=desk.now))
    sentences = desk.faults(SMALL, prune=True)
    assert sentences == [
        "tenants.$t.organizations.lab: can't be removed: it still holds 1 account.",
        "tenants.$t.organizations.studio: can't be removed: it still holds 1 organization.",
    ]
    with desk.session() as s:
        assert len(s.scalars(select(Organization)).all()) == 3


def test_a_connection_that_a_domain_from_elsewhere_needs_is_not_removed(desk: Desk) -> None:
    desk.apply(WHOLE)
    with desk.writing() as s:
        s.scalars(select(Domain)).one().is_file_managed = False
    sentence = "tenants.$t.connections.partners: can't be removed: $t.example is sent to it."
    assert desk.faults(LOCAL_ON + JANE + APPLICATION, prune=True) == [sentence]


def test_a_client_id_can_move_to_another_key(desk: Desk) -> None:
    desk.apply(SMALL + APPLICATION)
    moved = SMALL + APPLICATION.replace(".travel]", ".trips]") + 'client_id = "travel"\n'
    assert desk.faults(moved) == ["tenants.$t.applications.trips.client_id: is that of travel already."]
    assert desk.apply(moved, prune=True) == [
        "remove tenants.$t.applications.travel",
        "create tenants.$t.applications.trips",
    ]


def test_the_kind_of_a_connection_stays(desk: Desk) -> None:
    desk.apply(SMALL + CONNECTION)
    directory = "5f9b1c3e-2f7a-4c58-9d0e-6a1b2c3d4e5f"
    other = CONNECTION.replace("oidc", "entra").replace('"broker"', f'"{directory}"')
    other = other.replace('issuer = "https://login.$t.example"', f'directory = "{directory}"')
    sentence = "is oidc and stays so: people are known by it. Use another key for another kind."
    assert desk.faults(SMALL + other) == [f"tenants.$t.connections.partners.kind: {sentence}"]


def test_rt05_a_domain_without_a_proof_is_not_routed(desk: Desk) -> None:
    sentence = "needs a proof: by a TXT record (`broker domain prove`), or by your word (proven = true)."
    unproven = SMALL + CONNECTION + DOMAIN.replace("proven = true", "")
    assert desk.faults(unproven) == [f'tenants.$t.domains."$t.example".connection: {sentence}']


def test_rt05_a_domain_that_another_tenant_has_proven_is_refused_without_naming_it(db: Database, desk: Desk) -> None:
    desk.apply(SMALL + CONNECTION + DOMAIN)
    claim = f'[tenants.$t]\nname = "Other"\n[tenants.$t.domains."*.{desk.slug}.example"]\nproven = true\n'
    other = Desk(db, desk.folder, new_slug())
    told = other.faults(claim)
    base = f"{desk.slug}.example"
    assert told == [f'tenants.$t.domains."*.{base}".proven: {base} is proven by another tenant already.']
    with pytest.raises(IndexError):
        _ = other.row


def test_a_proof_that_the_operator_takes_back_is_gone(desk: Desk) -> None:
    proven = SMALL + DOMAIN.replace('connection = "partners"', "")
    desk.apply(proven)
    taken_back = proven.replace("proven = true", "")
    assert desk.apply(taken_back) == ['change tenants.$t.domains."$t.example" (proven)']
    assert not load_snapshot(desk.db, desk.row, "https://x.example").domains[0].proven
    assert desk.apply(taken_back) == []


def test_a_proof_goes_with_its_domain_unless_the_other_form_stays(desk: Desk) -> None:
    both = SMALL + "".join(f'[tenants.$t.domains."{form}$t.example"]\nproven = true\n' for form in ("", "*."))
    desk.apply(both)
    wildcard = SMALL + '[tenants.$t.domains."*.$t.example"]\nproven = true\n'
    assert desk.apply(wildcard, prune=True) == ['remove tenants.$t.domains."$t.example"']
    assert load_snapshot(desk.db, desk.row, "https://x.example").domains[0].proven
    desk.apply(SMALL, prune=True)
    assert desk.db.look_up(PROOFS_OF_TENANT, tenant_id=desk.row.id) == []


def test_a_host_leads_to_one_tenant(db: Database, desk: Desk) -> None:
    text = SMALL + 'address = "sign-in.$t.example"\nhosts = ["login.$t.example"]\n'
    desk.apply(text)
    assert desk.row.canonical_host == f"sign-in.{desk.slug}.example"
    other = Desk(db, desk.folder, new_slug())
    host = f"login.{desk.slug}.example"
    told = other.faults(SMALL + f'hosts = ["{host}"]\n')
    assert told == [f"tenants.$t.hosts: the host {host} leads to another tenant already."]
    assert desk.apply(SMALL) == ["change tenants.$t (address)", "change tenants.$t.hosts"]
    assert other.apply(SMALL + f'hosts = ["{host}"]\n') == ["create tenants.$t"]


def test_no_tenant_is_written_when_another_one_of_the_file_is_refused(db: Database, desk: Desk) -> None:
    desk.apply(SMALL + CONNECTION + DOMAIN)
    first, second = (new_slug() for _ in range(2))
    text = (
        f'[tenants.{first}]\nname = "First"\n[tenants.{second}]\nname = "Second"\n'
        f'[tenants.{second}.domains."{desk.slug}.example"]\nproven = true\n'
    )
    with pytest.raises(ManifestError):
        desk.job().run(desk.read(text))
    for slug in (first, second):
        with pytest.raises(IndexError):
            _ = Desk(db, desk.folder, slug).row


def test_a_name_taken_by_somebody_else_meanwhile_leaves_the_tenant_as_it_was(desk: Desk) -> None:
    """Two client ids that change places meet the index half way: told as what it is, and rolled back as a whole."""
    text = SMALL + APPLICATION + APPLICATION.replace(".travel]", ".trips]")
    desk.apply(text)
    swapped = SMALL + APPLICATION + 'client_id = "trips"\n' + APPLICATION.replace(".travel]", ".trips]")
    swapped += 'client_id = "travel"\n'
    sentence = "somebody else changed it meanwhile, or an entry is taken; nothing of it was written. Run it again."
    assert desk.faults(swapped.replace("Acme Group", "Renamed")) == [f"tenants.$t: {sentence}"]
    assert desk.row.name == "Acme Group"


def _connection(desk: Desk) -> Connection:
    with desk.session() as s:
        return s.scalars(select(Connection)).one()


def _events(desk: Desk) -> list[tuple[str, str]]:
    with desk.session() as s:
        rows = s.scalars(select(AuditEvent).order_by(AuditEvent.at, AuditEvent.id)).all()
    return [(f"{row.event} {row.detail['path']}", row.detail.get("fields", "")) for row in rows]
