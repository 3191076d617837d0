"""Two real storage servers and an NFS client under QEMU. `python -m tests.lab help` drives them by hand; docs/lab.md tells more."""
