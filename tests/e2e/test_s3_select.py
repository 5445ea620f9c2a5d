# SPDX-License-Identifier: Apache-2.0
"""SELECT .. FROM s3(..): two S3 servers of different makers, local files, faults on the way, and every wrong input named."""
import gzip
import json
import re

import pymysql
import pytest

from tests.servers import s3
from tests.servers.certificates import Authority
from tests.servers.fault_proxy import FaultProxy
from tests.servers.freshet import Freshet, properties
from tests.servers.process import wait_until

BUCKET = "bucket"


@pytest.fixture(scope="module")
def freshet(tmp_path_factory):
    root = tmp_path_factory.mktemp("files")
    server = Freshet(["--file-root", str(root)]).start()
    server.root = root
    yield server
    server.remove()


@pytest.fixture(scope="module", params=[s3.RcloneS3, s3.VersityGw], ids=["rclone", "versitygw"])
def store(request):
    server = request.param().start()
    server.make_bucket(BUCKET)
    yield server
    server.remove()


@pytest.fixture(scope="module")
def rclone():
    server = s3.RcloneS3().start()
    server.make_bucket(BUCKET)
    yield server
    server.remove()


@pytest.fixture
def proxy(rclone):
    faulty = FaultProxy(rclone.port).start()
    yield faulty
    faulty.stop()


def source(store, key, **more):
    return "s3" + properties(store.properties(f"s3://{BUCKET}/{key}", **more))


def csv(store, key, **more):
    return source(store, key, format="csv", column_separator=",", **more)


def error_of(freshet, sql):
    with pytest.raises(pymysql.err.Error) as caught:
        freshet.execute(sql)
    message = str(caught.value)
    assert s3.SECRET_KEY not in message and s3.ACCESS_KEY not in message
    return message


def wait_for_empty_spool(freshet):
    """The answer's last packet is sent before its statement ends."""
    wait_until(lambda: not list((freshet.data / "spool").iterdir()), 20, "copies of the files to be removed")


@pytest.mark.smoke
def test_files_come_in_the_order_of_their_keys(freshet, store):
    for key, body in {"o/b.csv": "3,c\n", "o/a.csv": "1,a\n2,b\n", "o/a/z.csv": "9,z\n", "o/a.csv.bak": "7,no\n", "o-x.csv": "8,no\n"}.items():
        store.put(BUCKET, key, body)
    assert freshet.execute(f"SELECT * FROM {csv(store, 'o/*.csv')}") == (("1", "a"), ("2", "b"), ("3", "c"))
    assert freshet.execute(f"SELECT c2 FROM {csv(store, 'o/**.csv')}") == (("a",), ("b",), ("z",), ("c",))
    assert freshet.execute(f"SELECT count(*), sum(CAST(c1 AS SIGNED)) FROM {csv(store, 'o/*')}") == ((4, 13),)
    wait_for_empty_spool(freshet)


def test_keys_of_any_characters(freshet, store):
    for number, key in enumerate(["k/x y+z.csv", "k/a&b=c#d?e%20.csv", "k/é€😀.csv", "k/it's \"q\".csv", "k/~(1)!.csv"]):
        store.put(BUCKET, key, f"{number}\n")
    assert freshet.execute(f"SELECT count(*), min(c1), max(c1) FROM {csv(store, 'k/*.csv')}") == ((5, "0", "4"),)
    assert freshet.execute(f"SELECT c1 FROM {csv(store, 'k/x y+z.csv')}") == (("0",),)
    assert freshet.execute(f"SELECT c1 FROM {csv(store, 'k/é€?.csv')}") == (("2",),)


def test_a_class_matches_no_sibling(freshet, store):
    for number in (0, 1):
        store.put(BUCKET, f"g/example_{number}.csv", f"{number}\n")
    assert freshet.execute(f"SELECT c1 FROM {csv(store, 'g/example_[0-0].csv')}") == (("0",),)
    assert freshet.execute("SELECT c1 FROM " + csv(store, "g/example_{1,5}.csv")) == (("1",),)


