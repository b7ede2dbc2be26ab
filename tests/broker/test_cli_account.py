"""`broker account`: what the operator does about one account."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from broker.system import SystemClock
from tenants import outbox
from tenants.accounts import Account
from tenants.audit import Event
from tenants.credentials import Credential
from tenants.ids import digest
from tenants.outbox import Leased, OutboxMail
from tenants.sessions import BrowserSession
from tenants.tenants import TenantSettings
from tenants.transactions import Invitation
from tests import factories
from tests.support import rows, steps
from tests.support.commands import environment, run


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    """In use now, by the clock of the commands."""
    return factories.account(home, last_login_at=SystemClock().now(), groups=("Staff",))


@pytest.fixture
def account(home, ada, database_url):
    """`broker account WHAT …` for Ada, or for the `email` that is given."""
    variables = environment(database_url)

    def command(what, *arguments, email=ada.email, answer=None):
        return run("account", what, "--tenant", home.slug, "--email", email, *arguments, answer=answer, **variables)

    return command


def row_of(home, someone):
    with home.db.reading() as db:
        return db.get_one(Account, (home.id, someone.id))


def has_open_session(home):
    with home.db.reading() as db:
        return db.scalars(select(BrowserSession).where(BrowserSession.ended_at.is_(None))).first() is not None


def mail(home):
    """The one mail that waits: message, address, facts."""
    with home.db.reading() as db:
        one = db.scalars(select(OutboxMail)).one()
    leased = Leased(one.id, home.id, one.to_address, one.message, one.content_sealed, one.created_at, 1, one.created_at)
    return one.message, one.to_address, outbox.facts_of(leased, home.broker.vault)


def no_mail(home):
    with home.db.reading() as db:
        return db.scalars(select(OutboxMail)).all() == []


def kinds(home, someone):
    with home.db.reading() as db:
        return set(db.scalars(select(Credential.kind).where(Credential.account_id == someone.id)))


# Looking


def test_list_names_everybody_by_address_and_state(home, ada, database_url):
    eve = factories.account(home, f"aaa@{home.domain}", state="disabled", role="admin", with_password=False)
    factories.account(home, state="deleted")
    told = run("account", "list", "--tenant", home.slug, **environment(database_url)).stdout.splitlines()
    assert told[0] == f"{eve.email}: disabled, admin, last sign-in never"
    assert told[1].startswith(f"{ada.email}: active, e-mail login, last sign-in 2")
    assert len(told) == 2
    only = run("account", "list", "--tenant", home.slug, "--state", "disabled", **environment(database_url))
    assert only.stdout.splitlines() == told[:1]


def test_list_says_what_time_has_made_of_an_account(home, database_url):
    """By the clock of the commands, the account of a test was made long ago."""
    eve = factories.account(home, expires_at=home.now)
    told = run("account", "list", "--tenant", home.slug, **environment(database_url)).stdout
    assert told.startswith(f"{eve.email}: expired, e-mail login, ends with 20")


def test_show_tells_what_is_known_and_no_secret(home, ada, account):
    factories.identity(home, ada.id)
    rows.passkey(home, ada.id)
    for number in range(2):
        code = {"kind": "recovery_code", "secret_hash": f"hash {number}", "created_at": home.now}
        home.add(Credential(id=f"cre_{home.slug}{number}", account_id=ada.id, **code))
    home.change(Account, ada.id, factors_reset_at=home.now, warned_of="disuse", warned_at=home.now)
    told = account("show")
    lines = [line.strip() for line in told.stdout.splitlines()]
    assert told.exit_code == 0
    assert lines[1] == f"id: {ada.id}"
    for begin in (
        "groups: Staff", "password: since", "authenticator app: since", "passkey: since", "connection c-",
        "2 recovery codes left: since", "second factors reset: 2", "warned of disuse: 2",
    ):  # fmt: skip
        assert [line for line in lines if line.startswith(begin)], begin
    assert ada.seed not in told.output
    assert "argon2" not in told.output


def test_show_names_the_file_and_the_door(home, account):
    holder = rows.door_holder(home, is_file_managed=True)
    told = account("show", email=holder.email).stdout
    assert "managed by: a tenants file" in told
    assert "emergency access: set up" in told


def test_unknown_address_and_tenant_are_told(account, database_url):
    assert "There is no account with this address" in account("show", email="nobody@nowhere.example").stderr
    assert "exactly one @" in account("show", email="nobody").stderr
    told = run("account", "show", "--tenant", "nobody", "--email", "a@b.example", **environment(database_url))
    assert "There is no such tenant." in told.stderr


# States


def test_disable_and_enable(home, ada, account):
    factories.session(home, ada)
    told = account("disable")
    assert (told.exit_code, told.stdout) == (0, f"{ada.email} is disabled. Its sessions have ended.\n")
    assert not has_open_session(home)
    assert account("disable").stderr == "Error: This account is disabled already.\n"
    assert account("enable").stdout == f"{ada.email} is active.\n"
    assert kinds(home, ada) == {"password", "totp"}
    assert {one.detail["state"] for one in steps.events(home, Event.ACCOUNT_CHANGED)} == {"disabled", "active"}
    assert no_mail(home)


def test_reactivate_is_another_word_for_enable(home, ada, account):
    home.change(Account, ada.id, state="inactive")
    assert account("reactivate").stdout == f"{ada.email} is active.\n"


def test_enable_says_that_an_invitation_is_due(home, account):
    eve = factories.account(home, state="deactivated", activated_at=None, with_password=False, with_totp=False)
    told = account("enable", email=eve.email)
    assert told.stdout == f"{eve.email} is invited.\n"
    assert "`broker invite` sends a new link" in told.stderr


def test_who_is_in_a_file_can_be_switched_off_and_the_file_is_named(home, ada, account):
    home.change(Account, ada.id, is_file_managed=True)
    told = account("disable")
    assert told.exit_code == 0
    assert "the next `broker apply` sets that again" in told.stderr


def test_expire_sets_and_lifts_an_end(home, ada, account):
    day = (SystemClock().now() + timedelta(days=10)).date()
    assert account("expire", "--on", day.isoformat()).stdout == f"{ada.email} ends with {day.isoformat()}.\n"
    assert row_of(home, ada).expires_at.date() == day + timedelta(days=1)
    assert account("expire", "--never").stdout == f"{ada.email} has no end date.\n"
    assert row_of(home, ada).expires_at is None


@pytest.mark.parametrize("arguments", [(), ("--never", "--on", "2099-01-01")], ids=["neither", "both"])
def test_expire_asks_for_one_of_two(account, arguments):
    assert account("expire", *arguments).stderr == "Error: Say either --on DATE or --never.\n"


# What the file rules

RULED = {
    "end date": ("expire", ("--never",), "A tenants file rules when this account ends"),
    "e-mail login": ("email-login", ("off", "--yes"), "A tenants file rules the e-mail login"),
    "deletion": ("delete", ("--yes",), "A tenants file names this account"),
    "e-mail login, before anybody is asked": ("email-login", ("off",), "A tenants file rules the e-mail login"),
}


@pytest.mark.parametrize(("what", "arguments", "sentence"), RULED.values(), ids=RULED.keys())
def test_what_the_file_rules_is_refused(home, ada, account, what, arguments, sentence):
    home.change(Account, ada.id, is_file_managed=True)
    told = account(what, *arguments)
    assert (told.exit_code, told.stdout) == (1, "")
    assert sentence in told.stderr
    assert kinds(home, ada) == {"password", "totp"}
    assert no_mail(home)


# Credentials


def test_sf10_reset_of_factors_asks_ends_sessions_and_is_mailed(home, ada, account):
    factories.session(home, ada)
    refused = account("reset-factors", answer="n\n")
    assert refused.exit_code == 1
    assert f"This deletes the second factors of {ada.email} (1 credential) and ends its sessions." in refused.stderr
    assert (kinds(home, ada), has_open_session(home), no_mail(home)) == ({"password", "totp"}, True, True)
    told = account("reset-factors", answer="y\n")
    assert told.stdout == f"{ada.email} has no second factor any more (1 credential deleted).\n"
    assert (kinds(home, ada), has_open_session(home)) == ({"password"}, False)
    message, address, facts = mail(home)
    assert (message, address) == ("credential_changed", ada.email)
    assert (facts["what"], facts["by"], facts["address"]) == ("factors_reset", "admin", "")
    assert row_of(home, ada).factors_reset_at is not None


def test_l10_email_login_off_asks_with_the_number(home, ada, account):
    factories.session(home, ada)
    refused = account("email-login", "off", answer="n\n")
    assert "(2 credentials)" in refused.stderr
    assert (refused.exit_code, kinds(home, ada), row_of(home, ada).is_local_enabled) == (1, {"password", "totp"}, True)
    told = account("email-login", "off", "--yes")
    assert told.stdout == f"{ada.email} has no e-mail login any more (2 credentials deleted).\n"
    assert (kinds(home, ada), row_of(home, ada).is_local_enabled, has_open_session(home)) == (set(), False, False)
    assert (mail(home)[0], mail(home)[2]["what"]) == ("credential_changed", "local_off")
    assert "E-mail login is off for this account already." in account("email-login", "off").stderr


def test_l10_email_login_on_again_means_a_new_set_up(home, ada, account):
    account("email-login", "off", "--yes")
    told = account("email-login", "on")
    assert told.stdout.startswith(f"{ada.email} may sign in with e-mail and password.")
    assert (row_of(home, ada).state, row_of(home, ada).is_local_enabled, kinds(home, ada)) == ("active", True, set())
    home.change(TenantSettings, "settings", policy={"local_enabled": False})
    eve = factories.account(home, with_password=False, with_totp=False)
    assert "It takes effect when the tenant has policy.local_enabled." in account("email-login", "on", email=eve.email).stderr


def test_send_reset_mails_a_link_and_prints_none(home, ada, account):
    told = account("send-reset")
    assert told.exit_code == 0
    assert told.stdout.startswith(f"{ada.email} gets a reset link by mail, good until 20")
    assert "No mail is sent: BROKER_SMTP_HOST is not set." in told.stderr
    message, address, facts = mail(home)
    assert (message, address) == ("reset_link", ada.email)
    assert facts["token"] not in told.output
    with home.db.reading() as db:
        link = db.scalars(select(Invitation)).one()
    assert (link.token_hash, link.purpose) == (digest(facts["token"]), "reset")
    assert link.expires_at - link.created_at == timedelta(minutes=30)
    assert facts["expires_at"] == link.expires_at.isoformat()


NO_LINK = {
    "by a connection only": ({"is_local_enabled": False}, "may not sign in with e-mail and password"),
    "disabled": ({"state": "disabled"}, "This account is disabled"),
    "expired": ({"expires_at": SystemClock().now()}, "This account is expired"),
    "unused for long": ({"last_login_at": None}, "This account is inactive"),
    "never set up": ({"state": "invited", "invited_at": SystemClock().now()}, "has not been set up yet"),
}


@pytest.mark.parametrize(("values", "sentence"), NO_LINK.values(), ids=NO_LINK.keys())
def test_ir11_no_link_for_whom_it_would_not_help(home, ada, account, values, sentence):
    home.change(Account, ada.id, activated_at=home.now - timedelta(days=4000), **values)
    told = account("send-reset")
    assert told.exit_code == 1
    assert sentence in told.stderr
    assert no_mail(home)


def test_lc10_no_link_while_local_sign_in_is_off(home, account):
    home.change(TenantSettings, "settings", policy={"local_enabled": False})
    assert "Local sign-in is switched off for this tenant" in account("send-reset").stderr
    assert no_mail(home)


# Deleting


def test_delete_asks_and_leaves_nobody(home, ada, account):
    factories.session(home, ada)
    asked = account("delete", answer="n\n")
    assert f"This deletes {ada.email} for good, with 2 credentials." in asked.stderr
    assert row_of(home, ada).email == ada.email
    told = account("delete", "--yes")
    assert (told.exit_code, told.stdout) == (0, f"{ada.email} is deleted.\n")
    assert (row_of(home, ada).state, row_of(home, ada).email) == ("deleted", f"{ada.id}@deleted.invalid")
    assert "There is no account with this address" in account("show").stderr


# AC-06

LAST = {
    "disable": ("disable",),
    "expire": ("expire", "--on", "2099-01-01"),
    "delete": ("delete", "--yes"),
    "e-mail login off": ("email-login", "off", "--yes"),
}


@pytest.mark.both_databases
@pytest.mark.parametrize("command", LAST.values(), ids=LAST.keys())
def test_ac06_last_admin_stays(home, account, command):
    owner = factories.account(home, role="owner", last_login_at=SystemClock().now())
    what, *arguments = command
    told = account(what, *arguments, email=owner.email)
    assert (told.exit_code, told.stdout) == (1, "")
    assert kinds(home, owner) == {"password", "totp"}
    assert row_of(home, owner).state == "active"
    factories.account(home, role="admin")
    assert account(what, *arguments, email=owner.email).exit_code == 0


@pytest.mark.parametrize("command", [("disable",), ("delete", "--yes")], ids=["disable", "delete"])
def test_ac06_holder_of_the_back_door_stays(home, account, command):
    rows.backdoor(home)
    holder = rows.door_holder(home)
    factories.account(home, role="owner")
    what, *arguments = command
    told = account(what, *arguments, email=holder.email)
    assert told.exit_code == 1
    assert "This account has emergency access. Take that back first." in told.stderr
    assert row_of(home, holder).state == "active"
