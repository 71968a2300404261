"""The oracle: what must hold, clause by clause, as pure functions over recorded exchanges."""
