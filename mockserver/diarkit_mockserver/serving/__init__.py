"""Sockets: bytes from clients to the platform and back."""
