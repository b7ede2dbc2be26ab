"""People in a tenants file: what it gives them, what is theirs to keep, and what ends with them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tenants.accounts import Account, Grant
from tenants.addresses import normalise_address
from tenants.audit import AuditEvent
from tenants.backdoors import Backdoor, DoorCredential
from tenants.credentials import Credential
from tenants.ids import digest, new_id
from tenants.invitations import Invitee, invite
from tenants.organizations import Organization
from tenants.sessions import BrowserSession
from tenants.support_access import SupportGrant, grant_support
from tenants.transactions import Invitation
from tenants.vault import Place
from tests.support.manifests import CONNECTION, DOMAIN, JANE, LOCAL_ON, OWNER, SMALL, VAULT, WHOLE, Desk

LOCAL_OFF = SMALL + "[tenants.$t.policy]\nlocal_enabled = false\n"
CHIEFS = "".join(
    f'\n[tenants.$t.accounts."{name}@$t.example"]\nrole = "owner"\nstate = "active"\nlocal = true\n' for name in ("one", "two")
)
LAST_ADMIN = "tenants.$t.accounts: the tenant would be left without an owner or admin who can enter. Name another one first."


def jane(*lines: str) -> str:
    """A tenant with local sign-in and Jane, with these lines and no credentials."""
    return LOCAL_ON + '\n[tenants.$t.accounts."jane@$t.example"]\n' + "\n".join(lines)


def account(desk: Desk) -> Account:
    with desk.session() as s:
        return s.scalars(select(Account)).one()


def put(desk: Desk, **values: Any) -> None:
    """What has become of Jane's account meanwhile."""
    with desk.writing() as s:
        row = s.scalars(select(Account)).one()
        for name, value in values.items():
            setattr(row, name, value)


def open_session(desk: Desk, method: str = "local") -> str:
    session_id = new_id("ses")
    with desk.writing() as s:
        person = s.scalars(select(Account)).first()
        s.add(
            BrowserSession(
                id=session_id,
                cookie_hash=digest(session_id),
                account_id=person.id,
                method=method,
                auth_time=desk.now,
                created_at=desk.now,
                last_seen_at=desk.now,
                expires_at=desk.now + timedelta(hours=1),
            )
        )
    return session_id


def is_open(desk: Desk, session_id: str) -> bool:
    with desk.session() as s:
        return s.scalars(select(BrowserSession).where(BrowserSession.id == session_id)).one().ended_at is None


STATES = {
    "a new account waits for its invitation": ((), None, "invited"),
    "a new account is active where the file says so": (('state = "active"',), None, "active"),
    "a person's own activation stays": ((), "active", "active"),
    "a person's own activation stays though the file says invited": (('state = "invited"',), "active", "active"),
    "an account that is switched off stays so where the file says nothing": ((), "disabled", "disabled"),
    "an account that is switched off can be invited again": (('state = "invited"',), "disabled", "invited"),
    "an account that time has switched off stays so": (('state = "invited"',), "inactive", "inactive"),
    "an account that time has switched off is active again where the file says so": (
        ('state = "active"',),
        "inactive",
        "active",
    ),
    "an active account is switched off": (('state = "disabled"',), "active", "disabled"),
    "a deleted account that is named again begins anew": ((), "deleted", "invited"),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "before", "after"), STATES.values(), ids=STATES.keys())
def test_state(desk: Desk, lines: tuple[str, ...], before: str | None, after: str) -> None:
    if before is not None:
        desk.apply(jane())
        put(desk, state=before)
    desk.apply(jane(*lines))
    assert account(desk).state == after
    assert desk.apply(jane(*lines)) == []


def test_an_account_that_was_active_before_it_was_switched_off_is_active_again(desk: Desk) -> None:
    desk.apply(jane('state = "active"'))
    desk.apply(jane('state = "disabled"'))
    desk.apply(jane('state = "invited"'))
    assert account(desk).state == "active"


def test_an_account_becomes_active_at_the_moment_of_the_file(desk: Desk) -> None:
    desk.apply(jane('state = "active"'))
    first = account(desk).activated_at
    assert first == desk.now
    put(desk, state="inactive")
    desk.apply(jane('state = "active"'))
    assert account(desk).activated_at == desk.now > first


