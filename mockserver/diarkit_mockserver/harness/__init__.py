"""The fake and the contract as a test sees them: the pytest plugins, and the servers behind their fixtures."""
