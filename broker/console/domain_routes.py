"""Domains."""

from broker.console import domain_page, domains
from broker.console.route import Route

DOMAIN_ROUTES = (
    Route("GET", "/domains", "domains", domains.list_page),
    Route("GET", "/add-domain", "add_domain", domains.add_page),
    Route("POST", "/add-domain", "list_domain", domains.add),
    Route("GET", "/domains/<domain>", "domain", domain_page.page),
    Route("POST", "/domains/<domain>", "save_domain", domain_page.save),
    Route("GET", "/domains/<domain>/proof", "domain_proof", domain_page.page),
    Route("POST", "/domains/<domain>/proof", "prove_domain", domain_page.prove),
    Route("GET", "/domains/<domain>/remove", "domain_removal", domain_page.remove_page),
    Route("POST", "/domains/<domain>/remove", "remove_domain", domain_page.remove),
)