def test_names_that_are_left_out_stay(desk: Desk) -> None:
    desk.apply(jane('name = "Jane Doe"', 'given_name = "Jane"', 'family_name = "Doe"'))
    assert desk.apply(jane()) == []
    assert (account(desk).name, account(desk).given_name, account(desk).family_name) == ("Jane Doe", "Jane", "Doe")


ENDS = {
    "a day lasts until its end": ("2031-12-31", datetime(2032, 1, 1, tzinfo=UTC)),
    "a time counts with its offset": ("2031-12-31T18:00:00+01:00", datetime(2031, 12, 31, 17, tzinfo=UTC)),
}


@pytest.mark.parametrize(("written", "end"), ENDS.values(), ids=ENDS.keys())
def test_expiry(desk: Desk, written: str, end: datetime) -> None:
    desk.apply(jane(f"expires = {written}"))
    assert account(desk).expires_at == end
    assert desk.apply(jane(f"expires = {written}")) == []
    desk.apply(jane())
    assert account(desk).expires_at is None


def test_groups_from_elsewhere_are_not_the_files_to_take(desk: Desk) -> None:
    desk.apply(jane('groups = ["Staff", "Staff", "Old"]'))
    with desk.writing() as s:
        person = s.scalars(select(Account)).one()
        s.add(Grant(id=new_id("grt"), account_id=person.id, kind="group", value="Staff", source="con_x"))
    told = desk.apply(jane('groups = ["New"]'))
    with desk.session() as s:
        kept = sorted((row.value, row.source) for row in s.scalars(select(Grant)))
    assert told == ['change tenants.$t.accounts."jane@$t.example" (groups)']
    assert kept == [("New", "file"), ("Staff", "con_x")]


def test_an_address_in_another_spelling_is_the_same_account(desk: Desk) -> None:
    desk.apply(jane())
    before = account(desk).id
    assert desk.apply(jane().replace("jane@", "Jane@")) == ['change tenants.$t.accounts."Jane@$t.example" (email)']
    assert account(desk).id == before


def test_an_address_that_a_person_came_with_is_taken_over(desk: Desk) -> None:
    desk.apply(LOCAL_ON)
    with desk.writing() as s:
        root = s.scalars(select(Organization)).one()
        address = f"jane@{desk.slug}.example"
        s.add(Account(id="acc_x", organization_id=root.id, email=address, email_key=address, created_at=desk.now))
    told = desk.apply(jane())
    assert told == ['change tenants.$t.accounts."jane@$t.example" (managed by the file)']
    assert account(desk).id == "acc_x"


def test_first_credentials_work_and_are_never_changed_by_the_file(desk: Desk) -> None:
    desk.apply(LOCAL_ON + JANE)
    before = _credentials(desk)
    seed = before["totp"]
    place = Place(desk.row.id, "credentials", "secret_sealed", seed.id)
    assert before["password"].secret_hash.startswith("argon2:")
    assert VAULT.open(seed.secret_sealed, place) == desk.environment["SEED"]
    desk.environment |= {"PASSWORD": "another password", "SEED": "ANOTHERSEEDANOTHERSEED"}
    assert desk.apply(LOCAL_ON + JANE) == []
    after = _credentials(desk)
    assert (after["password"].secret_hash, after["totp"].secret_sealed) == (
        before["password"].secret_hash,
        seed.secret_sealed,
    )


def test_a_credential_that_is_gone_is_given_again(desk: Desk) -> None:
    desk.apply(LOCAL_ON + JANE)
    with desk.writing() as s:
        s.delete(s.scalars(select(Credential).where(Credential.kind == "totp")).one())
    assert desk.apply(LOCAL_ON + JANE) == ['change tenants.$t.accounts."jane@$t.example" (totp)']


@pytest.mark.parametrize("lines", [('state = "disabled"', "local = true"), ()], ids=["disabled", "local right withdrawn"])
def test_who_may_no_longer_enter_is_signed_out(desk: Desk, lines: tuple[str, ...]) -> None:
    desk.apply(jane('state = "active"', "local = true"))
    session_id = open_session(desk)
    desk.apply(jane('state = "active"', "local = true", 'name = "Jane"'))
    assert is_open(desk, session_id)
    desk.apply(jane(*lines))
    assert not is_open(desk, session_id)


