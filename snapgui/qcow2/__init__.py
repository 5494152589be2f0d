"""Reads the metadata of qcow2 images from any source of bytes. Nothing in it can write."""
