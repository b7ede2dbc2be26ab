"""The identity provider's addresses."""

from flask import Blueprint, request

from broker.downstream.saml.chain import begin_telling, tell_next
from broker.downstream.saml.logout import single_logout
from broker.downstream.saml.metadata import metadata
from broker.downstream.saml.sso import go_on, single_sign_on
from tenants.causes import Cause, ProtocolFault

saml_idp = Blueprint("saml_idp", __name__, subdomain="tenant")
saml_idp.add_url_rule("/saml/idp/metadata", view_func=metadata, methods=["GET"])
saml_idp.add_url_rule("/saml/idp/sso", view_func=single_sign_on, methods=["GET", "POST"])
saml_idp.add_url_rule("/saml/idp/sso/continue", view_func=go_on, methods=["GET"])
saml_idp.add_url_rule("/saml/idp/slo", view_func=single_logout, methods=["GET", "POST"])
saml_idp.add_url_rule("/saml/idp/slo/begin", view_func=begin_telling, methods=["GET"])
saml_idp.add_url_rule("/saml/idp/slo/next", view_func=tell_next, methods=["GET"])


@saml_idp.before_request
def refuse_head() -> None:
    """HEAD comes with GET and may change nothing; here GET gives assertions and ends sessions."""
    if request.method == "HEAD":
        raise ProtocolFault(Cause.HTTP_METHOD_UNKNOWN, "GET or POST")
