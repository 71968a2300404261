"""A polite client for one server: limits, pacing, and a record of every exchange."""
