"""Dialogs: each asks what is needed for one request and shows the plan that comes of it. None of them runs anything."""
