"""One platform shared by several processes: its state is stored in Redis or Valkey as small versioned values."""
