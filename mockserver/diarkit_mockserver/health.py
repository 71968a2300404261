"""`diarkit health`: whether a platform answers at a URL. Light, as it runs every few seconds in a container."""

from __future__ import annotations

import urllib.request

TIMEOUT_S = 5.0


def is_healthy(url: str) -> bool:
    """Ask the platform's status operation; False for no answer, or for any other one than 200."""
    try:
        with urllib.request.urlopen(f"{url}/api/system/status", timeout=TIMEOUT_S) as response:  # noqa: S310 - the user's own URL
            return bool(response.status == 200)
    except (OSError, ValueError):
        return False
