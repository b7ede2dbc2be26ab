"""The application is told no."""

from tenants.causes import Cause


class Denied(Exception):
    """The two levels of the status that goes to the application (Core, 3.2.2.2), and why, for the audit log."""

    def __init__(self, code: str, subcode: str, detail: str, cause: Cause = Cause.REQUEST_INVALID) -> None:
        super().__init__(detail)
        self.code = code
        self.subcode = subcode
        self.detail = detail
        self.cause = cause
