"""Where downloaded files are kept between runs."""

import os
from pathlib import Path


def folder() -> Path:
    """The user's cache: `$LTZOO_CACHE`, else `ltzoo` in `$XDG_CACHE_HOME` or in `~/.cache`; it need not exist yet.

    The same on every system, as other libraries of trained networks do it.
    """
    own = os.environ.get("LTZOO_CACHE")
    if own:
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "ltzoo"
