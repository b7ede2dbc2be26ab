"""Where the installation is looked after: tenants, operators, health, and what was done. It sees no tenant's people.

access.py    require(fresh=…) -> Me, on every page and every POST
frame.py     show(template, me, here=…, title=…): the frame of the tenants' console with other contents
routes.py    all addresses
"""
