"""Who works the participants up: this process one after the other, or several worker processes.

An executor takes one function, what is the same for all (`shared`) and the tasks, and yields each task's end as it
comes. A worker process that dies takes down nothing but the task it had, which is tried once more; nothing waits for
a dead process.
"""

from __future__ import annotations

import contextlib
import copyreg
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import connection, get_context, resource_tracker
from types import MappingProxyType
from typing import Any, Protocol

from nociscope.threads import one_thread

_STOP_SECONDS = 3.0


def _thaw(cells: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(cells)


def _reduce_mapping(mapping: MappingProxyType[Any, Any]) -> tuple[Any, ...]:
    return _thaw, (dict(mapping),)


# Rows keep their cells in read-only mappings, which the pickle protocol does not know.
copyreg.pickle(MappingProxyType, _reduce_mapping)


class WorkerLost(Exception):
    """The worker process died twice over the same task (killed, out of memory, crashed in a library)."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a task ended: `value` is what the function returned, or `error` what it raised."""

    key: str
    value: Any = None
    error: BaseException | None = None


Function = Callable[[Any, Any], Any]


class Executor(Protocol):
    """Runs ``function(shared, task)`` for every keyed task."""

    def run(self, function: Function, shared: Any, tasks: Sequence[tuple[str, Any]]) -> Iterator[Ended]:
        """Yield the ends of the tasks in any order; closing the iterator stops the work."""


class Serial:
    """One task after the other in this process."""

    def run(self, function: Function, shared: Any, tasks: Sequence[tuple[str, Any]]) -> Iterator[Ended]:
        """See :meth:`Executor.run`."""
        for key, task in tasks:
            try:
                ended = Ended(key, value=function(shared, task))
            except Exception as error:  # noqa: BLE001 - the caller decides what an error means
                ended = Ended(key, error=error)
            yield ended


def _watch_parent() -> None:
    """End this process when the main process has gone, so that no orphan writes into a folder nobody holds."""
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _portable(error: Exception) -> Exception:
    """Return the error if it survives the way to the main process, else a plain one that says the same."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - any failure to pickle means the same
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _work(pipe: connection.Connection, function: Function, shared: Any) -> None:
    """Serve tasks from the main process until it sends None."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch_parent, daemon=True).start()
    with contextlib.suppress(EOFError, OSError):
        while (task := pipe.recv()) is not None:
            try:
                answer: tuple[Any, Exception | None] = (function(shared, task), None)
            except Exception as error:  # noqa: BLE001 - the main process decides what an error means
                answer = (None, _portable(error))
            pipe.send(answer)


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Block SIGINT for the child that is started meanwhile.

    Ctrl-C reaches every process of a terminal; the main process alone answers it and stops the workers. A signal mask
    is inherited, so a worker is deaf from its first instruction, and one that comes meanwhile waits for us.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # starting it would unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Worker:
    """A worker process, its pipe, and the task it has."""

    def __init__(self, function: Function, shared: Any) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, function, shared), daemon=True)
        with _without_interrupts():
            self.process.start()
        theirs.close()
        self.task: tuple[str, Any] | None = None

    def give(self, task: tuple[str, Any]) -> None:
        """Send a task; one that cannot be sent because the worker is gone is found by its sentinel."""
        self.task = task
        with contextlib.suppress(OSError):
            self.pipe.send(task[1])

    def answer(self) -> tuple[Any, Exception | None] | None:
        """Return the answer that waits in the pipe, None when the worker died before it had sent one."""
        try:
            if self.pipe.poll():
                answer: tuple[Any, Exception | None] = self.pipe.recv()
                return answer
        except (EOFError, OSError, pickle.UnpicklingError):
            pass
        return None

    def stop(self) -> None:
        """End the process, by force if it does not go."""
        self.pipe.close()
        self.process.terminate()
        self.process.join(_STOP_SECONDS)
        if self.process.is_alive():
            self.process.kill()
            self.process.join(_STOP_SECONDS)


class Processes:
    """Several worker processes, each with one numeric thread.

    Parameters
    ----------
    count : int
        How many, at least 1.
    """

    def __init__(self, count: int) -> None:
        self.count = max(1, count)

    def run(self, function: Function, shared: Any, tasks: Sequence[tuple[str, Any]]) -> Iterator[Ended]:
        """See :meth:`Executor.run`.

        A task whose worker died is given once more to a new worker; after the second death its error is
        :class:`WorkerLost`.
        """
        one_thread()
        waiting = deque(tasks)
        lost: set[str] = set()
        workers: list[_Worker] = []
        try:
            while waiting or any(w.task for w in workers):
                while waiting and len(workers) < min(self.count, len(tasks)):
                    workers.append(_Worker(function, shared))
                    workers[-1].give(waiting.popleft())
                for worker in self._ready(workers):
                    task = worker.task
                    answer = worker.answer()
                    if answer is not None:
                        worker.task = None
                        if waiting:
                            worker.give(waiting.popleft())
                    else:
                        workers.remove(worker)
                        worker.stop()
                    if task is None:
                        continue
                    if answer is not None:
                        yield Ended(task[0], value=answer[0], error=answer[1])
                    elif task[0] in lost:
                        yield Ended(task[0], error=WorkerLost())
                    else:
                        lost.add(task[0])
                        waiting.appendleft(task)
        finally:
            for worker in workers:
                worker.process.terminate()
            for worker in workers:
                worker.stop()

    @staticmethod
    def _ready(workers: Sequence[_Worker]) -> list[_Worker]:
        """Wait until a worker has answered or died; return those that have."""
        signals = connection.wait([x for w in workers for x in (w.pipe, w.process.sentinel)])
        return [w for w in workers if w.pipe in signals or w.process.sentinel in signals]
