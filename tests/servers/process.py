# SPDX-License-Identifier: Apache-2.0
"""Server processes of tests, demo and bench: free ports, a folder per run, stop by process id, bounded waiting.

A child never outlives its parent: the kernel signals it when the parent dies (PR_SET_PDEATHSIG), atexit stops it
otherwise, and folders that a killed run left behind are removed by the next run.
"""
import atexit
import contextlib
import ctypes
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

POLL_S = 0.02
START_DEADLINE_S = 90
STOP_DEADLINE_S = 30

_RUN_PREFIX = "freshet-run-"
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_run_folder = None
_running = []


class DeadlinePassed(AssertionError):
    """A condition did not come true in time."""


def wait_until(condition, deadline_s, what, poll_s=POLL_S):
    """Returns the first true value of condition(); raises DeadlinePassed naming `what` and the last exception."""
    end = time.monotonic() + deadline_s
    pause = threading.Event()
    while True:
        error = None
        try:
            value = condition()
            if value:
                return value
        except Exception as caught:  # a server that is not up yet refuses in many ways
            error = caught
        if time.monotonic() > end:
            raise DeadlinePassed(f"not within {deadline_s} s: {what}" + (f" (last error: {error!r})" if error else ""))
        pause.wait(poll_s)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_root():
    return os.geteuid() == 0


def _alive(pid):
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False
    except PermissionError:
        return True


def run_folder():
    """This process's folder for everything its servers write. World-readable: Postgres runs as another user."""
    global _run_folder
    if _run_folder is None:
        base = pathlib.Path(tempfile.gettempdir())
        for left in base.glob(_RUN_PREFIX + "*"):
            owner = re.match(_RUN_PREFIX + r"(\d+)-", left.name)
            if owner and not _alive(int(owner.group(1))):
                shutil.rmtree(left, ignore_errors=True)
        _run_folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{_RUN_PREFIX}{os.getpid()}-", dir=base))
        os.chmod(_run_folder, 0o755)
    return _run_folder


def new_folder(name, owner=None):
    folder = pathlib.Path(tempfile.mkdtemp(prefix=name + "-", dir=run_folder()))
    os.chmod(folder, 0o755)
    if owner:
        shutil.chown(folder, owner, owner)
    return folder


@atexit.register
def stop_everything():
    for process in list(_running):
        with contextlib.suppress(Exception):
            process.kill()
    if _run_folder is not None:
        shutil.rmtree(_run_folder, ignore_errors=True)


class ServerProcess:
    """One child process writing to a log file. Start it from the main thread: the kernel ties it to that thread."""

    def __init__(self, command, log, user=None, env=None, stdout=None, death_signal=signal.SIGKILL, preexec=None):
        self.command = [str(part) for part in command]
        self.log = pathlib.Path(log)
        self.user = user if user and is_root() else None
        self.env = env
        self.stdout = stdout
        self.death_signal = death_signal
        self.preexec = preexec
        self.popen = None

    def start(self):
        def in_child():
            _libc.prctl(_PR_SET_PDEATHSIG, int(self.death_signal))
            if self.preexec:
                self.preexec()

        identity = {}
        if self.user:
            entry = pwd.getpwnam(self.user)
            identity = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        with open(self.log, "ab") as log:
            self.popen = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=self.stdout or log, stderr=log, env=self.env,
                start_new_session=True, preexec_fn=in_child, cwd="/", **identity)
        _running.append(self)
        return self

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen is not None and self.popen.poll() is None

    def send(self, number):
        if self.running():
            self.popen.send_signal(number)

    def wait(self, deadline_s=STOP_DEADLINE_S):
        """Exit status; kills the process when it does not end in time, and says so."""
        try:
            status = self.popen.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise DeadlinePassed(f"{self.command[0]} did not end within {deadline_s} s; log: {self.tail()}")
        if self in _running:
            _running.remove(self)
        return status

    def stop(self, number=signal.SIGTERM, deadline_s=STOP_DEADLINE_S):
        self.send(number)
        return self.wait(deadline_s)

    def kill(self):
        if self.popen is not None and self.popen.poll() is None:
            self.popen.kill()
        if self.popen is not None:
            self.popen.wait(STOP_DEADLINE_S)
        if self in _running:
            _running.remove(self)

    def wait_ready(self, condition, what, deadline_s=START_DEADLINE_S):
        def ready_or_dead():
            if not self.running():
                raise_dead(self, what)
            return condition()

        try:
            return wait_until(ready_or_dead, deadline_s, what, poll_s=0.1)
        except ServerDied:
            raise
        except DeadlinePassed as error:
            raise DeadlinePassed(f"{error}; log: {self.tail()}") from None

    def tail(self, lines=15):
        try:
            return "\n" + "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return "(no log)"


class ServerDied(BaseException):
    """The server ended while we waited for it. Not an Exception, so that polling does not swallow it."""


def raise_dead(process, what):
    raise ServerDied(f"{process.command[0]} ended with status {process.popen.poll()} before {what}; "
                     f"log: {process.tail()}")


def run_checked(command, user=None, deadline_s=START_DEADLINE_S, env=None):
    """Runs a short command to its end; RuntimeError with its output when it fails."""
    identity = {}
    if user and is_root():
        entry = pwd.getpwnam(user)
        identity = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=deadline_s, cwd="/", env=env, **identity)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed ({done.returncode}): {done.stdout.decode(errors='replace')[-2000:]}")
    return done.stdout.decode(errors="replace")
