"""Runs ON the client: append numbered lines to a file, each synced, and say what was acknowledged and how long it stalled.

usage: nfs_writer.py FILE STOP-FILE     writes until STOP-FILE exists, then prints one JSON report
"""

import json
import os
import sys
import time

path, stop = sys.argv[1:3]
acknowledged, stalls, errors = [], [], []
number = 0
while not os.path.exists(stop):
    began = time.monotonic()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(handle, b"%d\n" % number)
        os.fsync(handle)
        os.close(handle)
        acknowledged.append(number)
    except OSError as error:
        errors.append(str(error))
    took = time.monotonic() - began
    if took > 3:
        stalls.append(round(took, 1))
    number += 1
    time.sleep(0.2)
with open(path) as written:
    present = [int(line) for line in written]
report = {
    "acknowledged": len(acknowledged),
    "present": len(present),
    "lost": sorted(set(acknowledged) - set(present)),
    "twice": len(present) - len(set(present)),
    "stalls": stalls,
    "errors": errors[:5],
}
print(json.dumps(report))
