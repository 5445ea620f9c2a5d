# SPDX-License-Identifier: Apache-2.0
"""Table-level jobs over S3: exactly once whatever breaks: crashes at every failpoint of listing, mapping and committing, and a
faulty network in between. What does not need S3 is in test_insert_files.py."""
import gzip
import json

import pymysql
import pytest

from tests.e2e.insert_jobs import assert_ledger_whole
from tests.e2e.test_crashes import failpoints
from tests.servers import s3
from tests.servers.fault_proxy import FaultProxy
from tests.servers.freshet import FAILPOINT_EXIT_STATUS, Freshet, properties
from tests.servers.process import ServerDied, wait_until

FILES, ROWS = 6, 400
ON_THE_WAY = [name for name in failpoints() if name.startswith("sync.object.") or name.startswith("storage.commit")]
# Enough rows for a file to be applied in pieces.
ROWS_IN_PIECES, LITTLE_MEMORY = 700_000, ["--memory", "128MiB"]


@pytest.fixture(scope="module")
def store():
    server = s3.VersityGw().start()
    yield server
    server.remove()


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
    """One file's rows: ids of its own, every seventh one not wanted."""
    first = number * 1_000_000
    return "".join(f"{first + i},{'skip' if i % 7 == 0 else 'keep'},{i}.{i % 100:02d}\n" for i in range(rows))


def fill(store, bucket, numbers, rows=ROWS):
    for number in numbers:
        store.put(bucket, f"in/part-{number:03d}.csv.gz", gzip.compress(lines(number, rows).encode()))


def expected(numbers, rows=ROWS):
    result = []
    for number in numbers:
        for i in range(rows):
            if i % 7:
                result.append((number * 1_000_000 + i, "KEEP", i * 100 + i % 100))
    return tuple(sorted(result))


def create_job(freshet, store, bucket, endpoint=None, job=None, **more):
    arguments = store.properties(f"s3://{bucket}/in/*.csv.gz", format="csv", column_separator=",", **more)
    if endpoint:
        arguments["s3.endpoint"] = endpoint
    settings = {"max_interval": 1, "s3.max_batch_files": 2, **(job or {})}
    freshet.execute(f"CREATE JOB lake PROPERTIES {properties(settings)} ON STREAMING DO INSERT INTO lake.events "
                    "SELECT CAST(c1 AS BIGINT), upper(c2), CAST(CAST(c3 AS DECIMAL(12, 2)) * 100 AS BIGINT) "
                    f"FROM s3{properties(arguments)} WHERE c2 <> 'skip'")


def target(freshet):
    return freshet.execute("SELECT id, kind, cents FROM lake.events ORDER BY id")


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
    assert_ledger_whole(freshet, "lake")


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
@pytest.mark.parametrize("name", ON_THE_WAY)
def test_a_crash_at_a_failpoint_loads_every_object_once(store, bucket, freshet, name):
    rows = ROWS_IN_PIECES if "piece" in name else ROWS
    numbers = range(2) if "piece" in name else range(FILES)
    fill(store, bucket, numbers, rows)
    crashed = False
    for armed in (f"{name}=crash@1", f"{name}=crash@3"):
        freshet.stop()
        try:
            freshet.start(failpoints=armed)
            if freshet.job("lake") is None:
                create_job(freshet, store, bucket)
            freshet.sync("lake", 30)
        except (pymysql.err.MySQLError, ServerDied, RuntimeError, AssertionError, OSError):
            pass
        if freshet.process.running():
            freshet.stop()
        crashed = crashed or freshet.process.popen.returncode == FAILPOINT_EXIT_STATUS
        freshet.start()
    if freshet.job("lake") is None:
        create_job(freshet, store, bucket)
    settle(freshet)
    assert_once(freshet, numbers, rows)
    assert crashed, f"nothing passed failpoint {name}"


@pytest.mark.parametrize("kind", ["reset", "unavailable", "truncate", "stall"])
def test_a_broken_network_delays_objects_and_loses_none(store, bucket, proxy, freshet, kind):
    fill(store, bucket, range(FILES))
    create_job(freshet, store, bucket, endpoint=proxy.endpoint)
    freshet.sync("lake")
    for fault in range(2):
        proxy.add(kind, r"^GET /[^?]*part-", times=2, after_bytes=500)
        proxy.add(kind, r"^GET [^ ]*list-type", times=1, after_bytes=50)
        fill(store, bucket, [FILES + fault])
        settle(freshet)
    assert_once(freshet, range(FILES + 2))


def test_an_endpoint_that_is_down_is_waited_for(store, bucket, proxy, freshet):
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


@pytest.mark.parametrize("change, message", [
    ({"s3.secret_key": "wrong"}, "signature"), ({"s3.access_key": "nobody"}, "access"), ({"uri": "s3://no-such-bucket/in/*"}, "no-such-bucket"),
    ({"s3.endpoint": "http://127.0.0.1:1"}, "127.0.0.1 port 1"), ({"uri": "s3://"}, "uri"), ({"format": "orc"}, "format")])
def test_what_cannot_be_read_is_named_and_leaves_no_job(store, bucket, freshet, change, message):
    fill(store, bucket, [0])
    arguments = {**store.properties(f"s3://{bucket}/in/*", format="csv", column_separator=","), **change}
    with pytest.raises(pymysql.err.MySQLError) as refused:
        freshet.execute(f"CREATE JOB lake ON STREAMING DO INSERT INTO lake.events SELECT c1, c2, 1 FROM s3{properties(arguments)}")
    assert message in str(refused.value).lower()
    assert s3.SECRET_KEY not in str(refused.value)
    assert freshet.job("lake") is None
