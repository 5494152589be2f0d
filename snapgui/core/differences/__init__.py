"""What differs between two configurations of a machine, and the words for it."""
