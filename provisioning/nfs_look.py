"""Whether a path opens over NFS: the questions and what the answers mean. Pure; `observer` asks.

Version 4.0 (RFC 7530) is asked in one call that changes nothing and leaves nothing behind: from the root down to the path, its handle, its fsid.
What Linux 6.1 (nfsd) and nfs-utils 2.6.2 (rpc.mountd) answer a caller from a port above 1023:

* The directories above the exports are there for every client of one of them, from any port (`pseudo_root` has NFSEXP_INSECURE_PORT). A path
  that is no export for this address is not there: NFS4ERR_NOENT, at the root already for an address that is a client of nothing.
* Looking a path up asks for the rights on the directory above it only, and then for the way its own export wants to be asked:
  NFS4ERR_WRONGSEC where it takes Kerberos only. The handle is given to whoever got there; its attributes are refused with NFS4ERR_PERM when the
  export takes privileged ports only. The same error one step earlier is of the directory above.
* `fsid=13` is the major number of the attribute, with 0 as the minor one, and stands in the handle as well (`mk_fsid`, FSID_NUM).

Version 3 asks rpc.mountd, which says MNT3ERR_ACCES alike to a stranger and to a port above 1023.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from provisioning.xdr import Reader, RpcError, numbers, opaque

LIMIT = 64 * 1024  # bytes of an answer; nfsd's own are some hundred
ANOTHER_KIND = -1  # of fsid: a number of its own, of a device or a UUID, not one of `fsid=`
_GETATTR, _GETFH, _LOOKUP, _PUTROOTFH = 9, 10, 15, 24
_ASK_FSID = numbers(1, 1 << 8)  # a bitmap of one word: FATTR4_FSID
_PERM, _NOENT, _ACCESS, _DELAY, _WRONGSEC, _MINOR = 1, 2, 13, 10008, 10016, 10021
_NAMES = {
    _PERM: "NFS4ERR_PERM", 5: "NFS4ERR_IO", _ACCESS: "NFS4ERR_ACCESS", 20: "NFS4ERR_NOTDIR", 70: "NFS4ERR_STALE", _DELAY: "NFS4ERR_DELAY",
    10013: "NFS4ERR_GRACE", _WRONGSEC: "NFS4ERR_WRONGSEC", 10018: "NFS4ERR_RESOURCE", 10029: "NFS4ERR_SYMLINK",
}  # fmt: skip


class How(Enum):
    OPENS = "opens"
    PORTS = "is there and takes privileged ports only"
    KERBEROS = "is there and wants Kerberos"
    ABSENT = "is not there"
    REFUSED = "is not there, or takes privileged ports only"
    UNTOLD = "could not be told"


@dataclass(frozen=True, slots=True)
class Opened:
    """`fsid` is None when it was not told; `why` says what was in the way of an answer."""

    how: How
    fsid: int | None = None
    why: str = ""


class NoMinorVersion(RpcError):
    """The server has version 4, and not 4.0."""


class AskAgain(RpcError):
    """The server does not know yet: it asks rpc.mountd meanwhile."""


def walk(path: str) -> bytes:
    """COMPOUND4args, without a tag, of minor version 0."""
    names = _names(path)
    lookups = b"".join(numbers(_LOOKUP) + opaque(name) for name in names)
    operations = numbers(_PUTROOTFH) + lookups + numbers(_GETFH, _GETATTR) + _ASK_FSID
    return opaque(b"") + numbers(0, len(names) + 3) + operations


def walked(body: bytes, path: str) -> Opened:
    """Read COMPOUND4res: the results up to the first operation that was refused."""
    asked = [_PUTROOTFH, *(_LOOKUP for _ in _names(path)), _GETFH, _GETATTR]
    answer = Reader(body)
    status = answer.number()
    answer.opaque(1024)
    count = answer.number()
    if status == _MINOR:
        raise NoMinorVersion("it has no NFS 4.0")
    if count > len(asked):
        raise RpcError("its answer has more parts than were asked for")
    handle = b""
    for place, operation in enumerate(asked[:count]):
        if answer.number() != operation:
            raise RpcError("its answer is to something else")
        if refused := answer.number():
            return _refused(refused, operation, place == len(asked) - 3, handle)
        if operation == _GETFH:
            handle = answer.opaque(128)
        elif operation == _GETATTR:
            return Opened(How.OPENS, _fsid(answer))
    if status == _DELAY:
        raise AskAgain("it asks to wait")
    return Opened(How.UNTOLD, why=f"it ends with {_named(status)}")


def _refused(status: int, operation: int, last: bool, handle: bytes) -> Opened:
    if status == _DELAY:
        raise AskAgain("it asks to wait")
    if status == _NOENT and operation in (_PUTROOTFH, _LOOKUP):
        return Opened(How.ABSENT)
    if status == _PERM and operation == _GETATTR:
        return Opened(How.PORTS, fsid_in(handle))
    if status == _WRONGSEC and (operation == _GETATTR or (operation == _LOOKUP and last)):
        return Opened(How.KERBEROS, fsid_in(handle))
    where = "" if operation == _GETATTR or last else ", on the way to it"
    return Opened(How.UNTOLD, why=f"{_named(status)}{where}")


def _fsid(answer: Reader) -> int:
    """Read `fattr4` with nothing but the fsid: a bitmap, then the values."""
    words = [answer.number() for _ in range(min(answer.number(), 8))]
    if not words or words[0] != 1 << 8 or any(words[1:]):
        raise RpcError("its attributes are not those that were asked for")
    values = Reader(answer.opaque(16))
    major, minor = values.long(), values.long()
    return major if minor == 0 and major < 1 << 32 else ANOTHER_KIND


def fsid_in(handle: bytes) -> int | None:
    """Give the number in a handle of Linux: version 1, no kind of authorisation, kind 1 of fsid; the number is in a node's order, lowest first."""
    if len(handle) < 8 or handle[:2] != b"\x01\x00":
        return None
    return int.from_bytes(handle[4:8], "little") if handle[2] == 1 else ANOTHER_KIND


def mounted(body: bytes) -> Opened:
    """Read `mountres3` of MNT (RFC 1813, appendix I)."""
    answer = Reader(body)
    status = answer.number()
    if status == _ACCESS:
        return Opened(How.REFUSED)
    if status:
        return Opened(How.UNTOLD, why=f"MOUNT ends with status {status}")
    handle = answer.opaque(64)
    flavours = [answer.number() for _ in range(min(answer.number(), 16))]
    return Opened(How.OPENS if 1 in flavours or not flavours else How.KERBEROS, fsid_in(handle))


def _names(path: str) -> list[bytes]:
    return [name.encode() for name in path.split("/") if name]


def _named(status: int) -> str:
    return _NAMES.get(status, f"status {status}")
