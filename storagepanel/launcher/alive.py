"""Ask a running panel whether one of its parts is alive: `python -m storagepanel.launcher.alive jobs http://127.0.0.1:8000`.

Exit status 0 is yes. Light enough for a health check every few seconds: no Django, no database.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request


def alive(part: str, address: str) -> tuple[bool, str]:
    """Say whether the part was heard of in time, and what the panel answered."""
    # The name that the panel's own checks go by is always allowed, whatever PANEL_HOSTS says.
    request = urllib.request.Request(f"{address.rstrip('/')}/healthz/", headers={"Host": "localhost"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=8) as answer:  # noqa: S310 - the address is the operator's own
            found = json.load(answer)
    except (OSError, ValueError) as error:
        return False, f"{address} does not answer: {error}"
    if part == "web":
        return True, json.dumps(found)
    seen = found["parts"].get(part)
    if seen is None:
        return False, f"there is no part {part!r}; there are web, {', '.join(found['parts'])}"
    return bool(seen["alive"]), f"{part} was heard of {seen['seconds']} seconds ago"


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    yes, text = alive(sys.argv[1], sys.argv[2])
    print(text)
    return 0 if yes else 1


if __name__ == "__main__":
    sys.exit(main())
