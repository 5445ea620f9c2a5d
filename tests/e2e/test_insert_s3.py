# SPDX-License-Identifier: Apache-2.0
"""Table-level jobs over S3: exactly once whatever breaks: crashes at every failpoint of listing, mapping and committing, and a
faulty network in between. What does not need S3 is in test_insert_files.py."""
import gzip
import json
import random
import re

import pymysql
import pytest

from tests.e2e.insert_jobs import assert_ledger_whole
from tests.e2e.test_crashes import failpoints
from tests.servers import s3
from tests.servers.fault_proxy import FaultProxy
from tests.servers.freshet import FAILPOINT_EXIT_STATUS, Freshet, properties
from tests.servers.process import ServerDied, wait_until

FILES, ROWS = 6, 400
ON_THE_WAY = [name for name in failpoints()
              if name.startswith(("sync.object.", "storage.commit", "storage.piece", "storage.undo", "storage.records"))]
# Enough rows for a file to be applied in pieces, and for its rejected rows to be written ahead.
ROWS_IN_PIECES, LITTLE_MEMORY = 700_000, ["--memory", "128MiB"]
FAULTS = ["reset", "unavailable", "slow", "truncate"]
KILL_ROUNDS = 10
MAKERS = {"versitygw": s3.VersityGw, "rclone": s3.RcloneS3}
# Failpoints that only a particular past reaches: what to arm in a round before them.
ROUND_BEFORE = {"storage.undo.before_write": "storage.piece.after_write=crash@1"}
LENIENT = {"session.enable_insert_strict": "false", "session.insert_max_filter_ratio": "1"}


# Where the two servers differ: how they list, and what they make of a request that is cut off.
ON_BOTH_SERVERS = ["sync.object.after_list", "sync.object.before_map", "sync.object.after_commit", "storage.commit.before_write"]
CRASHES = [("versitygw", name) for name in ON_THE_WAY] + [("rclone", name) for name in ON_BOTH_SERVERS]


@pytest.fixture(scope="module")
def servers():
    """Of two makers; the second one is started when a test asks for it."""
    running = {}

    def of(maker):
        if maker not in running:
            running[maker] = MAKERS[maker]().start()
        return running[maker]

    yield of
    for server in running.values():
        server.remove()


@pytest.fixture
def store(request, servers):
    return servers(getattr(request, "param", "versitygw"))


@pytest.fixture
def bucket(store, database):
    name = database.replace("_", "-")[-40:].strip("-")
    store.make_bucket(name)
    return name


@pytest.fixture
def proxy(store):
    faulty = FaultProxy(store.port).start()
    yield faulty
    faulty.stop()


@pytest.fixture
def freshet():
    server = Freshet(LITTLE_MEMORY).start()
    server.execute("CREATE DATABASE lake")
    server.execute("CREATE TABLE lake.events (id BIGINT NOT NULL, kind VARCHAR(20), cents BIGINT, PRIMARY KEY (id))")
    yield server
    server.remove()


def lines(number, rows=ROWS):
    """One file's rows: ids of its own, every seventh one not wanted, every fiftieth too long for the target."""
    first = number * 1_000_000
    kinds = ["skip" if i % 7 == 0 else "a kind of more than twenty letters" if is_rejected(i) else "keep" for i in range(350)]
    return "".join(f"{first + i},{kinds[i % 350]},{i}.{i % 100:02d}\n" for i in range(rows))


def is_rejected(i):
    return i % 50 == 1 and i % 7 != 0


def fill(store, bucket, numbers, rows=ROWS):
    for number in numbers:
        store.put(bucket, f"in/part-{number:03d}.csv.gz", gzip.compress(lines(number, rows).encode()))


def expected(numbers, rows=ROWS):
    result = []
    for number in numbers:
        for i in range(rows):
            if i % 7 and not is_rejected(i):
                result.append((number * 1_000_000 + i, "KEEP", i * 100 + i % 100))
    return tuple(sorted(result))


def create_job(freshet, store, bucket, endpoint=None, job=None, **more):
    arguments = store.properties(f"s3://{bucket}/in/*.csv.gz", format="csv", column_separator=",", **more)
    if endpoint:
        arguments["s3.endpoint"] = endpoint
    settings = {"max_interval": 1, "s3.max_batch_files": 2, **LENIENT, **(job or {})}
    freshet.execute(f"CREATE JOB lake PROPERTIES {properties(settings)} ON STREAMING DO INSERT INTO lake.events "
                    "SELECT CAST(c1 AS BIGINT), upper(c2), CAST(CAST(c3 AS DECIMAL(12, 2)) * 100 AS BIGINT) "
                    f"FROM s3{properties(arguments)} WHERE c2 <> 'skip'")


