"""The flow of a sign-in: from the first page to a session.

    GET  /sign-in                 which way? e-mail first, buttons, or both      routes.py
    GET  /sign-in/choose          other ways                                     routes.py
    GET  /sign-in/go/<connection> to the identity provider                       federated.py
    ANY  /callback/<connection>   back from it: state and cookie, consumed once  federated.py, arrive.py
    GET  /sign-in/password        local: password                                local.py
    GET  /sign-in/totp            local: code of the authenticator app           local.py
    GET  /first-login, /reset     an address, and the code that proves it        mailed_code.py
    GET  /first-login/…, /reset/… then the factor, a new password, the app       reset.py
    GET  /activate                how an account becomes usable                  activate.py
    GET  /activate/<token>        an invitation: password, app, done; or a reset activate.py, reset.py
    GET  /activate/door/<token>   the operator's link for the back door          backdoor_set_up.py
    ANY  /door/<secret>           the back door, with its own transaction        backdoor.py

All set-ups share their steps (set_up.py) and how they are written (renewal.py). Everything learned stands in the
transaction's row (transaction.py). No step sends the browser to another one: each returns to the dispatcher (dispatch.py),
which decides from the row; when nothing is left to do it asks admission and opens the session (complete.py).
"""
