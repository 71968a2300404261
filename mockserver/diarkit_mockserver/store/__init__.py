"""One platform on many processes: its state as small versioned values in Redis or Valkey, decided on in views of it."""
