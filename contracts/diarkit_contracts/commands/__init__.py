"""The commands `verify`, `clauses`, `parity` and `record`: flags to values, one call, an exit code."""
