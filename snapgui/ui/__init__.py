"""Windows, dialogs and views. Calls no libvirt, reads no file, waits for nothing."""
