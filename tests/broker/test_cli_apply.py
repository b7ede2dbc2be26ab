"""`broker apply`: what an operator reads, and with what it ends."""

from pathlib import Path
from string import Template

import pytest

from broker.wiring import Broker
from tenants.local_off import local_holders
from tenants.tenants import TENANT_BY_SLUG
from tests.support.commands import environment, run
from tests.support.manifests import CANARIES, ENVIRONMENT, LOCAL_ON, SMALL, WHOLE, new_slug


@pytest.fixture
def slug() -> str:
    return new_slug()


@pytest.fixture
def file(tmp_path: Path, slug: str) -> Path:
    """A tenants file with one of everything."""
    return write(tmp_path / "tenants.toml", WHOLE, slug)


def write(path: Path, text: str, slug: str) -> Path:
    path.write_text(Template(text).substitute(t=slug), encoding="utf-8")
    return path


@pytest.fixture
def variables(database_url: str) -> dict[str, str]:
    return environment(database_url) | ENVIRONMENT


def test_apply_says_what_it_did_and_a_second_time_that_there_was_nothing(
    file: Path, slug: str, variables: dict[str, str]
) -> None:
    first, second = run("apply", file, **variables), run("apply", file, **variables)
    assert (first.exit_code, first.stdout.splitlines()) == (
        0,
        [
            f"create tenants.{slug}",
            f"create tenants.{slug}.connections.partners",
            f'create tenants.{slug}.domains."{slug}.example"',
            f"create tenants.{slug}.applications.travel",
            f'create tenants.{slug}.accounts."jane@{slug}.example"',
            "5 changes made.",
        ],
    )
    assert (second.exit_code, second.stdout) == (0, "Nothing to change.\n")


def test_a_dry_run_writes_nothing(broker: Broker, file: Path, slug: str, variables: dict[str, str]) -> None:
    told = run("apply", "--dry-run", file, **variables)
    assert told.exit_code == 0
    assert told.stdout.splitlines()[-1] == "5 changes to make; nothing was written."
    assert broker.db.look_up(TENANT_BY_SLUG, slug=slug) == []


def test_mistakes_are_told_together_and_nothing_is_written(
    broker: Broker, tmp_path: Path, slug: str, variables: dict[str, str]
) -> None:
    wrong = WHOLE.replace('kind = "oidc"', 'kind = "oidx"').replace("redirect_uris", "redirect_urls")
    told = run("apply", write(tmp_path / "wrong.toml", wrong, slug), **variables)
    assert told.exit_code == 1
    assert told.stdout == ""
    assert told.stderr.splitlines()[0] == "Error: wrong.toml can't be applied:"
    assert [line.partition(": ")[0] for line in told.stderr.splitlines()[1:]] == [
        f"tenants.{slug}.applications.travel.redirect_urls",
        f"tenants.{slug}.connections.partners.kind",
    ]
    assert broker.db.look_up(TENANT_BY_SLUG, slug=slug) == []


def test_op02_no_secret_is_printed(tmp_path: Path, slug: str, variables: dict[str, str]) -> None:
    literal = WHOLE.replace('{ env = "CONNECTION" }', f'"{ENVIRONMENT["CONNECTION"]}"')
    results = [
        run("apply", "--dry-run", write(tmp_path / "a.toml", WHOLE, slug), **variables),
        run("apply", tmp_path / "a.toml", **variables),
        run("apply", tmp_path / "a.toml", **variables | {"CLIENT": ENVIRONMENT["CLIENT"] + "2"}),
        run("apply", write(tmp_path / "b.toml", literal, slug), **variables),
    ]
    assert [result.exit_code for result in results] == [0, 0, 0, 1]
    told = "".join(result.output for result in results)
    assert [canary for canary in CANARIES if canary in told] == []


def test_what_is_left_over_is_told_and_removed_when_asked(
    file: Path, tmp_path: Path, slug: str, variables: dict[str, str]
) -> None:
    run("apply", file, **variables)
    less = write(tmp_path / "less.toml", LOCAL_ON, slug)
    kept, pruned = run("apply", less, **variables), run("apply", "--prune", less, **variables)
    hint = "not in the file any more; --prune removes it"
    assert f"kept tenants.{slug}.connections.partners: {hint}" in kept.stdout.splitlines()
    assert kept.stdout.splitlines()[-1] == "Nothing to change."
    assert f"remove tenants.{slug}.connections.partners" in pruned.stdout.splitlines()


OFF = SMALL + '[tenants.$t.accounts."jane@$t.example"]\nlocal = true\ngroups = ["Staff", "Editors"]\n'
NOT_JANE = LOCAL_ON + '[tenants.$t.accounts."jane@$t.example"]\ngroups = ["Staff", "Editors"]\n'


