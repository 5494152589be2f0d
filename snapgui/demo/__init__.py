"""The embedded demonstration: a throw-away machine on qemu:///embed."""
