"""XML on the screen: to read, to find in, to edit."""