@pytest.mark.parametrize("text", [OFF, NOT_JANE], ids=["for the tenant", "for one account"])
def test_t9_switching_local_sign_in_off_asks_with_the_number(
    broker: Broker, file: Path, tmp_path: Path, slug: str, variables: dict[str, str], text: str
) -> None:
    run("apply", file, **variables)
    off = write(tmp_path / "off.toml", text, slug)
    dry = run("apply", "--dry-run", off, **variables)
    hint = "Applying this asks first, unless you add --confirm-delete-credentials 1 or --yes."
    assert hint in dry.stdout.splitlines()
    for answer in ("n\n", ""):
        refused = run("apply", off, answer=answer, **variables)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "This deletes the local credentials of 1 account and can't be undone. Go on? [y/N]" in refused.stderr
        assert len(local_holders_of(broker, slug)) == 1
    assert run("apply", off, answer="y\n", **variables).exit_code == 0
    assert local_holders_of(broker, slug) == frozenset()
    assert run("apply", off, **variables).stdout.splitlines()[-1] == "Nothing to change."


@pytest.mark.parametrize("option", [("--yes",), ("--confirm-delete-credentials", 1)], ids=["yes", "the number"])
def test_t9_a_script_is_not_asked(
    broker: Broker, file: Path, tmp_path: Path, slug: str, variables: dict[str, str], option: tuple[str, ...]
) -> None:
    run("apply", file, **variables)
    told = run("apply", write(tmp_path / "off.toml", OFF, slug), *option, **variables)
    assert (told.exit_code, local_holders_of(broker, slug)) == (0, frozenset())
    assert f"change tenants.{slug}.policy (local_enabled) - deletes the local credentials of 1 account" in told.stdout


def test_t9_another_number_is_refused(broker: Broker, file: Path, tmp_path: Path, slug: str, variables: dict[str, str]) -> None:
    run("apply", file, **variables)
    told = run("apply", write(tmp_path / "off.toml", OFF, slug), "--confirm-delete-credentials", 2, **variables)
    sentence = "this deletes the local credentials of 1 account; confirm with --confirm-delete-credentials 1."
    assert (told.exit_code, told.stderr.splitlines()[1]) == (1, sentence)
    assert len(local_holders_of(broker, slug)) == 1


def local_holders_of(broker: Broker, slug: str) -> frozenset[str]:
    tenant = broker.db.look_up(TENANT_BY_SLUG, slug=slug)[0]
    with broker.db.tenant(tenant.id).reading() as session:
        return local_holders(session)


def test_a_syntax_error_is_told_with_its_line(tmp_path: Path, slug: str, variables: dict[str, str]) -> None:
    told = run("apply", write(tmp_path / "x.toml", SMALL + "name = \n", slug), **variables)
    assert (told.exit_code, told.stderr) == (
        1,
        "Error: x.toml can't be applied:\nline 4, column 8: this is not TOML: invalid value.\n",
    )


def test_a_file_that_is_no_text_is_refused(tmp_path: Path, variables: dict[str, str]) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xff")
    told = run("apply", tmp_path / "x.toml", **variables)
    assert (told.exit_code, told.stderr) == (1, "Error: x.toml is not text in UTF-8.\n")


def test_a_tenant_cannot_take_the_main_host(tmp_path: Path, slug: str, variables: dict[str, str]) -> None:
    path = write(tmp_path / "x.toml", SMALL + 'address = "login.example"\n', slug)
    told = run("apply", path, **variables | {"BROKER_BASE_URL": "https://login.example"})
    assert "is the main host of this installation" in told.stderr


def test_a_new_sqlite_file_is_made_on_the_way(tmp_path: Path, slug: str) -> None:
    file = write(tmp_path / "tenants.toml", SMALL, slug)
    variables = environment(f"sqlite:///{tmp_path}/var/new/broker.db")
    told = run("apply", file, **variables)
    assert told.stdout == f"create tenants.{slug}\n1 change made.\n"
    assert run("apply", file, **variables).stdout == "Nothing to change.\n"


def test_password_rules_that_weaken_are_marked_each_time_with_the_reason(
    tmp_path: Path, slug: str, variables: dict[str, str]
) -> None:
    file = write(tmp_path / "x.toml", f'{LOCAL_ON}password = "l5c"\n', slug)
    marked = f"deviates tenants.{slug}.policy: kinds of characters are demanded: NIST 63B-4"
    for options in (["--dry-run"], [], []):
        lines = run("apply", *options, file, **variables).stdout.splitlines()
        (line,) = [line for line in lines if line.startswith("deviates")]
        assert line.startswith(marked)
    assert lines[-1] == "Nothing to change."
