"""`broker connection draft`, `activate`, `switch` and their like: what they refuse, what they write down, what they seal."""

import json

import pytest
from sqlalchemy import select

from tenants.audit import Event
from tenants.connection_versions import ConnectionVersion
from tenants.connections import Connection
from tenants.vault import Place, VaultError
from tenants.version_keeping import Keeping, VersionError, place_of_secrets
from tests import factories
from tests.support import steps
from tests.support.commands import environment, run
from tests.support.testing_ways import command_of, done, draft, versions_of


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def way(home):
    return factories.connection(home, "sso", provisioning="existing")


@pytest.fixture
def command(home, database_url):
    return command_of(home, database_url)


def sealed(home):
    """The connection's secrets, opened where they stand, and those of each version."""
    vault = home.broker.vault
    with home.db.reading() as db:
        row = db.scalars(select(Connection)).one()
        rows = db.scalars(select(ConnectionVersion).order_by(ConnectionVersion.number)).all()
    place = Place(home.id, "connections", "secrets_sealed", row.id)
    opened = [json.loads(vault.open(one.secrets_sealed, place_of_secrets(home.id, one.id))) for one in rows]
    with pytest.raises(VaultError):
        vault.open(rows[0].secrets_sealed, place)
    return json.loads(vault.open(row.secrets_sealed, place)), opened


def test_secrets_are_sealed_anew_for_each_place_and_told_nowhere(home, way, command, tmp_path):
    old, new = f"secret-{home.canary}", "another-secret-0123456789"
    (tmp_path / "new").write_text(new, encoding="utf-8")
    draft(command, tmp_path, "sso", client_secret={"file": "new"}, client_id="renamed")
    assert sealed(home) == ({"client_secret": old}, [{"client_secret": old}, {"client_secret": new}])
    told = done(command("compare", "sso", "1", "2")) + done(command("activate", "sso", "2", "--untested"))
    assert "client_secret: changed" in told
    assert sealed(home)[0] == {"client_secret": new}
    done(command("roll-back", "sso", "1"))
    assert sealed(home) == ({"client_secret": old}, [{"client_secret": one} for one in (old, new, old)])
    log = str([one.detail for one in steps.events(home)]) + told + done(command("show", "sso", "--version", "2"))
    assert not any(secret in log for secret in (old, new))
    changed = steps.events(home, Event.CONFIGURATION_CHANGED)
    by_what = {one.detail["what"]: one.detail for one in changed}
    assert set(by_what) == {"draft saved", "activated untested", "rolled back to 1"}
    assert by_what["activated untested"]["before client_id"] == home.canary
    assert by_what["activated untested"]["after client_id"] == "renamed"
    assert by_what["activated untested"]["fields"] == "client_id, client_secret"


def test_what_can_not_be_done_is_one_sentence(home, way, command, database_url, tmp_path):
    """One loop over mistakes: each ends with 1, one line, and nothing written."""
    file = tmp_path / "draft.toml"
    number = draft(command, tmp_path, "sso", client_id="b")
    cases = (
        (("show", "nothing"), "", "no such connection"),
        (("show", "sso", "--version", 9), "", "no version 9"),
        (("activate", "sso", number), "", "No test sign-in"),
        (("activate", "sso", 1), "", "in force already"),
        (("roll-back", "sso", number), "", "was never in force"),
        (("roll-back", "sso", 1), "", "is in force"),
        (("test", "sso", "--version", 9), "", "no version 9"),
        (("draft", "sso", file), "client_id =", "this is not TOML"),
        (("draft", "sso", file), 'clientid = "x"', "clientid: is not known here. Did you mean client_id?"),
        (("draft", "sso", file), "enabled = true", "broker connection switch"),
        (("draft", "sso", file), 'kind = "saml"', "is oidc and stays so"),
        (("draft", "sso", file), 'client_secret = "canary"', "a secret never stands in this file"),
        (("draft", "sso", file), 'issuer = "ftp://x"', "issuer"),
        (("draft", "new", file), 'label = "New"', "kind: must be one of"),
        (("draft", "new", file), 'kind = "oidd"\nlabel = "New"', "Did you mean oidc?"),
        (("draft", "local", file), 'kind = "oidc"\nlabel = "New"', "reserved"),
    )
    for arguments, text, words in cases:
        file.write_text(text, encoding="utf-8")
        told = command(*arguments)
        assert (told.exit_code, words in told.stderr) == (1, True), (arguments, text, told.output)
        assert "Traceback" not in told.output, arguments
        assert "canary" not in told.output.replace(home.canary, ""), arguments
    assert versions_of(home) == [(1, "active"), (2, "draft")]
    nobody = run("connection", "list", "nobody", **environment(database_url))
    assert (nobody.exit_code, "no such tenant" in nobody.stderr) == (1, True)
    assert "No connection" in run("connection", "list", factories.tenant(home.broker).slug, **environment(database_url)).stdout


