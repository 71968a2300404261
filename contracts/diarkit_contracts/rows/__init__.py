"""What is sent: requests as data with names, and the plans made of them."""
