"""What is known about the chosen snapshot."""
