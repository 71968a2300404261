"""The oracle: clauses of the contract, each a pure function over recorded exchanges. Knows no server and sends nothing."""