def test_formats(freshet, store):
    store.put(BUCKET, "f/names.csv.gz", gzip.compress(b"id,name\n1,\"a,b\"\n2,\\N\n"))
    named = source(store, "f/names.csv.gz", format="csv_with_names", column_separator=",", enclose='"')
    assert freshet.execute(f"SELECT name, id FROM {named}") == (("a,b", "1"), (None, "2"))
    rows = [{"id": 1, "price": 1.5, "tags": ["x", {"y": None}]}, {"id": 12345678901234567890123}]
    store.put(BUCKET, "f/lines.json", "\n".join(map(json.dumps, rows)))
    assert freshet.execute(f"SELECT id, price, tags FROM {source(store, 'f/lines.json', format='json')}") == (
        ("1", "1.5", '["x",{"y":null}]'), ("12345678901234567890123", None, None))
    store.put(BUCKET, "f/array.json", json.dumps(rows, indent=1))
    assert freshet.execute(f"SELECT id FROM {source(store, 'f/array.json', format='json', strip_outer_array='true')}") == (
        ("1",), ("12345678901234567890123",))


def test_columns_are_described(freshet, store):
    store.put(BUCKET, "desc/a.csv", "id,name\n1,a\n")
    described = freshet.execute(f"DESC FUNCTION {source(store, 'desc/a.csv', format='csv_with_names', column_separator=',')}")
    assert [row[:2] for row in described] == [("id", "VARCHAR"), ("name", "VARCHAR")]


def test_more_keys_than_one_page(freshet, rclone):
    folder = rclone.data / BUCKET / "pages"
    folder.mkdir()
    for number in range(1100):
        (folder / f"{number:05}.csv").write_text(f"{number}\n")
    assert freshet.execute(f"SELECT count(*), sum(CAST(c1 AS SIGNED)) FROM {csv(rclone, 'pages/*.csv')}") == ((1100, 1099 * 550),)


def test_wrong_lines_name_object_and_line(freshet, store):
    store.put(BUCKET, "bad/1.csv", "1,a\n")
    store.put(BUCKET, "bad/2.csv", "2,b\n3,private,extra\n")
    message = error_of(freshet, f"SELECT * FROM {csv(store, 'bad/*.csv')}")
    assert f"s3://{BUCKET}/bad/2.csv line 2: 3 fields, expected 2" in message and "private" not in message
    store.put(BUCKET, "bad/3.json", '{"a": 1}\n{"a": private}\n')
    message = error_of(freshet, f"SELECT * FROM {source(store, 'bad/3.json', format='json')}")
    assert "bad/3.json line 2: malformed JSON" in message and "private" not in message
    store.put(BUCKET, "bad/4.parquet", "PAR1 this is not one PAR1")
    message = error_of(freshet, f"SELECT * FROM {source(store, 'bad/4.parquet')}")
    assert "bad/4.parquet" in message and str(freshet.data) not in message


@pytest.mark.parametrize("change, wanted", [
    ({"s3__secret_key": "wrong"}, "SignatureDoesNotMatch"),
    ({"s3__access_key": "AKIANOBODY"}, "InvalidAccessKeyId|AccessDenied|UserNotFound"),
    ({"s3__access_key": None, "s3__secret_key": None}, "AccessDenied|UnsupportedAlgorithm"),
    ({"s3__endpoint": "http://127.0.0.1:1"}, "connect"),
    ({"s3__endpoint": "127.0.0.1:1/x"}, "s3.endpoint must be"),
    ({"s3__secret_key": None}, "belong together"),
    ({"format": "orc"}, "format must be"),
    ({"no_such_key": "1"}, "no_such_key"),
])
def test_wrong_properties_are_named(freshet, store, change, wanted):
    store.put(BUCKET, "w/a.csv", "1,a\n")
    message = error_of(freshet, f"SELECT * FROM {csv(store, 'w/a.csv', **change)}" if "format" not in change
                       else f"SELECT * FROM {source(store, 'w/a.csv', **change)}")
    assert re.search(wanted, message), message


def test_missing_bucket_object_and_pattern(freshet, store):
    missing = properties(store.properties("s3://no-such-bucket/a.csv", format="csv"))
    assert "NoSuchBucket" in error_of(freshet, f"SELECT * FROM s3{missing}")
    for key in ("none/a.csv", "none/*.csv"):
        assert f"nothing matches s3://{BUCKET}/{key}" in error_of(freshet, f"SELECT * FROM {csv(store, key)}")
    store.put(BUCKET, "empty.csv", "")
    assert "no row from which to learn columns" in error_of(freshet, f"SELECT * FROM {csv(store, 'empty.csv')}")


