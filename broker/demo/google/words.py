"""What the simulated Google says when a request is not as it should be."""

from broker.demo.code_flow.authorization import Words

WORDS = Words(
    client="Error 401: invalid_client. There is no OAuth client '{}'.",
    redirect_uri="Error 400: redirect_uri_mismatch. The address '{}' is not among those of the OAuth client.",
    response_type="Only the response type 'code' is known here.",
    response_mode="Only the response mode 'query' is known here.",
    scope="The scope 'openid' is missing.",
    challenge="A code challenge of method S256 is needed.",
    nobody="Nobody is signed in, and the request forbids to ask.",
    secret="Unauthorized",
    grant_type="Only 'authorization_code' is known here.",
    code="Bad Request: the code was used, has run out or is unknown.",
    return_address="The return address is not the one of the request.",
    verifier="The code verifier does not belong to the code challenge.",
)
