"""Contract coverage: which answers and cases of the contract a client's traffic has met."""
