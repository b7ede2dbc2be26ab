"""Each tenant's OpenID Provider (OpenID Connect Core 1.0, RFC 6749 with the rules of RFC 9700).

    GET       /.well-known/openid-configuration   what it can do                           metadata.py
    GET       /oidc/jwks                          the public keys                          metadata.py, keys.py
    GET POST  /oidc/authorize                     a browser asks for a code                authorize.py, checks.py
    POST      /oidc/token                         a code or a refresh token for tokens     token.py, clients.py, grants.py
    GET POST  /oidc/userinfo                      an access token for claims               userinfo.py, claims.py
    GET POST  /oidc/logout                        an application asks to sign out          logout.py
    POST      /oidc/logout/confirmed              the person agrees                        logout.py

An authorization is one row of `application_grants` for its whole life: the code, then the rotating refresh token,
until it is revoked, runs out or its session is ended. ID token and access token are signed and not stored; UserInfo
asks the row again. Why this is our own code: docs/decisions/0001-own-openid-provider.md.
"""
