"""What a client's traffic met of all that can be met. What there is to meet stands in the clauses, the document and the rows."""
