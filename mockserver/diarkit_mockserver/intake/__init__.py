"""Parse requests, or refuse them: head, form, media, parameters."""
