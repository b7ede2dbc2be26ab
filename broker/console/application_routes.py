"""Applications."""

from broker.console.applications import adding, editing, listing, one, people, secrets
from broker.console.route import Route

_ONE = "/applications/<application>"

APPLICATION_ROUTES = (
    Route("GET", "/applications", "applications", listing.list_page),
    Route("GET", "/applications/new", "new_application", adding.new_page),
    Route("POST", "/applications/new", "add_application", adding.add),
    Route("GET", _ONE, "application", one.application_page),
    Route("POST", f"{_ONE}/icon", "save_application_icon", one.save_icon),
    Route("GET", f"{_ONE}/secret", "application_secret", secrets.secret_page),
    Route("POST", f"{_ONE}/secret", "make_application_secret", secrets.make_secret),
    Route("GET", f"{_ONE}/remove", "application_removal", one.removal_page),
    Route("POST", f"{_ONE}/remove", "remove_application", one.remove),
    Route("GET", f"{_ONE}/people", "application_people", people.people_page),
    Route("POST", f"{_ONE}/people", "change_application_people", people.change_people),
    Route("GET", f"{_ONE}/part/<part>", "application_part", editing.part_page),
    Route("POST", f"{_ONE}/part/<part>", "save_application_part", editing.save_part),
)
