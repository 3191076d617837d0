"""Runs ON the client: open a file, lock it, and write to it once a second through the same open file; every error is said.

usage: nfs_holder.py FILE
"""

import fcntl
import os
import sys
import time

held = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_APPEND)
fcntl.lockf(held, fcntl.LOCK_EX)
print("locked", flush=True)
while True:
    try:
        os.write(held, b"held\n")
        os.fsync(held)
    except OSError as error:
        print(f"error {error}", flush=True)
    time.sleep(1)
