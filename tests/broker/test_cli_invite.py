"""`broker invite`: a link by mail, or on standard output and nothing else there."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from broker.system import SystemClock
from broker.wiring import Broker
from tenants.accounts import Account
from tenants.ids import digest
from tenants.transactions import INVITATION
from tests.support.commands import environment, run
from tests.support.mail import SENDER
from tests.support.mails import link_in
from tests.support.manifests import LOCAL_ON, SMALL, Desk, new_slug
from tests.support.posted import Posted, posted


@pytest.fixture
def desk(broker: Broker, tmp_path: Path) -> Desk:
    return Desk(broker.db, tmp_path, new_slug())


@pytest.fixture
def variables(database_url: str) -> dict[str, str]:
    return environment(database_url)


def test_the_link_is_all_that_stands_on_standard_output(desk: Desk, variables: dict[str, str]) -> None:
    desk.apply(LOCAL_ON)
    told = run("invite", "--tenant", desk.slug, f"jane@{desk.slug}.example", **variables)
    assert told.exit_code == 0
    [link] = told.stdout.splitlines()
    address, _, token = link.rpartition("/")
    assert address == f"http://localhost:8000/t/{desk.slug}/activate"
    with desk.session() as s:
        assert s.one(INVITATION, token_hash=digest(token)) is not None
    assert told.stderr.startswith(f"For jane@{desk.slug}.example, once, until ")
    assert token not in told.stderr


def test_ir01_the_link_has_the_tenants_own_address(desk: Desk, variables: dict[str, str]) -> None:
    desk.apply(LOCAL_ON.replace('name = "Acme Group"', 'name = "Acme Group"\naddress = "sign-in.$t.example"'))
    secure = variables | {"BROKER_BASE_URL": "https://main.example"}
    told = run("invite", "--tenant", desk.slug, "jane@partner.example", **secure)
    assert urlsplit(told.stdout).netloc == f"sign-in.{desk.slug}.example"
    assert told.stdout.startswith(f"https://sign-in.{desk.slug}.example/activate/")


@pytest.fixture(scope="module")
def post(database_url: str) -> Iterator[Posted]:
    """With the time of commands, which is the real one."""
    with posted(database_url, SystemClock()) as made:
        yield made


def with_mail(post: Posted) -> dict[str, str]:
    return {
        "BROKER_SMTP_HOST": "127.0.0.1",
        "BROKER_SMTP_PORT": str(post.box.port),
        "BROKER_SMTP_SECURITY": "none",
        "BROKER_MAIL_FROM": SENDER,
    }


def test_with_a_mail_server_the_link_goes_to_the_person_and_nowhere_else(
    desk: Desk, variables: dict[str, str], post: Posted
) -> None:
    desk.apply(LOCAL_ON)
    email = f"jane@{desk.slug}.example"
    told = run("invite", "--tenant", desk.slug, email, **variables, **with_mail(post))
    assert (told.exit_code, told.stdout) == (0, "The invitation is on its way.\n")
    [mail] = post.mails_to(email)
    address, _, token = link_in(mail).rpartition("/")
    assert address == f"http://localhost:8000/t/{desk.slug}/activate"
    assert token not in told.output
    with desk.session() as s:
        assert s.one(INVITATION, token_hash=digest(token)) is not None


def test_the_link_can_be_printed_all_the_same(desk: Desk, variables: dict[str, str], post: Posted) -> None:
    desk.apply(LOCAL_ON)
    email = f"jane@{desk.slug}.example"
    told = run("invite", "--no-mail", "--tenant", desk.slug, email, **variables, **with_mail(post))
    assert told.stdout.startswith(f"http://localhost:8000/t/{desk.slug}/activate/")
    assert post.mails_to(email) == []


def test_each_invitation_begins_the_activation_period_anew(desk: Desk, variables: dict[str, str]) -> None:
    desk.apply(LOCAL_ON)
    email = f"jane@{desk.slug}.example"
    run("invite", "--tenant", desk.slug, email, **variables)
    with desk.session() as s:
        first = s.scalars(select(Account.invited_at)).one()
    run("invite", "--tenant", desk.slug, email, **variables)
    with desk.session() as s:
        assert first is not None
        assert s.scalars(select(Account.invited_at)).one() > first


REFUSED = {
    "an unknown tenant": (("--tenant", "nobody", "jane@x.example"), "There is no such tenant."),
    "no address": (("jane",), "An e-mail address has exactly one @, as in jane@company.example."),
    "local sign-in off": (("jane@x.example",), "Local sign-in is switched off for this tenant (policy.local_enabled)."),
    "a name of two lines": (
        ("jane@x.example", "--name", "Jane\nBcc: x"),
        "Names and groups are one line of at most 200 characters.",
    ),
}


@pytest.mark.parametrize(("arguments", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_prints_no_link(
    desk: Desk, variables: dict[str, str], arguments: tuple[str, ...], sentence: str
) -> None:
    desk.apply(SMALL)
    told = run("invite", "--tenant", desk.slug, *arguments, **variables)
    assert (told.exit_code, told.stdout, told.stderr) == (1, "", f"Error: {sentence}\n")


def test_ac10_a_role_is_one_of_four(desk: Desk, variables: dict[str, str]) -> None:
    told = run("invite", "--tenant", desk.slug, "jane@x.example", "--role", "operator", **variables)
    assert told.exit_code == 2
