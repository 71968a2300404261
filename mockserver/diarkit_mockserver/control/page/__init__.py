"""The web page for people: static files that use the control API."""
