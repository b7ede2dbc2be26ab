"""The addresses about people. Parts of a fixed name come before those of a person."""

from broker.console.people import admins, bulk, deeds, edit, imports, links, organizations, person, users
from broker.console.route import Route

PEOPLE_ROUTES = (
    Route("GET", "/users", "users", users.users_page),
    Route("GET", "/users/new", "new_user", edit.new_page),
    Route("POST", "/users/new", "add_user", edit.add),
    Route("POST", "/users/export", "export_users", imports.export),
    Route("GET", "/users/import", "import_users", imports.import_page),
    Route("POST", "/users/import", "import_sheet", imports.take_sheet),
    Route("GET", "/users/import/<job>", "import_job", imports.import_job),
    Route("POST", "/users/import/<job>", "write_import", imports.write),
    Route("POST", "/users/bulk", "bulk", bulk.plan),
    Route("GET", "/users/bulk/<job>", "job", bulk.job_page),
    Route("POST", "/users/bulk/<job>", "start_job", bulk.start),
    Route("GET", "/users/<account>", "user", person.user_page),
    Route("GET", "/users/<account>/edit", "edit_user", edit.edit_page),
    Route("POST", "/users/<account>/edit", "save_user", edit.save),
    Route("GET", "/users/<account>/do/<deed>", "deed", deeds.ask),
    Route("POST", "/users/<account>/do/<deed>", "do_deed", deeds.do),
    Route("GET", "/users/<account>/unlink/<identity>", "unlink_user", links.ask_unlink),
    Route("POST", "/users/<account>/unlink/<identity>", "do_unlink", links.do_unlink),
    Route("POST", "/users/<account>/session", "end_user_session", links.end_session),
    Route("GET", "/users/<account>/role", "role", admins.role_page),
    Route("POST", "/users/<account>/role", "save_role", admins.save),
    Route("GET", "/admins", "admins", admins.admins_page),
    Route("GET", "/admins/new", "new_admin", admins.new_page),
    Route("POST", "/admins/new", "add_admin", admins.add),
    Route("GET", "/organizations", "organizations", organizations.organizations_page),
    Route("GET", "/organizations/new", "new_organization", organizations.new_page),
    Route("POST", "/organizations/new", "add_organization", organizations.add),
    Route("GET", "/organizations/<organization>", "organization", organizations.organization_page),
    Route("POST", "/organizations/<organization>", "save_organization", organizations.save),
    Route("GET", "/organizations/<organization>/delete", "delete_organization", organizations.ask_delete),
    Route("POST", "/organizations/<organization>/delete", "remove_organization", organizations.do_delete),
)
