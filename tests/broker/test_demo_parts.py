"""The demo's own parts: ports, kept secrets, the tenants file, the start page."""

import socket
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest

from broker.demo.helper import PROVIDERS, make_helper
from broker.demo.kept import load_or_make
from broker.demo.launch import check_ports, launch, prepare
from broker.demo.people import DIRECTORY_PEOPLE, GOOGLE_PEOPLE, LOCAL_PEOPLE, STAFF, WORKSPACE, LocalPerson
from broker.demo.places import DemoError, Places, places_from
from broker.demo.relying_party import Memory
from broker.demo.run_broker import HARBOUR
from broker.demo.saml.metadata import metadata
from broker.demo.saml.rolling import Rolling
from broker.demo.tenants_file import write_tenants_file
from broker.system import SystemClock
from broker.upstream.saml_parts.provider import from_metadata
from tenants.guessing import context_words
from tenants.passwords import PRESETS, check_password
from tests.browser import Browser
from tests.support.clock import FakeClock
from tests.support.demo import free_ports


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = places_from({"PORT": str(free_ports()), "DEMO_FOLDER": str(tmp_path)})
    made.data.mkdir()
    return made


@pytest.fixture
def taken(places: Places) -> Iterator[int]:
    """A port of the demo that another program listens on."""
    with socket.create_server(("127.0.0.1", places.port + 2)):
        yield places.port + 2


def tenants_of(places: Places) -> dict[str, dict[str, dict[str, object]]]:
    write_tenants_file(places, load_or_make(places.data))
    files = (places.tenants_file, HARBOUR)
    return {slug: one for file in files for slug, one in tomllib.loads(file.read_text(encoding="utf-8"))["tenants"].items()}


def test_demo_is_at_8000_unless_told_otherwise() -> None:
    places = places_from({"PORT": ""})
    assert places.broker == "http://localhost:8000"
    assert places.data.parts[-3:] == ("var", "demo", "8000")


def test_port_moves_everything() -> None:
    places = places_from({"PORT": "9000"})
    assert places.tenant("acme") == "http://localhost:9000/t/acme"
    assert [places.entra, places.travel, places.desk, places.helper, places.google, places.works] == [
        f"http://127.0.0.1:{port}" for port in range(9001, 9007)
    ]
    assert (places.mail_port, places.mailbox) == (9007, "http://127.0.0.1:9008")
    assert places.payroll == "http://127.0.0.1:9009"
    assert (places.shifts, places.kudos) == ("http://127.0.0.1:9010", "http://127.0.0.1:9011")
    assert places.ports == range(9000, 9012)
    assert places.data.name == "9000"


@pytest.mark.parametrize("port", ["eighty", "80", "65533", "-1", "8000.5", "٨٠٠٠"])
def test_impossible_port_is_named_in_one_sentence(port: str) -> None:
    with pytest.raises(DemoError, match="PORT has to be a number from 1024 to 65524"):
        places_from({"PORT": port})


def test_free_ports_are_fine(places: Places) -> None:
    check_ports(places)


def test_port_in_use_is_named_with_one_that_is_free(places: Places, taken: int) -> None:
    with pytest.raises(DemoError, match=rf"^Port {taken} is in use by another program, try PORT=\d+ make demo\.$"):
        check_ports(places)


def test_demo_on_a_port_in_use_ends_with_the_sentence_alone(
    places: Places, taken: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert launch({"PORT": str(places.port), "DEMO_FOLDER": str(places.data.parent), "RESET": "1"}) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"Port {taken} is in use")
    assert len(shown.err.splitlines()) == 1


def test_port_in_use_resets_nothing(places: Places, taken: int) -> None:
    (places.data / "broker.sqlite3").write_text("kept")
    launch({"PORT": str(places.port), "DEMO_FOLDER": str(places.data.parent), "RESET": "1"})
    assert (places.data / "broker.sqlite3").read_text() == "kept"


