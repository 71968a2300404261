"""The control API of the fake, its client, and the pages."""