def test_the_last_way_in_is_not_switched_off(home, way, command):
    """AC-06: what an admin can still enter by stays, unless there is another."""
    factories.account(home, role="owner", with_password=False, with_totp=False)
    refused = command("switch", "sso", "off")
    assert (refused.exit_code, "No owner or admin would have a way in" in refused.stderr) == (1, True)
    factories.account(home, role="admin")
    assert done(command("switch", "sso", "off")).startswith("sso is off.\n")
    assert done(command("switch", "sso", "off")).startswith("sso was off already.\n")
    done(command("switch", "sso", "on"))
    assert [one.detail["what"] for one in steps.events(home, Event.CONFIGURATION_CHANGED)] == ["switched off", "switched on"]


def test_looks_amend_the_version_in_force_and_the_rest_makes_a_new_one(home, way):
    """For whoever changes values at once with a proof of their own, such as a console."""
    with home.db.writing() as session:
        work = Keeping(session, home.broker.vault, "acc_1", home.now)
        row = work.locked("sso")
        values = work.present_values(row)
        looks = work.put_in_force(row, type(values)({**values.config, "label": "New label"}, values.secrets))
        assert (looks.number, looks.config["label"], row.label, row.version) == (1, "New label", "New label", 1)
        wider = type(values)({**looks.config, "provisioning": "just_in_time"}, values.secrets)
        assert (work.put_in_force(row, wider).number, row.provisioning, row.version) == (2, "just_in_time", 2)
        with pytest.raises(VersionError, match="no such connection"):
            work.locked("nothing")
        with pytest.raises(VersionError, match="key already"):
            work.add_connection("sso", "oidc", values)
    assert versions_of(home) == [(1, "retired"), (2, "active")]


def test_a_connection_whose_key_is_lost_can_still_be_switched_and_set_anew(home, way, command, tmp_path):
    home.change(Connection, way.id, secrets_sealed="v1.lost.AAAA")
    done(command("switch", "sso", "off"))
    refused = command("draft", "sso", _empty(tmp_path))
    assert (refused.exit_code, "client_secret" in refused.stderr) == (1, True)
    (tmp_path / "new").write_text("another-secret", encoding="utf-8")
    number = draft(command, tmp_path, "sso", client_secret={"file": "new"})
    assert "client_secret: changed" in done(command("activate", "sso", number, "--untested"))


def test_who_changes_what_a_file_has_is_told(home, command, tmp_path):
    factories.connection(home, "sso", is_file_managed=True)
    number = draft(command, tmp_path, "sso", "--note", "for the move", client_id="b")
    assert "broker apply" in command("activate", "sso", number, "--untested").stderr
    assert "by operator, in force since" in done(command("versions", "sso"))
    assert "for the move" in done(command("versions", "sso"))
    assert draft(command, tmp_path, "sso", "--from", "1", label="Back") == 3
    assert "client_id: b" in done(command("compare", "sso", "3"))


def _empty(folder):
    (folder / "draft.toml").write_text("", encoding="utf-8")
    return folder / "draft.toml"