def test_broken_secrets_are_named_in_one_sentence(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    (places.data / "secrets.json").write_text("{")
    assert launch({"PORT": str(places.port), "DEMO_FOLDER": str(places.data.parent)}) == 1
    assert "RESET=1 make demo starts over" in capsys.readouterr().err


def test_secrets_stay_the_same_and_are_nobody_elses(places: Places) -> None:
    first = load_or_make(places.data)
    assert load_or_make(places.data) == first
    assert (places.data / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_folders_have_different_secrets(places: Places, tmp_path: Path) -> None:
    first, second = load_or_make(places.data), load_or_make(tmp_path)
    assert first.master_key != second.master_key
    assert set(first.totp_seeds.values()).isdisjoint(second.totp_seeds.values())


def test_start_keeps_what_is_there(places: Places) -> None:
    kept = prepare(places, start_over=False)
    places.database.write_text("kept")
    assert prepare(places, start_over=False) == kept
    assert places.database.read_text() == "kept"


def test_starting_over_leaves_nothing(places: Places) -> None:
    kept = prepare(places, start_over=False)
    places.database.write_text("gone")
    assert prepare(places, start_over=True).master_key != kept.master_key
    assert not places.database.exists()


def test_tenants_file_points_at_the_peers(places: Places) -> None:
    acme = tenants_of(places)["acme"]
    assert acme["connections"]["entra"]["authority_host"] == places.entra
    assert acme["applications"]["travel"]["redirect_uris"] == [f"{places.travel}/callback/acme"]
    assert acme["applications"]["desk"]["redirect_uris"] == [f"{places.desk}/callback/acme"]
    assert (places.data / str(acme["branding"]["logo"])).exists()


def test_tenants_file_knows_google_and_the_company_login(places: Places) -> None:
    union = tenants_of(places)["union"]
    google, works = union["connections"]["google"], union["connections"]["works"]
    assert (google["authority"], google["domains"]) == (places.google, [WORKSPACE])
    assert works["metadata_url"] == f"{places.works}/metadata"
    known = from_metadata(metadata(places.works, Rolling(load_or_make(places.data).works_keys)))
    assert known.entity_id == f"{places.works}/metadata"
    assert known.sso == {"redirect": f"{places.works}/sso", "post": f"{places.works}/sso"}
    today, old = known.ends
    assert old < SystemClock().now() < today


def test_tenants_file_has_the_sample_accounts(places: Places) -> None:
    tenants = tenants_of(places)
    expected = {
        (person.tenant, person.email): (f"DEMO_{person.key}_PASSWORD", f"DEMO_{person.key}_TOTP") for person in LOCAL_PEOPLE
    }
    assert {
        (slug, email): (account["password"]["env"], account["totp_secret"]["env"])
        for slug, tenant in tenants.items()
        for email, account in tenant.get("accounts", {}).items()
        if "password" in account
    } == expected


@pytest.mark.parametrize("person", LOCAL_PEOPLE, ids=lambda person: person.key)
def test_sample_password_keeps_the_rules_of_its_tenant(places: Places, person: LocalPerson) -> None:
    tenant = tenants_of(places)[person.tenant]
    policy = PRESETS[tenant["policy"].get("password", "nist")]
    context = context_words(str(tenant["name"]), tenant.get("domains", {}), [person.name], person.email.partition("@")[0])
    broken = [line.code for line in check_password(policy, person.password, context) if not line.met]
    assert broken == []


def test_start_page_shows_the_codes_of_now(places: Places) -> None:
    clock = FakeClock()
    clock.advance(seconds=12)
    seeds = load_or_make(places.data).totp_seeds
    browser = Browser(make_helper(places, seeds, clock), places.helper).open("/")
    for person in LOCAL_PEOPLE:
        assert person.email in browser.words
        assert person.password in browser.words
        code = pyotp.TOTP(seeds[person.email]).at(clock.now())
        assert f"{code[:3]} {code[3:]}" in browser.words
    assert "new in 18 s" in browser.words
    assert browser.response.headers["Refresh"] == "19"


@pytest.mark.parametrize(
    ("secret", "shown"),
    [("GEZD GNBV gy3t qojq GEZDGNBVGY3TQOJQ", True), ("GEZDGNBVGY3TQOJQ1", False), ("é", False)],
    ids=["as shown", "no base32", "no ASCII"],
)
def test_start_page_shows_the_code_of_a_secret_of_ones_own(places: Places, secret: str, shown: bool) -> None:
    clock = FakeClock()
    browser = Browser(make_helper(places, load_or_make(places.data).totp_seeds, clock), places.helper).open("/")
    browser.submit(secret=secret)
    code = pyotp.TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").at(clock.now())
    assert (f"{code[:3]} {code[3:]}" in browser.words) is shown
    assert ("This is no secret of an authenticator app." in browser.words) is not shown


def test_start_page_links_everything(places: Places) -> None:
    browser = Browser(make_helper(places, load_or_make(places.data).totp_seeds, FakeClock()), places.helper).open("/")
    linked = {link.href for link in browser.page.links}
    wanted = {places.travel, places.desk, places.payroll, places.shifts, places.kudos}
    wanted |= {places.entra, places.google, places.works}
    assert wanted | {f"{places.tenant(slug)}/sign-in" for slug in ("acme", "lumen", "union", "brightwater")} <= linked
    assert all(person.email in browser.words for person in (*DIRECTORY_PEOPLE, *GOOGLE_PEOPLE, *STAFF))


def test_start_page_lists_every_switch_with_the_page_that_it_leads_to(places: Places) -> None:
    browser = Browser(make_helper(places, load_or_make(places.data).totp_seeds, FakeClock()), places.helper).open("/")
    for switch in (switch for provider in PROVIDERS for switch in provider.switches):
        who = f" with {switch.who}" if switch.who else ""
        assert f"{switch.label}{who}" in browser.words
        assert f"{switch.page} {switch.cause or 'none'}" in browser.words


def test_memory_lets_the_oldest_go() -> None:
    memory = Memory(capacity=2)
    for key in "abc":
        memory.set(key, key)
    assert [memory.get(key) for key in "abc"] == [None, "b", "c"]
    memory.delete("b")
    assert memory.get("b") is None
