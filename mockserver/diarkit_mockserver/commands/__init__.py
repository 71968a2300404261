"""The command `diarkit`: flags to values, one call, an exit code."""