def target(freshet):
    # Sorted here: a quarter of LITTLE_MEMORY is not always enough for the server to sort ROWS_IN_PIECES.
    return tuple(sorted(freshet.execute("SELECT id, kind, cents FROM lake.events")))


def settle(freshet):
    def synced():
        if freshet.status("lake") == "PAUSED":
            freshet.resume("lake")
        return freshet.sync("lake", 30)

    wait_until(synced, 120, "SYNC JOB", poll_s=0.2)


def assert_once(freshet, numbers, rows=ROWS):
    assert target(freshet) == expected(numbers, rows)
    statistic = json.loads(freshet.job("lake")["LoadStatistic"])
    assert (statistic["scannedRows"], statistic["fileNumber"]) == (len(numbers) * rows, len(numbers))
    tasks = assert_ledger_whole(freshet, "lake")
    rejected = len(numbers) * sum(map(is_rejected, range(rows)))
    assert sum(task["RowsRejected"] for task in tasks) == rejected
    assert freshet.execute('SELECT count(*), count(DISTINCT Row) FROM quarantine("jobName"="lake")') == ((rejected, rejected),)


@pytest.mark.smoke
def test_objects_are_loaded_once_and_no_secret_is_shown(freshet, store, bucket):
    fill(store, bucket, range(FILES))
    create_job(freshet, store, bucket)
    freshet.sync("lake")
    assert_once(freshet, range(FILES))
    job = freshet.job("lake")
    shown = json.dumps(job) + json.dumps(freshet.rows('SELECT * FROM tasks("type"="insert")')) + freshet.log.read_text()
    assert s3.SECRET_KEY not in shown and s3.ACCESS_KEY not in shown
    assert "******" in job["ExecuteSql"]


@pytest.mark.slow
@pytest.mark.parametrize("store, name", CRASHES, indirect=["store"])
def test_a_crash_at_a_failpoint_loads_every_object_once(store, bucket, proxy, freshet, name):
    """With a broken network on top of it: one fault in each round."""
    large = re.search("piece|undo|rejects", name)
    rows, numbers = (ROWS_IN_PIECES, range(1)) if large else (ROWS, range(FILES))
    fill(store, bucket, numbers, rows)
    crashed = False
    rounds = [ROUND_BEFORE[name]] if name in ROUND_BEFORE else []
    for number, armed in enumerate(rounds + [f"{name}=crash@1", f"{name}=crash@3"]):
        proxy.add(FAULTS[(ON_THE_WAY.index(name) + number) % len(FAULTS)], r"^GET /[^?]*part-", times=1, after_bytes=500)
        freshet.stop()
        try:
            freshet.start(failpoints=armed)
            if freshet.job("lake") is None:
                create_job(freshet, store, bucket, endpoint=proxy.endpoint)
            freshet.sync("lake", 30)
        except (pymysql.err.MySQLError, ServerDied, RuntimeError, AssertionError, OSError):
            pass
        if freshet.process.running():
            freshet.stop()
        crashed = crashed or (freshet.process.popen.returncode == FAILPOINT_EXIT_STATUS and armed.startswith(name))
        if number < len(rounds):
            continue  # what it left is for the next one to find
        freshet.start()
    if freshet.job("lake") is None:
        create_job(freshet, store, bucket, endpoint=proxy.endpoint)
    settle(freshet)
    assert_once(freshet, numbers, rows)
    assert crashed, f"nothing passed failpoint {name}"


@pytest.mark.parametrize("kind", ["reset", "unavailable", "truncate", pytest.param("stall", marks=pytest.mark.slow)])
def test_a_broken_network_delays_objects_and_loses_none(store, bucket, proxy, freshet, kind):
    fill(store, bucket, range(FILES))
    create_job(freshet, store, bucket, endpoint=proxy.endpoint)
    freshet.sync("lake")
    rounds = 1 if kind == "stall" else 2  # each stall takes a while to be noticed
    for fault in range(rounds):
        proxy.add(kind, r"^GET /[^?]*part-", times=rounds, after_bytes=500)
        proxy.add(kind, r"^GET [^ ]*list-type", times=1, after_bytes=50)
        fill(store, bucket, [FILES + fault])
        settle(freshet)
    assert_once(freshet, range(FILES + rounds))