def test_wrong_region_is_named():
    server = s3.VersityGw().start()
    try:
        server.make_bucket(BUCKET)
        server.put(BUCKET, "a.csv", "1\n")
        freshet = Freshet().start()
        message = error_of(freshet, f"SELECT * FROM {csv(server, 'a*.csv', s3__region='eu-west-9')}")
        assert s3.REGION in message and "eu-west-9" in message, message
        freshet.remove()
    finally:
        server.remove()


def test_secrets_are_in_no_log_and_no_process_list(freshet, rclone):
    rclone.put(BUCKET, "p/a.csv", "1\n")
    freshet.execute(f"SELECT * FROM {csv(rclone, 'p/a.csv')}")
    error_of(freshet, f"SELECT nothing FROM {csv(rclone, 'p/a.csv')}")
    error_of(freshet, f"SELECT * FROM {csv(rclone, 'p/a.csv')} WHERE")
    assert s3.SECRET_KEY not in str(freshet.execute("SHOW FULL PROCESSLIST"))
    assert s3.SECRET_KEY not in freshet.log.read_text()


def test_tls_with_a_ca_of_ones_own(freshet):
    server = s3.VersityGw(authority=Authority()).start()
    try:
        server.make_bucket(BUCKET)
        server.put(BUCKET, "a.csv", "1\n")
        assert freshet.execute(f"SELECT c1 FROM {csv(server, 'a.csv')}") == (("1",),)
        assert "not trusted" in error_of(freshet, f"SELECT c1 FROM {csv(server, 'a.csv', **{'s3.ca_file': None})}")
    finally:
        server.remove()


def test_bucket_as_host_name(freshet):
    server = s3.VersityGw(virtual_domain="s3.localhost")
    server.start()
    try:
        (server.data / BUCKET).mkdir()
        (server.data / BUCKET / "a.csv").write_text("1\n")
        virtual = csv(server, "a.csv", use_path_style="false", s3__endpoint=f"http://s3.localhost:{server.port}")
        assert freshet.execute(f"SELECT c1 FROM {virtual}") == (("1",),)
    finally:
        server.remove()


@pytest.mark.parametrize("kind", ["reset", "truncate", "corrupt", "stall"])
def test_broken_transfers_go_on_where_they_stopped(freshet, rclone, proxy, kind):
    body = "".join(f"{number},text of row {number}\n" for number in range(40000))
    rclone.put(BUCKET, "fault/big.csv", body)
    times = 1 if kind in ("stall", "corrupt") else 4
    fault = proxy.add(kind, "^GET /bucket/fault/big.csv", times=times, after_bytes=200_000)
    rows = freshet.execute("SELECT count(*), sum(CAST(c1 AS SIGNED)), count(DISTINCT c2) FROM "
                           + csv(rclone, "fault/big.csv", s3__endpoint=proxy.endpoint))
    assert rows == ((40000, sum(range(40000)), 40000),)
    assert fault.hits == times
    wait_for_empty_spool(freshet)


def test_busy_server_is_asked_again_and_given_up_in_the_end(freshet, rclone, proxy):
    rclone.put(BUCKET, "busy/a.csv", "1\n")
    fault = proxy.add("unavailable", times=3)
    assert freshet.execute(f"SELECT c1 FROM {csv(rclone, 'busy/*.csv', s3__endpoint=proxy.endpoint)}") == (("1",),)
    assert fault.hits == 3
    proxy.add("unavailable", times=None)
    message = error_of(freshet, f"SELECT c1 FROM {csv(rclone, 'busy/*.csv', s3__endpoint=proxy.endpoint)}")
    assert "SlowDown: reduce your rate" in message


