"""`diarkit health`: whether a platform answers at a URL. Light, as it runs every few seconds in a container."""

from __future__ import annotations

import http.client
import urllib.request

TIMEOUT_S = 5.0

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Asks the server itself: in a container, `http_proxy` leads away from it."""


def is_healthy(url: str) -> bool:
    """Ask the platform's status operation; False for no answer, or for any other one than 200."""
    try:
        with DIRECT.open(f"{url}/api/system/status", timeout=TIMEOUT_S) as response:
            return bool(response.status == 200)
    except (OSError, ValueError, http.client.HTTPException):
        return False
