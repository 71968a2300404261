"""A live platform read off its answers: exchanges to the values of points, and the file in which they are written."""
