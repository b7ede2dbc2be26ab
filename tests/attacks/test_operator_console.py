"""The operator console: first operator, sign-in, tenants from birth to the end of their quarantine; who may not get in."""

import re
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import func, select

from broker import create_app
from broker.background import _erase
from broker.operator.access import next_place
from broker.operator_link import first_link
from tenants import models
from tenants.accounts import Account
from tenants.audit import AuditEvent
from tenants.base import Base
from tenants.claims import JobClaim
from tenants.connections import Connection
from tenants.ids import digest
from tenants.operators import Operator, OperatorSession
from tenants.policies import TenantPolicy
from tenants.tenants import PlatformEvent, Tenant, TenantHost, TenantSettings
from tests import factories
from tests.browser import Browser
from tests.factories import Home
from tests.support.commands import environment, run
from tests.support.console import signed_in
from tests.support.manifests import Desk
from tests.support.routes import everything, of_nobody, places
from tests.support.rows import DOOR_PASSWORD, FACTORIES, operator, operator_session
from tests.support.stores import ON_SQLITE
from tests.support.wiring import ORIGIN, make_ports, make_settings

PASSWORD = "four grey herons over the weir"
EMAIL = "olga@login.example"


@pytest.fixture(scope="module")
def database_url(own_store):
    return own_store.url


@pytest.fixture(scope="module")
def app(own_store, clock):
    made = create_app(make_settings(own_store.url), ports=make_ports(clock))
    yield made
    made.extensions["broker"].db.dispose()


@pytest.fixture(scope="module")
def broker(app):
    return app.extensions["broker"]


@pytest.fixture
def browser(app):
    return Browser(app, ORIGIN)


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def olga(app, broker):
    """A browser in which an operator has just signed in."""
    return as_operator(app, broker)


def as_operator(app, broker, **values):
    made, secret = operator(anybody(broker), set_up_at=broker.ports.clock.now()), "s" * 40
    operator_session(anybody(broker), made.id, secret + made.id, **values)
    browser = Browser(app, ORIGIN)
    browser.client.set_cookie("operator", secret + made.id, domain="localhost")
    return browser


def anybody(broker):
    return Home(broker, "ten_x", "x", None, "org_x")


def deeds(broker):
    with broker.db.own_tables() as own:
        rows = own.scalars(select(PlatformEvent).where(PlatformEvent.event.is_not(None)).order_by(PlatformEvent.at))
        return [row.event for row in rows]


def row_of(broker, slug):
    with broker.db.own_tables() as own:
        return own.scalars(select(Tenant).where(Tenant.slug == slug)).first()


def code_on(browser, clock):
    seed = re.search(r"((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})", browser.words)[1].replace(" ", "")
    return seed, pyotp.TOTP(seed).at(clock.now())


def test_first_operator_sets_up_by_the_link_and_signs_in(app, broker, browser, clock):
    with broker.db.own_tables() as own:
        for row in own.scalars(select(Operator)):
            own.delete(row)
    older, link = first_link(broker), first_link(broker)
    assert Browser(app, ORIGIN).open(older).status == 404
    browser.open(link)
    seed, code = code_on(browser, clock)
    assert browser.submit(email=EMAIL, name="Olga", new_password="short", repeat_password="short", code=code).status == 400
    assert browser.submit(email=EMAIL, name="Olga", new_password=PASSWORD, repeat_password="other", code=code).status == 400
    browser.submit(email=EMAIL, name="Olga", new_password=PASSWORD, repeat_password=PASSWORD, code=code)
    assert browser.at == "/operator/?done=set_up"
    assert "Olga" in browser.words
    assert Browser(app, ORIGIN).open(link).status == 404
    assert first_link(broker) is None
    cookie = browser.client.get_cookie("operator", domain="localhost")
    assert (cookie.http_only, cookie.same_site) == (True, "Strict")

    clock.advance(minutes=1)
    other = Browser(app, ORIGIN).open("/operator/health")
    assert other.at.startswith("/operator/sign-in")
    wrong = ({"password": "no"}, {"code": "000000"}, {"email": "nobody@login.example"})
    right = {"email": EMAIL, "password": PASSWORD, "code": pyotp.TOTP(seed).at(clock.now())}
    said = set()
    for change in wrong:
        other.open("/operator/sign-in?next=/operator/health")
        said.add(other.submit(**(right | change)).words.replace("nobody@login.example", "").replace(EMAIL, ""))
        assert other.status == 403
    assert len(said) == 1
    assert other.submit(**right).at == "/operator/health"
    replay = Browser(app, ORIGIN).open("/operator/sign-in")
    assert replay.submit(**right).status == 403
    with broker.db.own_tables() as own:
        assert own.scalar(select(func.count()).select_from(Operator).where(Operator.totp_sealed.contains(seed))) == 0
    assert {"operator.set_up", "operator.signed_in", "operator.refused"} <= set(deeds(broker))
    other.open("/operator/")
    other.submit(press="Sign out")
    assert other.open("/operator/").at.startswith("/operator/sign-in")


