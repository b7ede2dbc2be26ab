"""The authorization code flow as every simulated OpenID Provider of the demo speaks it.

    authorization.py   the request, checked before anybody sees a page
    pages.py           who are you, and should something go wrong
    codes.py           what a code stands for
    token_endpoint.py  code → ID token

What a provider says in errors is its own: it comes in a `Words`.
"""