def test_a_pruned_account_loses_everything_that_lets_somebody_in(desk: Desk) -> None:
    desk.apply(LOCAL_ON + JANE)
    with desk.writing() as s:
        invite(s, Invitee(normalise_address(f"jane@{desk.slug}.example")), desk.now)
    session_id = open_session(desk, "partners")
    desk.apply(LOCAL_ON, prune=True)
    assert (account(desk).state, account(desk).is_local_enabled, account(desk).role) == ("deleted", False, None)
    assert not is_open(desk, session_id)
    with desk.session() as s:
        assert s.scalars(select(Credential)).all() == []
        assert s.scalars(select(Grant)).all() == []
        assert s.scalars(select(Invitation)).one().superseded_at is not None


def test_sessions_that_came_by_a_removed_connection_end(desk: Desk) -> None:
    desk.apply(WHOLE)
    by_connection, by_password = open_session(desk, "partners"), open_session(desk)
    desk.apply(WHOLE.replace(CONNECTION, "").replace(DOMAIN, ""), prune=True)
    assert (is_open(desk, by_connection), is_open(desk, by_password)) == (False, True)


def test_sessions_that_came_by_a_connection_that_is_switched_off_end(desk: Desk) -> None:
    desk.apply(WHOLE)
    by_connection, by_password = open_session(desk, "partners"), open_session(desk)
    desk.apply(WHOLE.replace(CONNECTION, CONNECTION.rstrip() + "\nenabled = false\n"))
    assert (is_open(desk, by_connection), is_open(desk, by_password)) == (False, True)


def test_switching_local_sign_in_off_needs_the_right_number(desk: Desk) -> None:
    desk.apply(LOCAL_ON + JANE)
    off = LOCAL_OFF + '[tenants.$t.accounts."jane@$t.example"]\nlocal = true\ngroups = ["Staff", "Editors"]\n'
    by_password, by_connection = open_session(desk), open_session(desk, "partners")
    line = "change tenants.$t.policy (local_enabled) - deletes the local credentials of 1 account"
    assert desk.plan(off) == [line]
    sentence = "this deletes the local credentials of 1 account; confirm with --confirm-delete-credentials 1."
    assert desk.faults(off) == desk.faults(off, confirmed_credentials=2) == [sentence]
    assert len(_credentials(desk)) == 2
    assert desk.apply(off, confirmed_credentials=1) == [line]
    assert _credentials(desk) == {}
    assert (is_open(desk, by_password), is_open(desk, by_connection)) == (False, True)
    assert desk.apply(off) == []


def test_a_confirmation_of_nothing_is_refused(desk: Desk) -> None:
    sentence = "this deletes the local credentials of 0 accounts; there is nothing to confirm."
    assert desk.faults(LOCAL_ON, confirmed_credentials=3) == [sentence]


def test_t9_one_account_needs_the_number_too(desk: Desk) -> None:
    desk.apply(LOCAL_ON + JANE)
    off = jane('name = "Jane Doe"', 'groups = ["Staff", "Editors"]')
    line = 'change tenants.$t.accounts."jane@$t.example" (local) - deletes its local credentials'
    assert desk.plan(off) == [line]
    sentence = "this deletes the local credentials of 1 account; confirm with --confirm-delete-credentials 1."
    assert desk.faults(off) == [sentence]
    assert desk.apply(off, confirmed_credentials=1) == [line]
    assert (_credentials(desk), account(desk).state) == ({}, "active")
    assert desk.apply(jane('name = "Jane Doe"', "local = true", 'groups = ["Staff", "Editors"]')) != []
    assert account(desk).state == "active"


def test_t9_an_account_without_credentials_needs_no_number(desk: Desk) -> None:
    desk.apply(jane("local = true"))
    assert desk.apply(jane()) == ['change tenants.$t.accounts."jane@$t.example" (local)']


def test_t9_nobody_is_counted_twice(desk: Desk) -> None:
    desk.apply(LOCAL_ON + JANE)
    off = LOCAL_OFF + '[tenants.$t.accounts."jane@$t.example"]\ngroups = ["Staff", "Editors"]\n'
    assert desk.apply(off, confirmed_credentials=1) != []
    assert _credentials(desk) == {}


@pytest.mark.parametrize(
    ("expires", "state"), [("", "active"), ("expires = 2099-01-01", "active"), ("expires = 2020-01-01", "expired")]
)
def test_a3_a_later_end_date_gives_an_expired_account_back(desk: Desk, expires: str, state: str) -> None:
    desk.apply(jane('state = "active"'))
    put(desk, state="expired", expires_at=datetime(2020, 1, 2, tzinfo=UTC), state_changed_at=datetime(2020, 1, 3, tzinfo=UTC))
    desk.apply(jane(expires))
    row = account(desk)
    assert (row.state, row.state_changed_at == desk.now) == (state, state == "active")


