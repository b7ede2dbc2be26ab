"""The addresses of the operator console. What is posted has a page at the same address: a new proof leads back there."""

from flask import Blueprint, redirect
from werkzeug.wrappers import Response

from broker.operator import events, health, look_in, new_tenant, people, set_up, sign_in, tenant_page, tenants_list
from broker.operator.access import HOME, keep_to_the_host, set_cookie

operator = Blueprint("operator", __name__, subdomain="operator")
operator.before_request(keep_to_the_host)
operator.after_request(set_cookie)


def to_console() -> Response:
    """The bare host."""
    return redirect(HOME, 303)


ROUTES = (
    ("GET", "/", "front", to_console),
    ("GET", "/operator/", "tenants", tenants_list.list_page),
    ("GET", "/operator/sign-in", "sign_in", sign_in.page),
    ("POST", "/operator/sign-in", "enter", sign_in.enter),
    ("GET", "/operator/confirm", "confirm", sign_in.confirm_page),
    ("POST", "/operator/confirm", "confirmed", sign_in.confirm),
    ("POST", "/operator/sign-out", "sign_out", sign_in.sign_out),
    ("GET", "/operator/set-up/<token>", "set_up", set_up.page),
    ("POST", "/operator/set-up/<token>", "finish_set_up", set_up.finish),
    ("GET", "/operator/new", "new_tenant", new_tenant.page),
    ("POST", "/operator/new", "make_tenant", new_tenant.make),
    ("GET", "/operator/tenant/<slug>", "tenant", tenant_page.page),
    ("GET", "/operator/tenant/<slug>/suspend", "suspend", tenant_page.suspend_page),
    ("POST", "/operator/tenant/<slug>/suspend", "suspended", tenant_page.suspend_it),
    ("GET", "/operator/tenant/<slug>/resume", "resume", tenant_page.resume_page),
    ("POST", "/operator/tenant/<slug>/resume", "resumed", tenant_page.resume_it),
    ("GET", "/operator/tenant/<slug>/delete", "delete", tenant_page.delete_page),
    ("POST", "/operator/tenant/<slug>/delete", "deleted", tenant_page.delete_it),
    ("GET", "/operator/tenant/<slug>/take-back", "take_back", tenant_page.take_back_page),
    ("POST", "/operator/tenant/<slug>/take-back", "taken_back", tenant_page.take_it_back),
    ("GET", "/operator/tenant/<slug>/owner", "owner", tenant_page.owner_page),
    ("POST", "/operator/tenant/<slug>/owner", "owner_linked", tenant_page.make_owner_link),
    ("GET", "/operator/tenant/<slug>/look-in", "look_in", look_in.page),
    ("POST", "/operator/tenant/<slug>/look-in", "looked_in", look_in.look_in),
    ("GET", "/operator/health", "health", health.page),
    ("GET", "/operator/log", "events", events.page),
    ("GET", "/operator/operators", "operators", people.list_page),
    ("GET", "/operator/operators/new", "invite", people.invite_page),
    ("POST", "/operator/operators/new", "invited", people.invite),
    ("GET", "/operator/operators/<operator>", "switch", people.switch_page),
    ("POST", "/operator/operators/<operator>", "switched", people.switch),
)
for method, path, endpoint, view in ROUTES:
    operator.add_url_rule(path, endpoint, view, methods=[method])
