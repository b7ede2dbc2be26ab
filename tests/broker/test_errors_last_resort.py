"""What the handler does where libraries answer themselves, and where the audit log can't be written."""

from flask import g
from structlog.testing import capture_logs
from werkzeug.routing import RequestRedirect

from broker.errors import _answer_http, record
from tenants.causes import Cause, Refusal
from tenants.db import Database


def test_redirect_of_the_router_stays_a_redirect(app):
    with app.test_request_context("/"):
        answer = _answer_http(RequestRedirect("/elsewhere"))
    assert (answer.status_code, answer.headers["Location"]) == (308, "/elsewhere")


def test_refusal_whose_audit_can_not_be_written_is_logged(app, tmp_path):
    with app.test_request_context("/"), capture_logs() as lines:
        g.tenant = object()
        g.db = Database(f"sqlite:///{tmp_path}/missing/broker.db").tenant("ten_x")
        record(Refusal(Cause.CREDENTIALS_INVALID, "wrong password"))
    assert "audit_failed" in {line["event"] for line in lines}
