"""Invitations that an operator makes: who gets one, and what they replace."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tenants.accounts import GROUPS_OF_ACCOUNT, Account
from tenants.addresses import normalise_address
from tenants.audit import AuditEvent
from tenants.ids import digest
from tenants.invitations import Invitee, NotInvited, invite
from tenants.organizations import Organization
from tenants.transactions import INVITATION, Invitation
from tests.support.manifests import JANE, LOCAL_ON, SMALL, Desk

STUDIO = '[tenants.$t.organizations.studio]\nname = "Studio"\n'


def invitee(desk: Desk, **more: object) -> Invitee:
    return Invitee(normalise_address(f"Jane@{desk.slug}.example"), **more)


def test_a_stranger_gets_an_account_and_a_link(desk: Desk) -> None:
    desk.apply(LOCAL_ON + STUDIO)
    with desk.writing() as s:
        wanted = invitee(desk, name="Jane Doe", organization="studio", groups=("Staff", "Staff"), role="helpdesk")
        token, expires_at = invite(s, wanted, desk.now)
    with desk.session() as s:
        account = s.scalars(select(Account)).one()
        studio = s.scalars(select(Organization).where(Organization.key == "studio")).one()
        row = s.one(INVITATION, token_hash=digest(token))
        groups = [grant.value for grant in s.all(GROUPS_OF_ACCOUNT, account_id=account.id)]
        events = sorted(event.event for event in s.scalars(select(AuditEvent).where(AuditEvent.account_id == account.id)))
    assert (account.name, account.organization_id, account.role) == ("Jane Doe", studio.id, "helpdesk")
    assert (account.state, account.is_local_enabled, account.is_email_verified) == ("invited", True, False)
    assert (account.email, account.email_key) == (f"Jane@{desk.slug}.example", f"jane@{desk.slug}.example")
    assert groups == ["Staff"]
    assert row.account_id == account.id
    assert row.expires_at == expires_at == desk.now + timedelta(days=30)
    assert events == ["account.created", "invitation.made"]


def test_ir02_a_new_link_ends_the_older_ones(desk: Desk) -> None:
    desk.apply(LOCAL_ON)
    with desk.writing() as s:
        first, _ = invite(s, invitee(desk), desk.now)
    with desk.writing() as s:
        second, _ = invite(s, invitee(desk), desk.now)
    with desk.session() as s:
        assert s.one(INVITATION, token_hash=digest(first)).superseded_at == desk.now
        assert s.one(INVITATION, token_hash=digest(second)).superseded_at is None


def test_op02_the_token_is_not_stored(desk: Desk) -> None:
    desk.apply(LOCAL_ON)
    with desk.writing() as s:
        token, _ = invite(s, invitee(desk), desk.now)
    with desk.session() as s:
        stored = [str(vars(row)) for model in (Invitation, AuditEvent) for row in s.scalars(select(model))]
    assert [row for row in stored if token in row] == []


def test_the_activation_period_is_the_tenants(desk: Desk) -> None:
    desk.apply(LOCAL_ON + "activation_days = 7\n")
    with desk.writing() as s:
        assert invite(s, invitee(desk), desk.now)[1] == desk.now + timedelta(days=7)


def test_whose_invitation_ran_out_is_invited_again(desk: Desk) -> None:
    desk.apply(LOCAL_ON + JANE)
    _put(desk, "deactivated")
    with desk.writing() as s:
        invite(s, invitee(desk), desk.now)
    with desk.session() as s:
        assert s.scalars(select(Account)).one().state == "invited"


REFUSED = {
    "local sign-in is off": (SMALL, {}, "Local sign-in is switched off for this tenant (policy.local_enabled)."),
    "an organization that is not there": (
        LOCAL_ON,
        {"organization": "lab"},
        "There is no such organization in this tenant.",
    ),
    "an account that is there, with another role": (
        LOCAL_ON + JANE,
        {"role": "owner"},
        "This account exists already; an invitation doesn't change its name, groups or role.",
    ),
    "an account without the right to local sign-in": (
        LOCAL_ON + '[tenants.$t.accounts."jane@$t.example"]\n',
        {},
        "This account may not sign in with e-mail and password (local).",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "more", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_who_is_not_invited(desk: Desk, text: str, more: dict[str, object], sentence: str) -> None:
    desk.apply(text)
    _is_refused(desk, sentence, **more)


@pytest.mark.parametrize("state", ["disabled", "inactive", "expired", "deleted"])
def test_an_account_that_is_shut_is_not_opened_by_an_invitation(desk: Desk, state: str) -> None:
    desk.apply(LOCAL_ON + JANE)
    _put(desk, state)
    _is_refused(desk, f"This account is {state}.")


def _put(desk: Desk, state: str) -> None:
    with desk.writing() as s:
        s.scalars(select(Account)).one().state = state


def _is_refused(desk: Desk, sentence: str, **more: object) -> None:
    with pytest.raises(NotInvited) as caught, desk.writing() as s:
        invite(s, invitee(desk, **more), desk.now)
    assert str(caught.value) == sentence
    with desk.session() as s:
        assert s.scalars(select(Invitation)).all() == []
