"""Applications in the console: added, set up part by part, given to people, removed."""

import re
from io import BytesIO

import pytest
from PIL import Image

from tenants.applications import Application
from tenants.audit import Event
from tenants.connections import Connection
from tenants.ids import digest
from tests import factories
from tests.support import steps
from tests.support.meanwhile import after_look
from tests.support.relying_party import RelyingParty
from tests.support.rows import stored
from tests.support.wiring import ORIGIN

CLAIMS = 'department = organization in hr, id_token\nplan = "gold"'


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home, role="owner")


def at(home, path=""):
    return f"{home.path}/console/applications{path}"


def copied(at_home) -> dict[str, str]:
    return dict(re.findall(r'id="([\w-]+)" data-value="([^"]+)"', at_home.text))


def row(home, **values) -> Application:
    return stored(home, Application, **values)[0]


def part(at_home, home, key, which, **values):
    return at_home.open(at(home, f"/{key}/part/{which}")).submit(values, press="Save")


def test_rule_names_no_connection_that_was_deleted_meanwhile(home, at_home):
    """Whoever gets its key later would be accepted in its place."""
    way = factories.connection(home)
    factories.application(home, key="travel")
    steps.notice(home)
    at_home.open(at(home, "/travel/part/rules"))

    def delete():
        with home.db.writing() as db:
            db.delete(db.get_one(Connection, (home.id, way.id)))

    with after_look(home, "sessions", delete):
        at_home.submit({"connections": way.key}, press="Save")
    assert (at_home.status, "changed this meanwhile" in at_home.words) == (409, True)
    assert row(home, key="travel").accepted_connections == []


def test_rule_names_no_connection_that_never_was(home, at_home):
    factories.application(home, key="travel", accepted_connections=["local"])
    at_home.open(at(home, "/travel/part/rules"))
    fields = {name: at_home.page.forms[-1].fields[name].value for name in ("csrf_token", "seen")}
    at_home.post(at_home.url, fields | {"connections": ["local", "not-there-yet"]})
    said = "One of these connections does not exist any more. Choose from those that are listed."
    assert (at_home.status, said in at_home.words) == (422, True)
    assert row(home, key="travel").accepted_connections == ["local"]
    at_home.post(at_home.url, fields | {"connections": []})
    assert row(home, key="travel").accepted_connections == []


def test_a_web_application_gets_a_secret_that_is_shown_once(home, at_home, app):
    at_home.open(at(home)).follow("Add an application")
    at_home.submit(name="Travel Expenses", kind="web", addresses="https://travel.example/cb\nhttps://travel.example/cb2")
    values = copied(at_home)
    made = row(home, name="Travel Expenses")
    assert made.key == "travel-expenses"
    assert made.client_id == values["client-id"]
    assert made.secret_hash == digest(values["secret"])
    assert made.redirect_uris == ["https://travel.example/cb", "https://travel.example/cb2"]
    assert values["secret"] not in at_home.open(at(home, "/travel-expenses")).text
    assert values["secret"] not in str([event.detail for event in steps.events(home)])

    party = RelyingParty(app, home, made, values["secret"]).signed_in()
    assert party.tokens()["id_token"], "it works at once"

    at_home.open(at(home, "/travel-expenses")).follow("Make a new secret…")
    again = at_home.page.forms[-1].fields["seen"].value
    at_home.submit({}, press="Make a new secret")
    assert copied(at_home)["secret"] != values["secret"]
    token = at_home.open(at(home, "/travel-expenses/secret")).page.forms[-1].fields["csrf_token"].value
    kept = row(home, key="travel-expenses").secret_hash
    at_home.post(at(home, "/travel-expenses/secret"), {"csrf_token": token, "seen": again})
    assert row(home, key="travel-expenses").secret_hash == kept, "a page that is sent twice makes one secret"


def test_keys_stay_and_do_not_collide(home, at_home):
    for _ in range(2):
        at_home.open(at(home, "/new")).submit(name="Ärger & Co", kind="public", addresses="https://a.example/cb")
    assert {one.key for one in stored(home, Application)} == {"rger-co", "rger-co-2"}
    part(at_home, home, "rger-co", "basics", name="Renamed")
    assert row(home, name="Renamed").key == "rger-co"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"name": "", "addresses": "https://a.example/cb"}, "This is needed."),
        ({"name": "A", "addresses": ""}, "This is needed."),
        ({"name": "A", "addresses": "javascript:alert(1)"}, "javascript:alert(1)"),
        ({"name": "A", "addresses": "https://*.a.example/cb"}, "https://*.a.example/cb"),
        ({"name": "A", "addresses": "https://a.example/cb#x"}, "https://a.example/cb#x"),
        ({"name": "A", "kind": "saml", "entity_id": "", "addresses": "https://a.example/acs"}, "Must be one word"),
        (
            {"name": "A", "kind": "saml", "entity_id": "urn:a", "addresses": "https://a.example/acs", "certificates": "no"},
            "certificate",
        ),
    ],
)
def test_od02_what_can_not_be_is_told_and_nothing_is_made(home, at_home, values, told):
    page = at_home.open(at(home, "/new")).submit({"kind": "web"} | values)
    assert page.status == 422
    assert told in page.text
    assert stored(home, Application) == []


