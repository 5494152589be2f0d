"""The store and the item models that the views show."""
