"""The addresses of the console: one list for each set of pages, and here all of those lists."""

from itertools import chain

from flask import Blueprint

from broker.console.application_routes import APPLICATION_ROUTES
from broker.console.audit_routes import AUDIT_ROUTES
from broker.console.branding_routes import BRANDING_ROUTES
from broker.console.connection_routes import CONNECTION_ROUTES
from broker.console.domain_routes import DOMAIN_ROUTES
from broker.console.home_routes import HOME_ROUTES
from broker.console.people.routes import PEOPLE_ROUTES
from broker.console.policy_routes import POLICY_ROUTES
from broker.console.routing import ROUTING_ROUTES
from broker.console.support import SUPPORT_ROUTES

console = Blueprint("console", __name__, subdomain="tenant")

SETS = (
    HOME_ROUTES,
    PEOPLE_ROUTES,
    CONNECTION_ROUTES,
    DOMAIN_ROUTES,
    ROUTING_ROUTES,
    AUDIT_ROUTES,
    APPLICATION_ROUTES,
    POLICY_ROUTES,
    BRANDING_ROUTES,
    SUPPORT_ROUTES,
)

for route in chain(*SETS):
    console.add_url_rule(f"/console{route.path}", route.endpoint, route.view, methods=[route.method])
