"""Compare two servers, or a server and a recording, by their answers to the same rows."""
