"""Sockets: bytes from a client to the platform and back. Nothing is decided here."""
