"""The ``vectord`` command: the same one that ``cargo install vectord`` gives."""

from __future__ import annotations

import signal
import sys

from vectord._vectord import run_cli


def main() -> int:
    """Run the command on ``sys.argv`` and return its exit status.

    Python answers Ctrl-C by raising in the interpreter, which never runs while Rust does. With the default
    action restored, an interrupt ends the command, and ``serve`` can install its own graceful one.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return run_cli(["vectord", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
