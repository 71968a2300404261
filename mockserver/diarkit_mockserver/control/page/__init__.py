"""What people look at: one page on the control API, as static files, and what serves them."""
