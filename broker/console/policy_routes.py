"""Policies."""

from broker.console import local_policy, policies
from broker.console.route import Route

POLICY_ROUTES = (
    Route("GET", "/policies", "policies", policies.policies_page),
    Route("GET", "/policies/local", "local_policy", local_policy.local_page),
    Route("POST", "/policies/local", "switch_local", local_policy.switch_local),
    Route("GET", "/policies/<section>", "policy", policies.section_page),
    Route("POST", "/policies/<section>", "save_policy", policies.save_section),
)