def test_an_object_that_changes_while_it_is_read_is_refused(freshet, rclone, proxy):
    rclone.put(BUCKET, "changing/a.csv", "1,aaaaaaaaaa\n" * 30000)
    proxy.add("reset", "^GET /bucket/changing/a.csv", after_bytes=100_000,
              on_hit=lambda: rclone.put(BUCKET, "changing/a.csv", "2,bbbbbbbbbb\n" * 30000))
    message = error_of(freshet, f"SELECT count(*) FROM {csv(rclone, 'changing/a.csv', s3__endpoint=proxy.endpoint)}")
    assert f"s3://{BUCKET}/changing/a.csv" in message and ("changed" in message or "PreconditionFailed" in message)
    wait_for_empty_spool(freshet)


def test_local_files_below_the_root_only(freshet, tmp_path):
    (freshet.root / "in").mkdir(exist_ok=True)
    (freshet.root / "in/b.csv").write_text("2,b\n")
    (freshet.root / "in/a.csv").write_text("1,a\n")
    (tmp_path / "outside.csv").write_text("9,secret\n")
    (freshet.root / "in/link.tsv").symlink_to(tmp_path / "outside.csv")

    def local(uri):
        return f"SELECT * FROM s3('uri' = '{uri}', 'format' = 'csv', 'column_separator' = ',')"

    assert freshet.execute(local(f"file:{freshet.root}/in/*.csv")) == (("1", "a"), ("2", "b"))
    assert freshet.execute(local("file:in/b.csv")) == (("2", "b"),)
    assert "not below" in error_of(freshet, local(f"file:{tmp_path}/outside.csv"))
    assert "'..'" in error_of(freshet, local("file:in/../../outside.csv"))
    assert "leads out" in error_of(freshet, local("file:in/link.tsv"))
    for sql in (f"SELECT * FROM read_csv('{freshet.root}/in/a.csv')", f"SELECT * FROM `{freshet.root}/in/a.csv`"):
        error_of(freshet, sql)
    wait_for_empty_spool(freshet)


def test_leftovers_of_a_killed_process_are_removed_at_start():
    freshet = Freshet().start()
    (freshet.data / "spool/query-7").mkdir()
    (freshet.data / "spool/query-7/0").write_text("x")
    freshet.restart()
    wait_for_empty_spool(freshet)
    message = error_of(freshet, "SELECT * FROM s3('uri' = 'file:/etc/passwd', 'format' = 'csv')")
    assert "--file-root" in message
    freshet.remove()


def test_two_calls_in_one_statement_join(freshet, rclone):
    rclone.put(BUCKET, "j/a.csv", "1,ann\n2,bob\n")
    rclone.put(BUCKET, "j/b.csv", "2,20\n3,30\n")
    joined = freshet.execute(f"SELECT a.c2, b.c2 FROM {csv(rclone, 'j/a.csv')} a JOIN {csv(rclone, 'j/b.csv')} b ON a.c1 = b.c1")
    assert joined == (("bob", "20"),)


def test_rows_of_files_fill_a_table(freshet, rclone):
    rclone.put(BUCKET, "fill/a.json", '{"id": 1, "price": 0.1234567890123456789}\n{"id": 2, "price": null}\n')
    freshet.execute("CREATE DATABASE IF NOT EXISTS filled")
    freshet.execute("CREATE TABLE filled.t (id BIGINT PRIMARY KEY, price DECIMAL(30,20))")
    freshet.execute(f"INSERT INTO filled.t SELECT id, price FROM {source(rclone, 'fill/*.json', format='json')}")
    assert [(row[0], row[1] and str(row[1])) for row in freshet.execute("SELECT * FROM filled.t ORDER BY id")] == [
        (1, "0.12345678901234567890"), (2, None)]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path):
    line = "7," + "x" * 998 + "\n"
    with open(tmp_path / "big.csv", "w") as big:
        for _ in range(500):
            big.write(line * 1000)
    server = Freshet(["--file-root", str(tmp_path), "--memory", "128MiB"]).start()
    try:
        def peak_mb():
            status = open(f"/proc/{server.process.pid}/status").read()
            return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) // 1024

        server.execute("SELECT 1")
        before = peak_mb()
        rows = server.execute("SELECT count(*), sum(CAST(c1 AS SIGNED)), max(LENGTH(c2)) FROM s3('uri' = 'file:big.csv', 'format' = 'csv', "
                              "'column_separator' = ',')")
        assert rows == ((500_000, 3_500_000, 998),)
        assert peak_mb() - before < 128
    finally:
        server.remove()