def test_switching_local_sign_in_off_with_nobody_in_it_needs_no_number(desk: Desk) -> None:
    desk.apply(LOCAL_ON)
    assert desk.apply(LOCAL_OFF) == ["change tenants.$t.policy (local_enabled)"]


LOSSES = {
    "pruned": "",
    "disabled": OWNER + 'state = "disabled"\n',
    "without the role": OWNER.replace('role = "owner"', ""),
    "helpdesk only": OWNER.replace('"owner"', '"helpdesk"'),
    "over": OWNER + "expires = 2020-01-01\n",
}  # fmt: skip


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_ac06_the_last_owner_stays(desk: Desk, loss: str) -> None:
    desk.apply(LOCAL_ON + OWNER)
    assert desk.faults(LOCAL_ON + loss, prune=True) == [LAST_ADMIN]
    assert account(desk).role == "owner"
    assert account(desk).state == "invited"


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_ac06_an_owner_may_go_when_another_comes(desk: Desk, loss: str) -> None:
    desk.apply(LOCAL_ON + OWNER)
    other = OWNER.replace("owner@", "other@").replace('"owner"', '"admin"')
    assert desk.apply(LOCAL_ON + loss + other, prune=True) != []


def test_ac06_an_owner_from_elsewhere_counts(desk: Desk) -> None:
    desk.apply(LOCAL_ON + OWNER + OWNER.replace("owner@", "other@"))
    with desk.writing() as s:
        other = s.scalars(select(Account).where(Account.email == f"other@{desk.slug}.example")).one()
        other.is_file_managed = False
    assert desk.apply(LOCAL_ON, prune=True) == ['remove tenants.$t.accounts."owner@$t.example"']


LOCAL_OWNER = OWNER + "local = true\n"
SHUT_OUT = "tenants.$t.accounts: no owner or admin would have a way in any more. Leave one of them a way first."
SSO_ONLY = (
    "tenants.$t.accounts: no owner or admin could enter without an identity provider any more. Leave e-mail and "
    "password to one of them, or open the back door for one first (broker door)."
)
STUDIO = '[tenants.$t.organizations.studio]\nname = "Studio"\npolicy = { local_enabled = false }\n'
IN_STUDIO = 'organization = "studio"\n' + STUDIO
WAYS_LOST = {
    "local sign-in of the tenant": (LOCAL_ON + LOCAL_OWNER, SMALL + LOCAL_OWNER, SHUT_OUT),
    "local sign-in of the account": (LOCAL_ON + LOCAL_OWNER, LOCAL_ON + OWNER, SHUT_OUT),
    "the only connection": (SMALL + CONNECTION + OWNER, SMALL + CONNECTION + "enabled = false\n" + OWNER, SHUT_OUT),
    "the only connection, removed": (SMALL + CONNECTION + OWNER, SMALL + OWNER, SHUT_OUT),
    "the part of the account": (LOCAL_ON + LOCAL_OWNER + STUDIO, LOCAL_ON + LOCAL_OWNER + IN_STUDIO, SHUT_OUT),
    "local sign-in of the part": (
        LOCAL_ON + LOCAL_OWNER + IN_STUDIO.replace("false", "true"),
        LOCAL_ON + LOCAL_OWNER + IN_STUDIO,
        SHUT_OUT,
    ),
    "everything but the provider": (LOCAL_ON + CONNECTION + LOCAL_OWNER, LOCAL_ON + CONNECTION + OWNER, SSO_ONLY),
}
every_loss = pytest.mark.parametrize(("before", "after", "sentence"), WAYS_LOST.values(), ids=WAYS_LOST.keys())


def mark(desk: Desk, account_id: str, **values: Any) -> None:
    """For the back door, as `broker door grant` and the set-up do."""
    with desk.writing() as s:
        s.add(DoorCredential(id=new_id("dcr"), account_id=account_id, created_at=desk.now, **values))


def marked(desk: Desk) -> list[DoorCredential]:
    with desk.session() as s:
        return list(s.scalars(select(DoorCredential)))


@every_loss
def test_ac06_the_last_way_of_the_last_admin_stays(desk: Desk, before: str, after: str, sentence: str) -> None:
    desk.apply(before)
    assert desk.faults(after, prune=True) == [sentence]


