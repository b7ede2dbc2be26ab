"""Where a tenants file finds what it refers to: environment variables, and files beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tenants.manifest.values import FileReference, SecretReference

_MAX_SECRET_BYTES = 65_536
_MAX_FILE_BYTES = 1_000_000


class SourceError(ValueError):
    """Something that the file refers to is not there; the message is a sentence that holds no secret."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Relative paths count from `folder`, the place of the tenants file."""

    folder: Path
    environment: Mapping[str, str] = field(repr=False)

    def secret(self, reference: SecretReference) -> str:
        """The secret that is meant, without the line break at its end. Raises SourceError."""
        if reference.env is not None:
            value, where = self.environment.get(reference.env), f"the environment variable {reference.env}"
        else:
            value, where = self._text(reference.file or ""), f"the file {reference.file}"
        if not value:
            raise SourceError(f"{where} is not set or empty.")
        return value

    def document(self, reference: FileReference) -> str:
        """The text of a file that is no secret. Raises SourceError."""
        return self._text(reference.file, _MAX_FILE_BYTES)

    def file(self, name: str) -> bytes:
        """The bytes of a file. Raises SourceError."""
        path = self.folder / name
        try:
            with path.open("rb") as opened:
                return opened.read(_MAX_FILE_BYTES)
        except OSError as error:
            raise SourceError(f"the file {name} can't be read ({error.strerror}).") from None

    def _text(self, name: str, limit: int = _MAX_SECRET_BYTES) -> str:
        body = self.file(name)
        try:
            return body[:limit].decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise SourceError(f"the file {name} is not text in UTF-8.") from None