def test_sign_in_pauses_after_ten_tries_whatever_is_typed(app, clock, olga):
    browser = Browser(app, ORIGIN)
    for _ in range(10):
        browser.open("/operator/sign-in")
        assert "Too many tries" not in browser.submit(email="victim@login.example", password="x", code="000000").words
    browser.open("/operator/sign-in")
    assert "Too many tries" in browser.submit(email="VICTIM@login.example", password="x", code="000000").words
    clock.advance(minutes=16)


def test_tenant_is_made_with_the_shared_ways_on_and_local_off_and_its_owner_comes_in(app, broker, clock, olga):
    olga.open("/operator/new")
    assert olga.submit(name="Northwind", slug="A B", owner="x", host="", domains="").status == 400
    olga.submit(name="Northwind", slug="northwind", owner="ada@northwind.example", host="", domains="northwind.example")
    assert "Northwind is there" in olga.words
    link, door = re.findall(r'data-value="([^"]+)"', olga.text)
    row = row_of(broker, "northwind")
    with broker.db.tenant(row.id).reading() as db:
        ways = {way.kind: way for way in db.scalars(select(Connection))}
        assert all(way.is_enabled and way.options["registration"] == "shared" for way in ways.values())
        assert set(ways) == {"entra", "google"}
        assert not TenantPolicy.model_validate(db.get_one(TenantSettings, (row.id, "settings")).policy).local_enabled
    page = Browser(app, ORIGIN).open("/t/northwind/sign-in")
    assert "Microsoft" in page.words
    assert "Password" not in page.words
    owner = Browser(app, ORIGIN).open(link).submit()
    owner.submit(new_password=DOOR_PASSWORD, repeat_password=DOOR_PASSWORD)
    seed = re.search(r"secret=([A-Z2-7]+)", owner.text) or re.search(r"((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})", owner.words)
    secret = seed[1].replace(" ", "")
    owner.submit(code=pyotp.TOTP(secret).at(clock.now()))
    clock.advance(minutes=1)
    entered = Browser(app, ORIGIN).open(door.removeprefix(ORIGIN))
    entered.submit(email="ada@northwind.example", password=DOOR_PASSWORD, code=pyotp.TOTP(secret).at(clock.now()))
    assert entered.at == "/t/northwind/console/"
    again = as_operator(app, broker).open("/operator/new")
    assert "already" in again.submit(name="N", slug="northwind", owner="a@b.example", host="", domains="").words
    assert "northwind" in again.open("/operator/?q=northw").words
    assert "Nothing was found" in again.open("/operator/?q=%25").words
    assert "Tenant: created" in again.open("/operator/log").words
    with broker.db.platform("a test lets a worker's job be done", clock.now()) as db:
        db.merge(JobClaim(id="token_keys", due_at=clock.now()))
    assert "Keys of tokens are renewed" in again.open("/operator/health").words
    for slug in ("tenant/northwind", "tenant/northwind/owner", "health", "operators"):
        assert again.open(f"/operator/{slug}").status == 200


def test_suspended_and_resumed(app, broker, home, olga):
    person = signed_in(app, home, "admin")
    olga.open(f"/operator/tenant/{home.slug}/suspend")
    assert olga.submit(press="Suspend").at == f"/operator/tenant/{home.slug}?done=suspended"
    assert person.get(f"{home.path}/console/", base_url=ORIGIN).status_code in {403, 503}
    olga.open(f"/operator/tenant/{home.slug}/suspend")
    assert olga.open(f"/operator/tenant/{home.slug}/suspend").submit(press="Suspend").status == 409
    olga.open(f"/operator/tenant/{home.slug}/resume")
    olga.submit(press="Resume")
    broker.ports.clock.advance(seconds=3)
    assert person.get(f"{home.path}/console/", base_url=ORIGIN).status_code == 200


