"""The oracle: the clauses of the contract as pure functions over recorded exchanges."""
