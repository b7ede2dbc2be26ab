"""Back from an identity provider that speaks OAuth: by an address, or by a form that its page posts (`form_post`)."""

from urllib.parse import urlencode

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response

from broker.signin.federated import finish
from broker.wiring import the_broker


def take_return(key: str) -> Response:
    """A browser sends the transaction's cookie along with a post from another site only where that is `SameSite=None`.

    That needs https. On plain http, which is loopback only (demo and tests), the fields go round by an address of our
    own, which is not another site; as with SAML responses.
    """
    if key in g.tenant.connections and request.method == "POST" and not the_broker().settings.is_https:
        fields = [*request.args.items(multi=True), *request.form.items(multi=True)]
        return redirect(f"{url_for('signin.callback', connection=key)}?{urlencode(fields)}", 303)
    return finish(key)
