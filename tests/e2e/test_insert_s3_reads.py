# SPDX-License-Identifier: Apache-2.0
"""Table-level jobs over S3 servers of two makers: every format, mode and way to log in, and objects that change or vanish on the
way."""
import gzip
import json

import pymysql
import pytest

from tests.e2e.file_jobs import zstd_bytes
from tests.servers import s3
from tests.servers.certificates import Authority
from tests.servers.fault_proxy import FaultProxy
from tests.servers.freshet import Freshet, properties
from tests.servers.parquet import parquet_bytes

BUCKET = "reads"


@pytest.fixture(scope="module")
def freshet():
    server = Freshet().start()
    server.execute("CREATE DATABASE lake")
    yield server
    server.remove()


@pytest.fixture(scope="module", params=[s3.RcloneS3, s3.VersityGw], ids=["rclone", "versitygw"])
def store(request):
    server = request.param().start()
    server.make_bucket(BUCKET)
    yield server
    server.remove()


@pytest.fixture
def table(freshet, database):
    """An empty table whose name is the job's, too. Objects of the test lie below this name."""
    freshet.execute(f"CREATE TABLE lake.{database} (id BIGINT NOT NULL, name VARCHAR(40), PRIMARY KEY (id))")
    yield database
    freshet.drop(database)


def csv(numbers, mark="n"):
    return "".join(f"{i},{mark}{i}\n" for i in numbers)


def lines(numbers):
    return "".join(json.dumps({"id": i, "name": f"n{i}"}) + "\n" for i in numbers)


def expected(numbers, mark="n"):
    return tuple((i, f"{mark}{i}") for i in numbers)


def rows(freshet, table):
    return freshet.execute(f"SELECT id, name FROM lake.{table} ORDER BY id")


def create_job(freshet, store, table, pattern="*", select="c1, c2", job=None, **more):
    arguments = {"format": "csv", "column_separator": ",", **more}
    call = "s3" + properties(store.properties(f"s3://{BUCKET}/{table}/{pattern}", **arguments))
    freshet.execute(f"CREATE JOB {table} PROPERTIES {properties({'max_interval': 1, **(job or {})})} ON STREAMING "
                    f"DO INSERT INTO lake.{table} SELECT {select} FROM {call}")


FORMATS = {
    "json": (lines, {"format": "json"}),
    "array.json": (lambda numbers: "[" + lines(numbers).rstrip().replace("\n", ",\n") + "]", {"format": "json", "strip_outer_array": "true"}),
    "parquet": (lambda numbers: parquet_bytes(f"SELECT i AS id, 'n' || i AS name FROM range({numbers[0]}, {numbers[-1] + 1}) t(i)"),
                {"format": "parquet"}),
    "csv.gz": (lambda numbers: gzip.compress(("id,name\n" + csv(numbers)).encode()), {"format": "csv_with_names"}),
    "csv.zst": (lambda numbers: zstd_bytes(("id,name\n" + csv(numbers)).encode()), {"format": "csv_with_names"}),
}


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_is_loaded(freshet, store, table, ending):
    make, arguments = FORMATS[ending]
    store.put(BUCKET, f"{table}/1.{ending}", make(range(1, 1000)))
    create_job(freshet, store, table, select="id, name", **arguments)
    store.put(BUCKET, f"{table}/2.{ending}", make(range(1000, 1010)))
    freshet.sync(table)
    assert rows(freshet, table) == expected(range(1, 1010))


def test_an_ordered_list_goes_on_after_the_last_key(freshet, store, table):
    store.put(BUCKET, f"{table}/b.csv", csv([1]))
    create_job(freshet, store, table, job={"s3.ingestion_mode": "ORDERED_LIST"})
    freshet.sync(table)
    store.put(BUCKET, f"{table}/a.csv", csv([2]))
    store.put(BUCKET, f"{table}/c.csv", csv([3]))
    freshet.sync(table)
    assert rows(freshet, table) == expected([1, 3])


def test_a_one_time_job_ends(freshet, store, table):
    for number in range(3):
        store.put(BUCKET, f"{table}/{number}.csv", csv([number]))
    create_job(freshet, store, table, job={"s3.ingestion_mode": "ONE_TIME", "s3.max_batch_files": 1})
    freshet.wait_status(table, "FINISHED")
    assert rows(freshet, table) == expected(range(3))