def test_ti04_deleted_tenant_is_hidden_taken_back_erased_and_its_names_are_quarantined(app, broker, clock, tmp_path):
    home = factories.tenant(broker, host=f"login.{factories.new_id('h')[2:10]}.example")
    for factory in FACTORIES.values():
        factory(home)
    other = factories.tenant(broker)
    factories.account(other)
    url, address = f"/operator/tenant/{home.slug}", f"http://{home.host}:8000"
    olga = as_operator(app, broker).open(f"{url}/delete")
    assert olga.submit(typed="something").status == 400
    olga.submit(typed=home.slug)
    clock.advance(seconds=3)
    assert app.test_client().get("/sign-in", base_url=address).status_code == 404
    olga.open(f"{url}/take-back").submit(press="Take it back")
    olga.open(f"{url}/resume").submit(press="Resume")
    clock.advance(seconds=3)
    assert app.test_client().get("/sign-in", base_url=address).status_code in {200, 302, 303}

    olga.open(f"{url}/delete").submit(typed=home.slug)
    assert not _erase(broker)
    assert "was deleted" in applied(broker, home.slug, tmp_path)
    clock.advance(days=31)
    while _erase(broker):
        pass
    assert row_of(broker, home.slug) is None
    with broker.db.platform("a test looks for what is left", clock.now()) as db:
        left = {
            model.__name__: db.scalar(select(func.count()).where(model.tenant_id == home.id)) for model in models.TENANT_CLASSES
        }
        assert {name: count for name, count in left.items() if count} == {}
        assert db.scalar(select(func.count()).where(Account.tenant_id == other.id)) == 1
        assert db.get(TenantHost, home.host) is None
    again = as_operator(app, broker).open("/operator/new")
    words = again.submit(name="A", slug=home.slug, owner="a@b.example", host="", domains="").words
    assert "had this name" in words
    assert "had this name" in again.open("/operator/new").submit(
        name="A", slug="another", owner="a@b.example", host=home.host, domains=""
    ).words  # fmt: skip
    assert "is free again" in applied(broker, home.slug, tmp_path)
    clock.advance(days=91)
    again = as_operator(app, broker).open("/operator/new")
    assert "is there" in again.submit(name="A", slug=home.slug, owner="a@b.example", host="", domains="").words
    assert "tenant.erased" in deeds(broker)


def applied(broker, slug, tmp_path):
    """What stands against a file with a tenant of this name."""
    desk = Desk(broker.db, tmp_path, slug, broker.ports.clock.now(), vault=broker.vault)
    return " ".join(desk.faults(f'[tenants.{slug}]\nname = "Again"\n'))


@ON_SQLITE
def test_ac10_tenants_admin_finds_no_operator_console_and_an_operator_no_tenant(app, broker, home, olga):
    admin, stranger = signed_in(app, home, "owner"), app.test_client()
    values = of_nobody(app) | {"slug": [home.slug]}
    asked = [place for place in places(app, values) if place.endpoint.startswith("operator.")]
    assert len(asked) > 25
    for place in asked:
        under_tenant = admin.open(f"{home.path}{place.path}", method=place.method, base_url=ORIGIN)
        assert under_tenant.status_code == 404 or place.path == "/", place
        for client in (admin, stranger):
            answer = client.open(place.path, method=place.method, base_url=ORIGIN)
            assert answer.status_code in {303, 403, 404, 400, 200}, place
            assert home.canary not in everything(answer), place
            if answer.status_code == 200:
                assert place.endpoint in {"operator.sign_in", "finder.front"} or place.path == "/", place
    for path in ("/console/", "/account/", "/"):
        answer = olga.client.get(f"{home.path}{path}", base_url=ORIGIN)
        assert answer.status_code in {302, 303}, path
        assert "/sign-in" in answer.headers["Location"]


@ON_SQLITE
def test_ac10_roles_and_fields_that_nobody_asked_for_are_ignored(app, broker, home):
    admin = signed_in(app, home, "admin")
    admin.set_cookie("operator", "opr_x", domain="localhost")
    for value in ("true", "1"):
        admin.get(f"{home.path}/console/?is_operator={value}&operator={value}", base_url=ORIGIN)
    assert admin.get("/operator/", base_url=ORIGIN).status_code == 303
    olga = as_operator(app, broker).open("/operator/operators/new")
    form = {"email": "otto@login.example", "is_disabled": "true", "set_up_at": "2020-01-01", "id": "opr_mine", "name": "Root"}
    token = next(form.fields["csrf_token"].value for form in olga.page.forms if "email" in form.fields)
    answer = olga.client.post("/operator/operators/new", base_url=ORIGIN, data=form | {"csrf_token": token})
    assert answer.status_code == 200
    with broker.db.own_tables() as own:
        row = own.scalars(select(Operator).where(Operator.email_key == "otto@login.example")).one()
        assert (row.is_disabled, row.set_up_at, row.name, row.id == "opr_mine") == (False, None, "", False)


