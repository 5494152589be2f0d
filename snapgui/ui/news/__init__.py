"""What the window tells by itself: of hosts, of jobs, and of what can be undone."""
