"""A simulated Microsoft Entra: two directories, real OpenID Connect, a bit of Graph, and switches for what can go wrong.

    GET  /                                                    what this is
    GET  /<directory>/v2.0/.well-known/openid-configuration   discovery
    GET  /<directory>/discovery/v2.0/keys                     signing keys
    GET  /<directory>/oauth2/v2.0/authorize                   "Pick an account", with the switches
    POST /<directory>/pick                                    back to the application with a code or an error
    POST /<directory>/oauth2/v2.0/token                       code → ID token
    GET  /<directory>/oauth2/v2.0/logout                      back to where the browser came from
    GET  /organizations/v2.0/adminconsent                     an admin of Brightwater approves the operator's registration
    POST /v1.0/users/<id>/getMemberObjects, GET /v1.0/me      Graph: groups beyond the token, position and telephone

It knows one application at Acme's directory, and the operator's for all of them. What it says in errors follows
Microsoft's published list of AADSTS codes.
"""
