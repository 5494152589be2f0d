"""libvirt's XML: read, written for requests, changed by hand, and what is wrong with it."""
