"""HTTP exchanges as values and in files: read, written, redacted."""