def test_parts_are_set_one_by_one_and_keep_each_other(home, at_home):
    made = factories.application(home)
    part(
        at_home,
        home,
        made.key,
        "tokens",
        claims='department = organization in hr, id_token\nplan = "gold"',
        scopes="openid\nhr",
    )
    part(at_home, home, made.key, "rules", second_factor="yes", sign_in_minutes="15")
    part(at_home, home, made.key, "logout", backchannel_logout_uri="https://travel.example/bye")
    kept = row(home, key=made.key)
    assert {rule["name"] for rule in kept.claims} == {"department", "plan"}
    assert (kept.is_factor_demanded, kept.sign_in_minutes) == (True, 15)
    assert kept.backchannel_logout_uri == "https://travel.example/bye"
    assert kept.secret_hash == made.secret_hash
    assert "department = organization in hr, id_token" in at_home.open(at(home, f"/{made.key}/part/tokens")).text.replace(
        "&#34;", '"'
    )
    events = steps.events(home, Event.CONFIGURATION_CHANGED)
    event = next(one for one in events if "backchannel" in one.detail["fields"])
    assert event.application_id == made.id
    assert event.detail["after backchannel_logout_uri"] == "https://travel.example/bye"


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [
        ("tokens", {"claims": "sub = email"}, "sub"),
        ("tokens", {"claims": "nonsense"}, "This line can’t be read: nonsense"),
        ("tokens", {"access_token_minutes": "600"}, "less than or equal to 60"),
        ("tokens", {"access_token_minutes": "soon"}, "soon"),
        ("sign-in", {"redirect_uris": "http://a.example/cb"}, "http://a.example/cb"),
        ("logout", {"backchannel_logout_uri": "http://10.0.0.1/"}, "http://10.0.0.1/"),
    ],
)
def test_od08_wrong_values_are_told_at_their_field(home, at_home, name, values, told):
    made = factories.application(home)
    page = part(at_home, home, made.key, name, **values)
    assert page.status == 422
    assert page.title.startswith("Error: ")
    assert told in page.text
    assert row(home, key=made.key).claims is None


def test_changing_how_it_proves_itself_drops_or_makes_the_secret(home, at_home):
    made = factories.application(home)
    part(at_home, home, made.key, "sign-in", client_auth="none")
    assert row(home, key=made.key).secret_hash is None
    part(at_home, home, made.key, "sign-in", client_auth="client_secret_post")
    assert row(home, key=made.key).secret_hash == digest(copied(at_home)["secret"])


def test_two_who_change_the_same_part_are_told(home, at_home):
    made = factories.application(home)
    at_home.open(at(home, f"/{made.key}/part/basics"))
    home.change(Application, made.id, name="Somebody else's")
    page = at_home.submit({"name": "Mine"}, press="Save")
    assert page.status == 409
    assert row(home, key=made.key).name == "Somebody else's"


def test_people_are_named_and_taken_back(home, at_home, ada):
    made = factories.application(home)
    jane = factories.account(home)
    part(at_home, home, made.key, "people", assigned_only="yes")
    at_home.open(at(home, f"/{made.key}/people"))
    assert at_home.submit({"email": "nobody@nowhere.example"}, press="Name this person").status == 422
    at_home.submit({"email": jane.email}, press="Name this person")
    assert jane.email in at_home.words
    at_home.submit({}, press=f"Take back {jane.email}")
    assert "Nobody is named" in at_home.words
    kinds = [event.event for event in steps.events(home)]
    assert Event.APPLICATION_ASSIGNED in kinds
    assert Event.APPLICATION_UNASSIGNED in kinds


