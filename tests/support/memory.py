"""Where databases of tests lie: in memory, where the system has such a folder with room in it."""

import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM = 2**30


def folder_in_memory(prefix: str) -> Path:
    """A new folder. The product waits for the disk at each commit, and making files is dear there; tests need neither."""
    is_roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    return Path(tempfile.mkdtemp(prefix=prefix, dir=_MEMORY if is_roomy else None))
