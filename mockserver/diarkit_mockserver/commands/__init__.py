"""The command `diarkit`: parse flags, make one call, return an exit code."""
