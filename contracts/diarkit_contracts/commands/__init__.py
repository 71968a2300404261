"""The commands `verify`, `clauses`, `parity`, `record`, `generations` and `learn`: parse flags, make one call, return an exit code."""
