"""The polite client: how one server is reached, within caps, at its pace, every exchange recorded."""
