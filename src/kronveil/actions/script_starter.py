"""Becomes a script, within limits: the first thing in the new process, which imports nothing of ours.

The script is opened once; what was opened is what is checked and what is run, whatever happens to its path meanwhile.
"""

import hashlib
import json
import os
import pwd
import resource
import sys


def main() -> None:
    """Read the limits from the command line, take them, and become the script."""
    told = json.loads(sys.argv[1])
    opened = os.open(told["argv"][0], os.O_RDONLY | os.O_NOFOLLOW)
    digest = hashlib.sha256()
    while part := os.read(opened, 1 << 20):
        digest.update(part)
    if digest.hexdigest() != told["sha256"]:
        sys.exit("its content was changed since it was looked at")
    for which, most in (
        (resource.RLIMIT_AS, told["memory"]),
        (resource.RLIMIT_CPU, told["seconds"]),
        (resource.RLIMIT_FSIZE, told["file"]),
        (resource.RLIMIT_NOFILE, told["files"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(which, (most, most))
    if told["user"] is not None:
        _become(told["user"])
    os.set_inheritable(opened, True)  # noqa: FBT003 - takes no keyword
    os.umask(0o077)
    path = f"/proc/self/fd/{opened}" if sys.platform == "linux" else told["argv"][0]
    os.execve(path, told["argv"], dict(os.environ))  # noqa: S606 - without a shell is what is wanted


def _become(user: str) -> None:
    found = pwd.getpwnam(user)
    if os.getuid() == found.pw_uid:
        return
    os.setgroups([])
    os.setgid(found.pw_gid)
    os.setuid(found.pw_uid)


main()
