"""A person's own page: how they sign in, where they are signed in, what happened; and changing any of it.

Nothing here names an account: it is the session's. What is changed asks for a fresh proof first (broker/guard.py), is
audited, told by mail, and ends the other sessions where something was replaced or taken away (changes.py).

    routes.py         the addresses
    overview.py       the page itself            activity.py     audit events in words
    sessions.py       ending sessions
    password.py       changing it; a reset mail
    app.py            the authenticator app: adding, replacing, removing
    codes.py          recovery codes
    passkeys.py       adding, renaming, removing
    reset.py          all second factors at once (L8)
"""
