"""A simulated Microsoft Entra: one directory, real OpenID Connect, and switches for what can go wrong.

    GET  /                                                    what this is
    GET  /<directory>/v2.0/.well-known/openid-configuration   discovery
    GET  /<directory>/discovery/v2.0/keys                     signing keys
    GET  /<directory>/oauth2/v2.0/authorize                   "Pick an account", with the switches
    POST /<directory>/pick                                    back to the application with a code or an error
    POST /<directory>/oauth2/v2.0/token                       code → ID token

It knows one application. What it says in errors follows Microsoft's published list of AADSTS codes.
"""
