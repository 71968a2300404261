"""Learn a live platform: from exchanges to values of points, and the file with them."""
