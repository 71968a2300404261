"""One request and its answer, as values and in files: read, written, redacted. Nothing is judged here."""
