"""Runs reads and plans on worker threads and brings the results to the UI thread."""
