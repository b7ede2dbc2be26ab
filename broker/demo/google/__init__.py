"""A simulated Google: real OpenID Connect with its claims, accounts with and without a Workspace, and switches.

    GET  /                                    what this is
    GET  /.well-known/openid-configuration    discovery
    GET  /oauth2/v3/certs                     signing keys
    GET  /o/oauth2/v2/auth                    "Pick an account", with the switches
    POST /pick                                back to the application with a code or an error
    POST /token                               code → ID token

It knows one application. Google shows some of its refusals on a page of its own; here all of them come back.
"""
