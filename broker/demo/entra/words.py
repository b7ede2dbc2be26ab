"""What the simulated Entra says when a request is not as it should be, by Microsoft's published numbers."""

from broker.demo.code_flow.authorization import Words

WORDS = Words(
    client="AADSTS700016: Application with identifier '{}' was not found in the directory.",
    redirect_uri="AADSTS50011: The redirect URI '{}' does not match the redirect URIs configured.",
    response_type="AADSTS70005: Only the response type 'code' is known here.",
    response_mode="AADSTS70007: Only the response mode 'query' is known here.",
    scope="AADSTS70011: The scope 'openid' is missing.",
    challenge="AADSTS501491: A code challenge of method S256 is needed.",
    nobody="AADSTS50058: Nobody is signed in, and the request forbids to ask.",
    secret="AADSTS7000215: Invalid client secret provided.",
    grant_type="AADSTS70003: Only 'authorization_code' is known here.",
    code="AADSTS54005: The code was already redeemed, has expired or is unknown.",
    return_address="AADSTS500112: The reply address is not the one of the request.",
    verifier="AADSTS501481: The code verifier does not match the code challenge.",
)
