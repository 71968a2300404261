"""Rows: named requests as data, and plans made of them."""
