"""The command line: what a person types, and how every way a command can end becomes an exit code.

Nothing heavy is imported here, nor by the commands before they run: ``nociscope --help`` answers at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from nociscope.problems import EXIT_DONE, EXIT_SOME_FAILED, EXIT_USAGE, NociscopeError

__all__ = ["main"]


class Stopped(BaseException):
    """The user or the system told the program to stop; no code that catches errors may catch this."""

    def __init__(self, number: int) -> None:
        self.number = number


def _stop(number: int, _frame: FrameType | None) -> None:
    # What follows is the clean-up, which is bounded in time; a second signal must not tear it.
    for again in (signal.SIGINT, signal.SIGTERM):
        signal.signal(again, signal.SIG_IGN)
    raise Stopped(number)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the process.
    """
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _stop)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError):
                stream.reconfigure(errors="replace")  # type: ignore[union-attr]
        code = _ended(list(sys.argv[1:] if arguments is None else arguments))
    except Stopped as stopped:  # before or after the command, while modules load or the interpreter ends
        code = 128 + stopped.number
    sys.exit(code)


def _ended(given: list[str]) -> int:
    """Run the command and return its exit code, having said on stderr what went wrong."""
    from nociscope.cli.screen import complain

    try:
        code = _dispatch(given)
        sys.stdout.flush()
        return code
    except NociscopeError as error:
        _trace(given)
        complain(str(error))
        return error.exit_code
    except Stopped as stopped:
        complain("Stopped; what was finished is kept, and the same command goes on from there.")
        return 128 + stopped.number
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`); leave without a word, not even at interpreter exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_DONE
    except Exception as error:  # noqa: BLE001 - no traceback reaches a user who did not ask for it
        if hasattr(error, "format_message"):  # typer's own errors: options, arguments
            complain(f"{error.format_message()} Try --help.")
            return EXIT_USAGE
        _trace(given)
        complain(f"Internal error ({type(error).__name__}); please report it. --debug shows where.")
        return EXIT_SOME_FAILED


def _dispatch(given: list[str]) -> int:
    from nociscope._version import __version__
    from nociscope.cli.arguments import options_of, with_lists

    if "--version" in options_of(given):
        print(f"nociscope {__version__}")
        return EXIT_DONE
    from nociscope.cli.commands import app
    from nociscope.threads import one_thread

    one_thread()
    code = app(with_lists(given) or ["--help"], standalone_mode=False, prog_name="nociscope")
    return int(code or EXIT_DONE)


def _trace(given: Sequence[str]) -> None:
    if "--debug" in given:
        import traceback

        traceback.print_exc()
