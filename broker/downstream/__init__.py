"""To the applications: what a session is good for. `oidc` makes each tenant an OpenID Provider."""
