"""Each tenant's SAML 2.0 identity provider: its applications that speak SAML are the service providers.

    GET       /saml/idp/metadata        what it can do, and its certificates          metadata.py
    GET POST  /saml/idp/sso             a service provider asks for an assertion      sso.py, arriving.py, checks.py
    GET       /saml/idp/sso?sp=KEY      the person goes there from our portal         sso.py
    GET       /saml/idp/sso/continue    the person has signed in meanwhile            sso.py
    GET POST  /saml/idp/slo             signing out, asked for or answered            logout.py

A request goes through arriving.py (its shape, whose it is, its signature) and then through the list of checks.py. What
was asked is kept as `Asked` (asked.py) in a row of `saml_requests`, which is answered once. judging.py says what the
session lacks; subjects.py, attributes.py and contexts.py say what is told; assertions.py and encrypting.py write it.

What fails before the address for the answer is verified is shown here. What fails later goes there as a signed response
that holds nothing of the request but its id (answers.py; security.md, SD-07).
"""
