"""A simulated company login that speaks SAML 2.0, signs with signxml, and has switches for the commonest mistakes.

    GET  /           what this is
    GET  /metadata   what the broker has to know about it, read by address
    GET  /sso        "Pick an account", with the switches; POST takes a request by form
    POST /pick       a page that posts the response to the broker
    POST /start      the same without a request: a tile of its portal
    POST /keys       the next step of a change of keys
    POST /sign-out   signs out here, and tells the broker
    GET  /slo        the broker's logout requests, and its answers

    requests.py   the AuthnRequest as it is read       messages.py   the response before it is signed
    signer.py     signatures                           keys.py       key pairs with their certificates
    switches.py   the mistakes                         rolling.py    which key is announced, which signs
    logout.py     single logout                        site.py       pages

It knows one service provider and sends answers nowhere else. It takes the broker's signature on trust.
"""