@ON_SQLITE
def test_se10_posts_without_a_token_or_from_elsewhere_change_nothing(app, broker, home, olga):
    for headers, form in (
        ({}, {}),
        ({"Origin": "https://evil.example"}, {"csrf_token": "x"}),
        ({"Sec-Fetch-Site": "cross-site"}, {}),
    ):
        answer = olga.client.post(f"/operator/tenant/{home.slug}/suspend", base_url=ORIGIN, data=form, headers=headers)
        assert answer.status_code in {400, 403}
    assert row_of(broker, home.slug).status == "active"


@ON_SQLITE
def test_ac07_old_proof_and_ended_sessions_do_nothing(app, broker, clock, home):
    old = as_operator(app, broker, proven_at=clock.now() - timedelta(minutes=11))
    assert old.open(f"/operator/tenant/{home.slug}").status == 200
    assert old.open(f"/operator/tenant/{home.slug}/suspend").at.startswith("/operator/confirm")
    values = of_nobody(app) | {"slug": [home.slug]}
    harmless = {"operator.enter", "operator.finish_set_up", "operator.confirmed", "operator.sign_out"}
    token = next(form.fields["csrf_token"].value for form in old.page.forms if "csrf_token" in form.fields)
    for place in places(app, values):
        if place.endpoint.startswith("operator.") and place.method == "POST" and place.endpoint not in harmless:
            answer = old.client.post(place.path, base_url=ORIGIN, data={"csrf_token": token})
            assert answer.headers.get("Location", "").startswith("/operator/confirm"), place
    for values in ({"last_seen_at": clock.now() - timedelta(minutes=31)}, {"expires_at": clock.now()}):
        assert as_operator(app, broker, **values).open("/operator/").at.startswith("/operator/sign-in")


@ON_SQLITE
def test_switched_off_operator_is_out_at_once_and_the_last_one_stays(app, broker):
    olga, otto = as_operator(app, broker), as_operator(app, broker)
    with broker.db.own_tables() as own:
        mine, others = (
            own.scalars(select(OperatorSession.operator_id).where(OperatorSession.id == digest(cookie(one)))).one()
            for one in (olga, otto)
        )
    olga.open(f"/operator/operators/{others}").submit(press="Switch off")
    assert otto.open("/operator/").at.startswith("/operator/sign-in")
    with broker.db.own_tables() as own:
        for row in own.scalars(select(Operator).where(Operator.id != mine)):
            row.is_disabled = True
    assert "Nobody could sign in here any more" in olga.open(f"/operator/operators/{mine}").submit(press="Switch off").words
    olga.open(f"/operator/operators/{others}").submit(press="Switch on")
    assert {"operator.disabled", "operator.enabled"} <= set(deeds(broker))


def cookie(browser):
    return browser.client.get_cookie("operator", domain="localhost").value


@pytest.mark.parametrize(
    "text", ["//evil.example", "https://evil.example", "/operator//x", "/operator/\\x", "/t/acme/", "/operator/\n", ""]
)
def test_rt06_nothing_leads_out_of_the_console(text):
    assert next_place(text) == "/operator/"


@ON_SQLITE
def test_console_is_not_on_a_host_with_tenants_and_is_alone_on_its_own(own_store, broker, clock, home):
    def asked(path, host, **settings):
        made = create_app(
            make_settings(own_store.url, allow_operator_beside_tenants=False, **settings), ports=make_ports(clock)
        )
        answer = made.test_client().get(path, base_url=f"http://{host}:8000")
        made.extensions["broker"].db.dispose()
        return answer.status_code

    assert asked("/operator/sign-in", "localhost") == 404
    assert asked("/operator/sign-in", "operator.example", operator_host="operator.example") == 200
    assert asked("/", "operator.example", operator_host="operator.example") == 303
    assert asked(f"{home.path}/sign-in", "operator.example", operator_host="operator.example") == 404
    assert asked("/operator/sign-in", "localhost", operator_host="operator.example") == 404
    assert asked(f"{home.path}/operator/", "localhost", operator_host="operator.example") == 404


@ON_SQLITE
def test_command_makes_links_and_serve_refuses_a_tenants_host(own_store, broker):
    factories.tenant(broker, host="taken.example")
    variables = environment(own_store.url)
    assert "/operator/set-up/" in run("operator", "invite", "oscar@login.example", **variables).output
    operator(anybody(broker), set_up_at=broker.ports.clock.now())
    assert run("operator", "invite", **variables).exit_code == 1
    refused = run("serve", **variables, BROKER_OPERATOR_HOST="taken.example")
    assert "BROKER_OPERATOR_HOST is a tenant's host" in refused.output


def test_classes_of_tenants_are_all_erased():
    tables = {model.__table__ for model in models.TENANT_CLASSES}
    assert {table for table in Base.metadata.sorted_tables if "tenant_id" in table.primary_key.columns} == tables
    assert AuditEvent.__table__ in tables
