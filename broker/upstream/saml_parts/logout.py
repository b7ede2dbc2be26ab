"""What a provider says about signing out, in the words of a kind: a wrong message is an UpstreamFailure."""

from broker.saml_xml.logout import Came, Done, Wish
from broker.saml_xml.logout import hear as heard
from broker.saml_xml.xml import Fault
from broker.upstream.kind import Once
from broker.upstream.oauth_errors import MAX_DESCRIPTION, clean
from broker.upstream.saml_parts.provider import Provider
from tenants.causes import Cause, UpstreamFailure


def hear(provider: Provider, came: Came) -> Wish | Done:
    """Raises UpstreamFailure for anything that is not as it has to be."""
    try:
        return heard(provider, came)
    except Fault as fault:
        words = clean(fault.description, MAX_DESCRIPTION)
        raise UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, fault.word, description=words) from None


def once_of(wish: Wish) -> Once:
    """What a wish is known by when it comes again."""
    return Once(f"logout {wish.id}", wish.until)
