"""Servers to verify: the fake as a function, servers that break one clause each, and servers that keep them all their own way."""