@pytest.mark.slow
def test_kill_minus_nine_under_load_loads_every_object_once(store, bucket, proxy, freshet):
    dice = random.Random(7)
    fill(store, bucket, range(2), 5_000)
    create_job(freshet, store, bucket, endpoint=proxy.endpoint)
    for number in range(KILL_ROUNDS):
        fill(store, bucket, [2 + number], 5_000)
        enough = len(proxy.requests) + dice.randint(1, 5)
        wait_until(lambda: len(proxy.requests) >= enough, 60, "the job to go on")
        freshet.restart()
    settle(freshet)
    assert_once(freshet, range(2 + KILL_ROUNDS), 5_000)


def test_an_endpoint_that_answers_busy_is_waited_for(store, bucket, proxy, freshet):
    fill(store, bucket, range(2))
    create_job(freshet, store, bucket, endpoint=proxy.endpoint)
    freshet.sync("lake")
    outage = proxy.add("unavailable", times=None)
    fill(store, bucket, [2])
    wait_until(lambda: outage.hits >= 4, 120, "the job to ask again and again", poll_s=0.2)
    assert target(freshet) == expected(range(2))
    outage.times = 0
    settle(freshet)
    assert_once(freshet, range(3))


@pytest.mark.slow
def test_a_server_that_is_down_for_long_is_found_again_without_a_resume(freshet, database):
    server = s3.VersityGw().start()
    try:
        server.make_bucket("down")
        fill(server, "down", range(2))
        create_job(freshet, server, "down")
        freshet.sync("lake")
        server.stop()

        def waits(wait_number):
            job = freshet.job("lake")
            return (job["Status"] == "PAUSED" and "will resume automatically after" in job["JobRuntimeMsg"]
                    and int(job["FailedTaskCount"]) > wait_number and job)

        job = wait_until(lambda: waits(0), 60, "the job to wait", poll_s=0.2)
        assert "GET_REMOTE_DATA_ERROR" in job["ErrorMsg"] and str(server.port) in job["ErrorMsg"]
        failed = int(job["FailedTaskCount"])
        wait_until(lambda: waits(failed), 90, "the job to wait again", poll_s=0.2)
        server.start()
        fill(server, "down", [2])
        wait_until(lambda: freshet.status("lake") == "RUNNING" and freshet.sync("lake", 30), 90, "the job to go on by itself", poll_s=0.2)
        assert_once(freshet, range(3))
    finally:
        server.remove()


def test_a_wrong_key_pauses_and_the_right_one_goes_on(store, bucket, freshet):
    def alter(**keys):
        arguments = store.properties(f"s3://{bucket}/in/*.csv.gz", format="csv", column_separator=",", **keys)
        freshet.execute("ALTER JOB lake INSERT INTO lake.events SELECT CAST(c1 AS BIGINT), upper(c2), "
                        f"CAST(CAST(c3 AS DECIMAL(12, 2)) * 100 AS BIGINT) FROM s3{properties(arguments)} WHERE c2 <> 'skip'")

    fill(store, bucket, range(2))
    create_job(freshet, store, bucket)
    freshet.sync("lake")
    freshet.pause("lake")
    fill(store, bucket, [2])
    alter(s3__secret_key="wrong")
    freshet.resume("lake")
    error = freshet.wait_status("lake", "PAUSED")["ErrorMsg"]
    assert "SignatureDoesNotMatch" in error and "correct the login" in error
    alter()
    freshet.resume("lake")
    freshet.sync("lake")
    assert_once(freshet, range(3))


@pytest.mark.parametrize("change, message", [
    ({"s3.region": "eu-west-9"}, s3.REGION), ({"uri": "none"}, "no object with content matches"),
    ({"s3.secret_key": "wrong"}, "signature"), ({"s3.access_key": "nobody"}, "access"), ({"uri": "s3://no-such-bucket/in/*"}, "no-such-bucket"),
    ({"s3.endpoint": "http://127.0.0.1:1"}, "127.0.0.1 port 1"), ({"uri": "s3://"}, "uri"), ({"format": "orc"}, "format")])
def test_what_cannot_be_read_is_named_and_leaves_no_job(store, bucket, freshet, change, message):
    fill(store, bucket, [0])
    arguments = {**store.properties(f"s3://{bucket}/in/*", format="csv", column_separator=","), **change}
    if arguments["uri"] == "none":
        arguments["uri"] = f"s3://{bucket}/none/*"
    with pytest.raises(pymysql.err.MySQLError) as refused:
        freshet.execute(f"CREATE JOB lake ON STREAMING DO INSERT INTO lake.events SELECT c1, c2, 1 FROM s3{properties(arguments)}")
    assert message in str(refused.value).lower()
    assert s3.SECRET_KEY not in str(refused.value)
    assert freshet.job("lake") is None
