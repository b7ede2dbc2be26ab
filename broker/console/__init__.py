"""Where a tenant's admins look after it.

routes.py        all addresses: one list for each set of pages (<set>_routes.py)
access.py        require(permission) -> Admin, on every page and every POST
menu.py          the side bar
frame.py         show(template, admin, here=…, title=…)
changes.py       changing(admin): one transaction, an event with before and after, nobody's work overwritten
forms.py         fields from typed models; templates/console/parts.html draws them
"""
