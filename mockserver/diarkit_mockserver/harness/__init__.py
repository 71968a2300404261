"""The test harness: the pytest plugins, and the servers behind their fixtures."""