@every_loss
def test_ac06_the_back_door_is_a_way(desk: Desk, before: str, after: str, sentence: str) -> None:
    desk.apply(before)
    mark(desk, account(desk).id, password_hash="x")
    with desk.writing() as s:
        s.add(Backdoor(id="door", secret_hash="x", opened_at=desk.now))
    assert desk.apply(after, prune=True) != []
    assert [one.password_hash for one in marked(desk)] == ["x"]


def test_ac06_a_closed_door_is_no_way(desk: Desk) -> None:
    desk.apply(LOCAL_ON + LOCAL_OWNER)
    mark(desk, account(desk).id, password_hash="x")
    assert desk.faults(SMALL + LOCAL_OWNER) == [SHUT_OUT]


def test_ac06_a_tenant_without_such_an_admin_is_free(desk: Desk) -> None:
    desk.apply(LOCAL_ON + JANE)
    assert desk.apply(LOCAL_ON, prune=True) != []


def test_switching_local_sign_in_off_leaves_the_back_door(desk: Desk) -> None:
    desk.apply(LOCAL_ON + JANE)
    mark(desk, account(desk).id)
    off = LOCAL_OFF + '[tenants.$t.accounts."jane@$t.example"]\nlocal = true\ngroups = ["Staff", "Editors"]\n'
    desk.apply(off, confirmed_credentials=1)
    assert (len(marked(desk)), _credentials(desk)) == (1, {})


def test_a_pruned_admin_loses_the_back_door(desk: Desk) -> None:
    desk.apply(LOCAL_ON + OWNER + OWNER.replace("owner@", "other@"))
    with desk.session() as s:
        gone = s.scalars(select(Account).where(Account.email == f"other@{desk.slug}.example")).one()
    mark(desk, gone.id)
    desk.apply(LOCAL_ON + OWNER, prune=True)
    assert marked(desk) == []


def test_ac10_what_the_broker_decides_itself_is_not_the_files(desk: Desk) -> None:
    desk.apply(LOCAL_ON + JANE)
    assert not account(desk).is_email_verified
    put(desk, is_email_verified=True, last_login_at=desk.now)
    assert desk.apply(LOCAL_ON + JANE) == []
    assert account(desk).is_email_verified


def test_the_audit_log_names_the_account(desk: Desk) -> None:
    desk.apply(LOCAL_ON + JANE)
    with desk.session() as s:
        event = s.scalars(select(AuditEvent).where(AuditEvent.event == "account.created")).one()
    assert event.account_id == account(desk).id


def _credentials(desk: Desk) -> dict[str, Credential]:
    with desk.session() as s:
        return {row.kind: row for row in s.scalars(select(Credential))}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"admin_organization_id": "org_x"}, "left without an owner or admin who can enter"),
        ({"expires_at": datetime(2027, 1, 1, tzinfo=UTC)}, "every owner or admin who would be left has an end date"),
    ],
    ids=["for a part", "for a while"],
)
def test_ac06_who_looks_after_a_part_or_for_a_while_is_no_owner_who_is_left(desk: Desk, values: Any, sentence: str) -> None:
    desk.apply(LOCAL_ON + LOCAL_OWNER + LOCAL_OWNER.replace("owner@", "other@"))
    with desk.writing() as s:
        other = s.scalars(select(Account).where(Account.email == f"other@{desk.slug}.example")).one()
        other.is_file_managed = False
        for name, value in values.items():
            setattr(other, name, value)
    assert any(sentence in one for one in desk.faults(LOCAL_ON, prune=True))


def test_ti10_support_access_ends_where_the_file_makes_its_giver_no_owner(desk: Desk) -> None:
    """It would wake with the next file that makes them one again."""
    text, no_more = LOCAL_ON + CHIEFS, LOCAL_ON + CHIEFS.replace('role = "owner"', 'role = "admin"', 1)
    desk.apply(text)
    with desk.writing() as s:
        giver = s.scalars(select(Account.id).where(Account.email.like("one@%"))).one()
        grant_support(s, giver, 72, "", desk.now)
    desk.apply(no_more)
    desk.apply(text)
    with desk.session() as s:
        assert [(one.granted_by, one.revoked_at is not None) for one in s.scalars(select(SupportGrant))] == [(giver, True)]
        revoked = select(AuditEvent).where(AuditEvent.event == "support.revoked")
        assert [one.detail["by"] for one in s.scalars(revoked)] == ["support"]