def test_a_service_provider_is_added_and_told_attributes(home, at_home):
    at_home.open(at(home, "/new")).submit(
        name="Wiki", kind="saml", entity_id="https://wiki.example/saml", addresses="https://wiki.example/acs"
    )
    part(at_home, home, "wiki", "tokens", attributes='mail = email\nplan = "gold"', name_id="email")
    kept = row(home, key="wiki")
    assert (kept.saml["name_id"], kept.saml["acs"]) == ("email", [["https://wiki.example/acs", 0, True]])
    assert [one[0] for one in kept.saml["attributes"]] == ["mail", "plan"]
    jane = factories.account(home)
    shown = at_home.open(at(home, f"/wiki?email={jane.email}")).words
    assert "Nobody has confirmed the address: the person is refused" in shown
    assert "Left out, as nobody has confirmed the address" in shown
    part(at_home, home, "wiki", "tokens", unproven_email="yes")
    shown = at_home.open(at(home, f"/wiki?email={jane.email}")).words
    assert ("It is told addresses that nobody has proven" in shown, f'"NameID": "{jane.email}"' in shown) == (True, True)
    part(at_home, home, "wiki", "sign-in", acs="https://wiki.example/new\nhttps://wiki.example/acs")
    assert row(home, key="wiki").saml["acs"] == [["https://wiki.example/new", 1, True], ["https://wiki.example/acs", 0, False]]
    page = at_home.open(at(home, "/new")).submit(
        name="Again", kind="saml", entity_id="https://wiki.example/saml", addresses="https://x.example/acs"
    )
    assert "has this entity ID already" in page.words


def test_what_it_would_be_told_about_somebody(home, at_home, ada):
    made = factories.application(home)
    page = at_home.open(at(home, f"/{made.key}?email={ada.email}"))
    assert f'"sub": "{ada.id}"' in page.text.replace("&#34;", '"')
    assert "Nobody here has this address." in at_home.open(at(home, f"/{made.key}?email=no@nowhere.example")).words


def test_a_picture_is_drawn_anew_and_the_application_goes_after_its_key_was_typed(home, at_home):
    made = factories.application(home)
    body = BytesIO()
    Image.new("RGB", (300, 300)).save(body, "PNG")
    token = at_home.open(at(home, f"/{made.key}")).page.forms[-1].fields["csrf_token"].value
    data = {"csrf_token": token, "icon": (BytesIO(body.getvalue()), "x.png")}
    assert at_home.client.post(at(home, f"/{made.key}/icon"), data=data, base_url=ORIGIN).status_code == 303
    assert Image.open(BytesIO(row(home, key=made.key).icon)).size == (96, 96)
    at_home.open(at(home, f"/{made.key}/remove")).submit(typed="something")
    assert row(home, key=made.key)
    at_home.open(at(home, f"/{made.key}/remove")).submit(typed=made.key)
    assert stored(home, Application) == []


def test_the_list_can_be_searched_and_what_a_file_rules_is_shown_only(home, at_home):
    assert "No applications yet" in at_home.open(at(home)).words
    made = factories.application(home, name="Travel", is_file_managed=True)
    assert "Travel OpenID Connect" in at_home.open(at(home, "?q=trav")).words
    assert "No application matches" in at_home.open(at(home, "?q=zz")).words
    page = at_home.open(at(home, f"/{made.key}/part/basics"))
    assert "A tenants file manages this." in page.words
    token = at_home.page.forms[0].fields["csrf_token"].value
    assert at_home.post(at(home, f"/{made.key}/part/basics"), {"csrf_token": token, "name": "x"}).status == 403
    assert at_home.open(at(home, "/nothing")).status == 404


METADATA = """<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://forum.example/saml">
<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:AssertionConsumerService index="0" isDefault="true" Location="https://forum.example/acs"
 Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"/></md:SPSSODescriptor></md:EntityDescriptor>"""


def test_a_service_provider_is_added_from_its_metadata(home, at_home):
    new = {"name": "Forum", "kind": "saml", "addresses": ""}
    assert at_home.open(at(home, "/new")).submit(new | {"metadata": "<no/>"}).status == 422
    assert stored(home, Application) == []
    at_home.open(at(home, "/new")).submit(new | {"metadata": METADATA})
    kept = row(home, key="forum")
    assert (kept.entity_id, kept.saml["acs"]) == ("https://forum.example/saml", [["https://forum.example/acs", 0, True]])


def test_in01_metadata_is_fetched_from_public_places_only(home, at_home):
    new = {"name": "Forum", "kind": "saml", "addresses": "", "metadata_url": "http://169.254.169.254/metadata"}
    page = at_home.open(at(home, "/new")).submit(new)
    assert page.status == 422
    assert page.title.startswith("Error: ")
    assert stored(home, Application) == []
