"""The provider's addresses. `oidc` is for browsers; `back_channel` for applications, which get JSON (broker/errors.py)."""

from flask import Blueprint, request

from broker.downstream.oidc.authorize import authorize
from broker.downstream.oidc.consented import consented
from broker.downstream.oidc.cors import allow_scripts
from broker.downstream.oidc.introspect import introspect
from broker.downstream.oidc.logout import confirmed, logout
from broker.downstream.oidc.metadata import key_set, metadata
from broker.downstream.oidc.pushed import push
from broker.downstream.oidc.revoke import revoke
from broker.downstream.oidc.token import token
from broker.downstream.oidc.userinfo import userinfo
from tenants.causes import Cause, ProtocolFault

oidc = Blueprint("oidc", __name__, subdomain="tenant")
oidc.add_url_rule("/oidc/authorize", view_func=authorize, methods=["GET", "POST"])
oidc.add_url_rule("/oidc/consent", view_func=consented, methods=["POST"])
oidc.add_url_rule("/oidc/logout", view_func=logout, methods=["GET", "POST"])
oidc.add_url_rule("/oidc/logout/confirmed", view_func=confirmed, methods=["POST"])

back_channel = Blueprint("back_channel", __name__, subdomain="tenant")
back_channel.add_url_rule("/.well-known/openid-configuration", view_func=metadata, methods=["GET"])
back_channel.add_url_rule("/.well-known/oauth-authorization-server", view_func=metadata, methods=["GET"], endpoint="rfc8414")
back_channel.add_url_rule("/oidc/jwks", view_func=key_set, methods=["GET"])
back_channel.add_url_rule("/oidc/token", view_func=token, methods=["POST"])
back_channel.add_url_rule("/oidc/par", view_func=push, methods=["POST"])
back_channel.add_url_rule("/oidc/introspect", view_func=introspect, methods=["POST"])
back_channel.add_url_rule("/oidc/revoke", view_func=revoke, methods=["POST"])
back_channel.add_url_rule("/oidc/userinfo", view_func=userinfo, methods=["GET", "POST"])
back_channel.after_request(allow_scripts)


@oidc.before_request
def refuse_head() -> None:
    """HEAD comes with GET and may change nothing; here GET issues codes and ends sessions."""
    if request.method == "HEAD":
        raise ProtocolFault(Cause.HTTP_METHOD_UNKNOWN, "GET or POST")
