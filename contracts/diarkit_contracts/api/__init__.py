"""What the vendor says: the contract document, and the API's states, generations and rules of a result as data."""