@pytest.mark.parametrize("rule, mark", [("ignore", "old"), ("reload", "new"), ("error", "old")])
def test_an_overwritten_object_follows_on_change(freshet, store, table, rule, mark):
    store.put(BUCKET, f"{table}/a.csv", csv([1, 2], "old"))
    create_job(freshet, store, table, job={"s3.on_change": rule})
    freshet.sync(table)
    store.put(BUCKET, f"{table}/a.csv", csv([1, 2], "new"))
    if rule == "error":
        assert "a.csv was loaded and has other content now" in freshet.wait_status(table, "PAUSED")["ErrorMsg"]
    else:
        freshet.sync(table)
    assert rows(freshet, table) == expected([1, 2], mark)


def test_a_class_matches_no_sibling(freshet, store, table):
    for number in (0, 1):
        store.put(BUCKET, f"{table}/example_{number}.csv", csv([number]))
    create_job(freshet, store, table, "example_[0-0].csv")
    freshet.sync(table)
    assert rows(freshet, table) == expected([0])


def test_an_object_that_changes_while_it_is_read_is_loaded_as_it_is_now(freshet, store, table):
    proxy = FaultProxy(store.port).start()
    store.put(BUCKET, f"{table}/a.csv", csv([1]))
    create_job(freshet, store, table, s3__endpoint=proxy.endpoint)
    freshet.sync(table)
    fault = proxy.add("reset", f"^GET /{BUCKET}/{table}/b.csv", after_bytes=100_000,
                      on_hit=lambda: store.put(BUCKET, f"{table}/b.csv", csv(range(2, 30_000), "new")))
    store.put(BUCKET, f"{table}/b.csv", csv(range(2, 40_000), "old"))
    freshet.sync(table)
    assert fault.hits == 1
    assert rows(freshet, table) == expected([1]) + expected(range(2, 30_000), "new")
    proxy.stop()


def test_an_object_that_is_deleted_between_listing_and_reading_is_passed_over(freshet, store, table):
    proxy = FaultProxy(store.port).start()
    store.put(BUCKET, f"{table}/a.csv", csv([1]))
    create_job(freshet, store, table, s3__endpoint=proxy.endpoint)
    freshet.sync(table)
    fault = proxy.add("before", f"^GET /{BUCKET}/{table}/b.csv", on_hit=lambda: store.delete(BUCKET, f"{table}/b.csv"))
    store.put(BUCKET, f"{table}/c.csv", csv([3]))
    store.put(BUCKET, f"{table}/b.csv", csv([2]))
    freshet.sync(table)
    assert fault.hits == 1
    assert rows(freshet, table) == expected([1, 3])
    proxy.stop()


def test_a_session_token_is_sent_and_shown_nowhere(freshet, store, table):
    store.put(BUCKET, f"{table}/a.csv", csv([1]))
    token = {"s3__session_token": "FwoGZXIvYXdz/token+of=it"}
    if store.kind == "versitygw":  # knows no tokens, so that one was sent shows
        with pytest.raises(pymysql.err.MySQLError, match="InvalidToken") as refused:
            create_job(freshet, store, table, **token)
        assert "FwoGZXIvYXdz" not in str(refused.value) + freshet.log.read_text()
        return
    create_job(freshet, store, table, **token)
    freshet.sync(table)
    assert rows(freshet, table) == expected([1])
    assert "FwoGZXIvYXdz" not in json.dumps(freshet.job(table)) + freshet.log.read_text()


@pytest.mark.parametrize("kind", ["anonymous", "tls", "virtual_host"])
def test_ways_to_reach_a_server(freshet, table, kind):
    made = {"anonymous": lambda: s3.RcloneS3(anonymous=True), "tls": lambda: s3.VersityGw(authority=Authority()),
            "virtual_host": lambda: s3.VersityGw(virtual_domain="s3.localhost")}
    server = made[kind]().start()
    try:
        (server.data / BUCKET / table).mkdir(parents=True)
        (server.data / BUCKET / table / "a.csv").write_text(csv([1, 2]))
        arguments = {"anonymous": {"s3__access_key": None, "s3__secret_key": None}, "tls": {},
                     "virtual_host": {"use_path_style": "false", "s3__endpoint": f"http://s3.localhost:{server.port}"}}
        create_job(freshet, server, table, **arguments[kind])
        freshet.sync(table)
        assert rows(freshet, table) == expected([1, 2])
    finally:
        freshet.drop(table)
        server.remove()
