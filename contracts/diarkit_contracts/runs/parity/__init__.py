"""Two servers, or a server and a recording, compared by their answers to the same rows."""
