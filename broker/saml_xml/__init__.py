"""What both sides of SAML 2.0 share: the service provider (broker/upstream/saml_parts) and the identity provider
(broker/downstream/saml).

    xml.py        the one parser, and the names of things
    gate.py       the shape of any message, before a signature is looked at        security.md 1.2
    shapes.py     the shape of one signature, and of something encrypted
    arriving.py   a message in an address: undecoded values, a limit to inflating
    query.py      the signature of a message in an address
    verifying.py  the schema, and the signature inside a message
    sending.py    a message of ours: signed, in an address or in a form
    keys.py       our own keys
"""
