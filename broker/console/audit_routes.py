"""The audit log."""

from broker.console import audit_log, audit_reference
from broker.console.route import Route

AUDIT_ROUTES = (
    Route("GET", "/audit", "audit", audit_log.log_page),
    Route("POST", "/audit/export", "export_audit", audit_log.export),
    Route("GET", "/audit/entry/<entry>", "audit_entry", audit_log.entry_page),
    Route("GET", "/audit/reference", "reference", audit_reference.ask),
    Route("POST", "/audit/reference", "share_reference", audit_reference.make_link),
)
