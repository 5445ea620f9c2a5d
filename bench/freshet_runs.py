# SPDX-License-Identifier: Apache-2.0
"""freshet under the clock: catch up with a log written while it was down, copy a table, follow single commits."""
import contextlib
import multiprocessing
import time

from tests.e2e import compare
from tests.servers.freshet import Freshet
from tests.servers.process import wait_until

CATCH_UP_DEADLINE_S = 900
LATENCY_TABLE = "CREATE TABLE ticks (id BIGINT PRIMARY KEY, payload VARCHAR(40))"
LATENCY_DRAIN_DEADLINE_S = 60


def prepare(source, database):
    """A freshet that mirrors the empty table and is stopped: its job goes on from here when it is started."""
    freshet = Freshet().start()
    freshet.create_job("bench", source, database)
    freshet.sync("bench")
    freshet.stop()
    return freshet


def catch_up(freshet, source, database):
    """(seconds from process start to everything visible, peak RSS bytes). Verified against the source afterwards."""
    started = time.monotonic()
    freshet.start()
    wait_until(lambda: freshet.sync("bench", CATCH_UP_DEADLINE_S), CATCH_UP_DEADLINE_S, "catch-up")
    seconds = time.monotonic() - started
    memory = freshet.peak_memory_bytes()
    compare.assert_equal(source, database, freshet, tables=["orders"])
    freshet.drop("bench")  # gives the slot back
    freshet.remove()
    return seconds, memory


def copy(source, database):
    """(seconds from CREATE JOB to READY, peak RSS bytes)."""
    freshet = Freshet().start()
    freshet.execute(f"CREATE DATABASE {database}")
    started = time.monotonic()
    freshet.create_job("bench", source, database, include_tables="orders")
    freshet.sync("bench", CATCH_UP_DEADLINE_S)
    seconds = time.monotonic() - started
    memory = freshet.peak_memory_bytes()
    compare.assert_equal(source, database, freshet, tables=["orders"])
    freshet.drop("bench")  # gives the slot back
    freshet.remove()
    return seconds, memory


def _write_ticks(source, database, rate_per_s, seconds, commits):
    """In a process of its own: single-row transactions at a fixed rate; sends [(id, monotonic time after commit)]."""
    times = []
    with contextlib.closing(source.connect(database)) as connection, connection.cursor() as cursor:
        started = time.monotonic()
        number = 0
        while number < rate_per_s * seconds:
            if time.monotonic() < started + number / rate_per_s:
                continue
            number += 1
            cursor.execute("INSERT INTO ticks VALUES (%s, 'tick')", (number,))
            times.append((number, time.monotonic()))
    commits.send(times)


def latency(source, database, rate_per_s, seconds):
    """Commit-to-visible milliseconds, sorted; and the rate the source really reached."""
    source.script([LATENCY_TABLE], database)
    freshet = Freshet().start()
    freshet.create_job("bench", source, database, include_tables="ticks")
    freshet.sync("bench")
    receive, send = multiprocessing.Pipe(duplex=False)
    writer = multiprocessing.Process(target=_write_ticks, args=(source, database, rate_per_s, seconds, send))
    seen, newest, wanted = [], 0, rate_per_s * seconds
    with freshet.connect(database) as connection, connection.cursor() as cursor:
        writer.start()
        end = time.monotonic() + seconds + LATENCY_DRAIN_DEADLINE_S
        while newest < wanted and time.monotonic() < end:
            cursor.execute(f"SELECT max(id) FROM ticks WHERE id > {newest}")
            found = cursor.fetchone()[0]
            if found:
                seen.append((int(found), time.monotonic()))
                newest = int(found)
    times = receive.recv()
    writer.join()
    freshet.drop("bench")  # gives the slot back
    freshet.remove()
    if newest < wanted:
        raise RuntimeError(f"only {newest} of {wanted} commits became visible")
    visible, delays = iter(seen), []
    upto, at = next(visible)
    for number, committed in times:
        while number > upto:
            upto, at = next(visible)
        delays.append(max(at - committed, 0) * 1000)
    return sorted(delays), len(times) / (times[-1][1] - times[0][1])
