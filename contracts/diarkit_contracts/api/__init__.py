"""What the vendor documents: the contract document, and the API's states, generations and result rules as data."""
