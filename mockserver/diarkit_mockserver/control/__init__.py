"""What a test or a person asks of the fake beside the API: the control API, its client, the pages."""
