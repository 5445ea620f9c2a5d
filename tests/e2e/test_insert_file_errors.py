# SPDX-License-Identifier: Apache-2.0
"""Jobs that load files with something wrong in them: malformed files, rows that do not fit, their quarantine and its replay."""
import contextlib
import gzip
import json
import threading

import pymysql
import pytest

from tests.e2e.file_jobs import create_job, ids, ledger, put, quarantine, zstd_bytes
from tests.servers.parquet import parquet_bytes
from tests.servers.process import wait_until


def csv_text(numbers):
    return "".join(f"{i},n{i},{i}\n" for i in numbers)


def json_lines(numbers):
    return "".join(json.dumps({"id": i, "name": f"n{i}", "age": i}) + "\n" for i in numbers)


def json_array(numbers):
    return "[\n" + json_lines(numbers).rstrip().replace("\n", ",\n") + "\n]\n"


def parquet(numbers):
    return parquet_bytes(f"SELECT i AS id, 'n' || i AS name, i AS age FROM range({min(numbers)}, {max(numbers) + 1}) t(i)")


def gzipped(numbers):
    return gzip.compress(csv_text(numbers).encode())


def zstd_csv(numbers):
    return zstd_bytes(csv_text(numbers).encode())


def half(data):
    return data[:len(data) // 2]


MALFORMED = {
    "csv": (csv_text, lambda data: data.replace("103,n103,103", "103,n103"), "line 100", {}),
    "json": (json_lines, lambda data: data.replace('"n103"', "private"), "line 100", {"format": "json"}),
    "json_array": (json_array, lambda data: data.replace('"n103"', "private"), "line 101", {"format": "json", "strip_outer_array": "true"}),
    "parquet": (parquet, lambda data: data[:-50], "", {"format": "parquet"}),
    "csv.gz": (gzipped, half, "", {}),
    "csv.zst": (zstd_csv, half, "", {}),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_file_in_the_middle_is_named_and_the_earlier_ones_are_loaded_once(incoming, kind):
    freshet, folder = incoming
    make, spoil, place, arguments = MALFORMED[kind]
    parts = {"a": range(1, 4), "b": range(4, 204), "c": range(204, 207)}
    for name, numbers in parts.items():
        put(folder, f"{name}.{kind}", spoil(make(numbers)) if name == "b" else make(numbers))
    create_job(freshet, uri=f"file:*.{kind}", select="c1, c2, c3" if "csv" in kind else "id, name, age", **arguments)
    error = freshet.wait_status("load", "PAUSED")["ErrorMsg"]
    assert f"b.{kind}" in error and place in error and "Correct or remove the object" in error
    assert "correct the properties" not in error and "private" not in error and str(freshet.data) not in error
    assert ids(freshet) == [1, 2, 3]
    put(folder, f"b.{kind}", make(parts["b"]))
    freshet.resume("load")
    freshet.sync("load")
    assert ids(freshet) == list(range(1, 207))
    statistic = json.loads(freshet.job("load")["LoadStatistic"])
    assert (statistic["scannedRows"], statistic["fileNumber"]) == (206, 3)


def test_a_value_that_does_not_fit_pauses_a_strict_job_and_a_wider_column_lets_it_go_on(incoming):
    freshet, folder = incoming
    freshet.execute("CREATE TABLE shop.narrow (id INT NOT NULL, name VARCHAR(2), PRIMARY KEY (id))")
    put(folder, "a.csv", "1,Jo,1\n2,Kim,2\n")
    create_job(freshet, table="shop.narrow", select="c1, c2")
    job = freshet.wait_status("load", "PAUSED")
    assert "Insert has filtered data in strict mode" in job["ErrorMsg"] and "row 2" in job["ErrorMsg"]
    assert "Kim" not in job["ErrorMsg"]
    assert freshet.value("SELECT count(*) FROM shop.narrow") == 0
    freshet.execute("ALTER TABLE shop.narrow MODIFY COLUMN name VARCHAR(20)")
    freshet.resume("load")
    freshet.sync("load")
    assert freshet.execute("SELECT * FROM shop.narrow ORDER BY id") == ((1, "Jo"), (2, "Kim"))


LENIENT = {"session.enable_insert_strict": "false", "session.insert_max_filter_ratio": "1.0"}


def assert_every_row_is_accounted_for(freshet, table):
    rows = sorted(ledger(freshet), key=lambda row: int(row["TaskId"]))
    for row in rows:
        assert int(row["RowsRead"]) == sum(int(row[f"Rows{what}"]) for what in ("Loaded", "Filtered", "Rejected"))
    for before, after in zip(rows, rows[1:]):
        assert after["WindowFrom"] == before["WindowTo"]
    assert sum(int(row["RowsLoaded"]) for row in rows) == freshet.value(f"SELECT count(*) FROM {table} WHERE id < 1000000")
    return rows


def test_rejected_rows_of_a_lenient_job_can_be_looked_at_and_replayed(incoming):
    freshet, folder = incoming
    freshet.execute("CREATE TABLE shop.narrow (id INT NOT NULL, name VARCHAR(2), PRIMARY KEY (id))")
    put(folder, "a.csv", "1,Jo,1\n2,Kim,2\nx,Al,3\n5,Later,5\n")
    create_job(freshet, table="shop.narrow", select="c1, c2", job=LENIENT)
    freshet.sync("load")
    assert freshet.execute("SELECT * FROM shop.narrow") == ((1, "Jo"),)
    rejected = quarantine(freshet)
    task = assert_every_row_is_accounted_for(freshet, "shop.narrow")[0]
    assert [json.loads(row["Row"]) for row in rejected] == [
        {"c1": "2", "c2": "Kim", "c3": "2"}, {"c1": "x", "c2": "Al", "c3": "3"}, {"c1": "5", "c2": "Later", "c3": "5"}]
    for row, number in zip(rejected, ("2", "3", "4")):
        assert row["SourceTable"] == f"file:{folder}/a.csv" and row["TaskId"] == task["TaskId"]
        assert json.loads(row["Position"]) == {"fileName": f"file:{folder}/a.csv", "row": number}
    # Too long still, then not any more.
    assert freshet.execute("REPLAY QUARANTINE JOB load WHERE Row LIKE '%Kim%'") == (("0", "0", "0", "1"),)
    freshet.execute("ALTER TABLE shop.narrow MODIFY COLUMN name VARCHAR(20)")
    assert freshet.execute("REPLAY QUARANTINE JOB load WHERE Row LIKE '%Kim%'") == (("1", "0", "0", "0"),)
    assert freshet.execute("SELECT * FROM shop.narrow ORDER BY id") == ((1, "Jo"), (2, "Kim"))
    assert_every_row_is_accounted_for(freshet, "shop.narrow")
    # A row of its key that came later is not overwritten; without it the row is loaded.
    put(folder, "b.csv", "5,New,5\n")
    freshet.sync("load")
    assert freshet.execute("REPLAY QUARANTINE JOB load") == (("0", "0", "1", "1"),)
    assert freshet.value("SELECT name FROM shop.narrow WHERE id = 5") == "New"
    rows = assert_every_row_is_accounted_for(freshet, "shop.narrow")
    assert [rows[-1][f"Rows{what}"] for what in ("Read", "Loaded", "Filtered", "Rejected")] == ["2", "0", "0", "2"]
    assert len(quarantine(freshet)) == 2 and freshet.status("load") == "RUNNING"


def test_all_rejected_rows_of_a_large_file_are_kept(incoming):
    freshet, folder = incoming
    freshet.execute("CREATE TABLE shop.narrow (id INT NOT NULL, name VARCHAR(2), PRIMARY KEY (id))")
    long = "y" * 4000
    put(folder, "a.csv", "".join(f"{i},{'ok' if i % 1000 == 0 else long},{i}\n" for i in range(4000)))
    create_job(freshet, table="shop.narrow", select="c1, c2", job=LENIENT)
    freshet.sync("load")
    numbers = [int(json.loads(row["Row"])["c1"]) for row in quarantine(freshet)]
    assert numbers == [i for i in range(4000) if i % 1000]
    assert ids(freshet, "shop.narrow") == [0, 1000, 2000, 3000]
    assert assert_every_row_is_accounted_for(freshet, "shop.narrow")[-1]["RowsRejected"] == "3996"


def test_rejected_rows_that_were_written_ahead_go_with_a_load_that_fails(incoming):
    freshet, folder = incoming
    freshet.execute("CREATE TABLE shop.narrow (id INT NOT NULL, name VARCHAR(2), PRIMARY KEY (id))")
    put(folder, "0.csv", "0,ok,0\n")
    text = "".join(f"{i},{'y' * 2000},{i}\n" for i in range(1, 3000))
    put(folder, "a.csv", text)
    create_job(freshet, table="shop.narrow", select="c1, c2", job=LENIENT | {"session.insert_max_filter_ratio": "0.999"})
    freshet.wait_status("load", "PAUSED")
    assert quarantine(freshet) == ()
    put(folder, "a.csv", text + "".join(f"{i},ok,{i}\n" for i in range(3000, 3010)))
    freshet.stop()
    freshet.start(failpoints="sync.object.before_rejects=crash@3")
    with contextlib.suppress(pymysql.err.MySQLError):
        freshet.resume("load")
    freshet.process.wait(60)
    freshet.start(failpoints="sync.object.before_list=error@1")
    wait_until(lambda: freshet.status("load") == "PAUSED", 30, "the listing to fail")
    assert quarantine(freshet) == ()  # what the crash left is not shown
    freshet.resume("load")
    freshet.sync("load")
    assert len(quarantine(freshet)) == 2999
    assert_every_row_is_accounted_for(freshet, "shop.narrow")


def test_a_replay_overwrites_no_row_that_is_written_while_it_waits_for_the_table(incoming):
    freshet, folder = incoming
    freshet.execute("CREATE TABLE shop.narrow (id INT NOT NULL, name VARCHAR(2), PRIMARY KEY (id))")
    put(folder, "a.csv", "5,Later,5\n")
    create_job(freshet, table="shop.narrow", select="c1, c2", job=LENIENT)
    freshet.sync("load")
    freshet.execute("ALTER TABLE shop.narrow MODIFY COLUMN name VARCHAR(40)")
    on_disk = lambda: sum(path.stat().st_size for path in freshet.data.rglob("*") if path.is_file())
    before = on_disk()
    thread = threading.Thread(target=lambda: freshet.execute(
        "INSERT INTO shop.narrow SELECT range, repeat('u', 30) FROM range(700000)"))
    thread.start()
    wait_until(lambda: on_disk() > before + (4 << 20), 120, "pieces of the INSERT on disk")
    assert freshet.execute("REPLAY QUARANTINE JOB load") == (("0", "0", "1", "0"),)
    thread.join()
    assert freshet.value("SELECT name FROM shop.narrow WHERE id = 5") == "u" * 30


def lines_of(kind):
    """Fifty good lines with malformed ones between, and what is kept of those."""
    make = {"csv": lambda i: f"{i},n{i},{i}", "csv_with_names": lambda i: f"n{i},{i},{i}", "json": lambda i: json_lines([i]).strip()}[kind]
    good = [make(i) for i in range(50)]
    bad = {"csv": {3: "100,short", 20: '101,"open,1', 40: '102,"a"b,1', 51: "103,to,many,fields"},
           "csv_with_names": {1: "short", 2: 'n104,"open,104'},
           "json": {3: '{"id": 100, "name": private}', 20: "no JSON", 40: '{"id": 102, "name": "a", "Name": "b"}', 52: '{"id": 103'}}[kind]
    for line, text in bad.items():
        good.insert(line - 1, text)
    return good, bad


@pytest.mark.parametrize("kind", ["csv", "csv_with_names", "json"])
@pytest.mark.parametrize("compressed", [False, True])
def test_malformed_lines_of_a_lenient_job_are_kept_with_file_line_and_text(incoming, kind, compressed):
    freshet, folder = incoming
    lines, bad = lines_of(kind)
    first = 1
    if kind == "csv_with_names":
        lines.insert(0, "name,age,id")
        first = 2
    text = "\n".join(lines) + "\n"
    put(folder, "a", gzip.compress(text.encode()) if compressed else text)
    select = "c1, c2, c3" if kind == "csv" else "id, name, age"
    arguments = {"compress_type": "gz" if compressed else "plain"} | ({} if kind == "json" else {"enclose": '"'})
    create_job(freshet, uri="file:a", select=select, format=kind, job=LENIENT, **arguments)
    freshet.sync("load")
    assert ids(freshet) == list(range(50))
    kept = quarantine(freshet)
    assert [json.loads(row["Row"]) for row in kept] == list(bad.values())
    for row, line in zip(kept, bad):
        assert row["SourceTable"] == f"file:{folder}/a" and row["Reason"].startswith(f"line {line + first - 1}: ")
        assert "private" not in row["Reason"]
    assert freshet.value('SELECT count(*) FROM quarantine("jobName"="load") WHERE Row ->> \'$\' LIKE \'%10%\'') >= 1
    task = assert_every_row_is_accounted_for(freshet, "shop.people")[0]
    assert (task["RowsRead"], task["RowsLoaded"], task["RowsRejected"]) == (str(50 + len(bad)), "50", str(len(bad)))
    assert json.loads(freshet.job("load")["LoadStatistic"])["filteredRows"] == len(bad)
    assert freshet.execute("REPLAY QUARANTINE JOB load") == (("0", "0", "0", str(len(bad))),)
    assert [json.loads(row["Row"]) for row in quarantine(freshet)] == list(bad.values()), "what is no row still stays as it was"


def test_malformed_lines_above_the_ratio_or_of_a_strict_job_pause_it_with_nothing_of_the_file_loaded(incoming):
    freshet, folder = incoming
    put(folder, "a.csv", "1,Ann,21\nsecret\n2,Bob,22\nx,Cid,23\n")
    create_job(freshet, job={"session.insert_max_filter_ratio": "1.0"})
    error = freshet.wait_status("load", "PAUSED")["ErrorMsg"]
    assert "a.csv line 2: 1 fields, expected 3" in error and "session.enable_insert_strict" in error and "secret" not in error
    assert ids(freshet) == [] and not quarantine(freshet)
    freshet.execute('ALTER JOB load PROPERTIES ("session.enable_insert_strict" = "false", "session.insert_max_filter_ratio" = "0.49")')
    freshet.resume("load")
    error = freshet.wait_status("load", "PAUSED")["ErrorMsg"]
    assert "too many filtered rows: ratio 0.5" in error and "first line 2: 1 fields, expected 3" in error and "secret" not in error
    assert ids(freshet) == [] and not quarantine(freshet)
    freshet.execute('ALTER JOB load PROPERTIES ("session.insert_max_filter_ratio" = "0.5")')
    freshet.resume("load")
    freshet.sync("load")
    assert ids(freshet) == [1, 2]
    assert [row["Reason"].split(":")[0] for row in quarantine(freshet)] == ["line 2", "column id"]
    assert_every_row_is_accounted_for(freshet, "shop.people")


def test_malformed_lines_are_replayed_in_the_format_that_the_job_has_then(incoming):
    freshet, folder = incoming
    put(folder, "a.csv", "1,Ann,21\n2,Bob\n3,Cid,23,more\n4,\xff,24\nx,Eve\n".encode("latin-1"))
    create_job(freshet, job=LENIENT)
    freshet.sync("load")
    assert ids(freshet) == [1] and len(quarantine(freshet)) == 4
    freshet.pause("load")
    source = 's3("uri" = "file:*.csv", "format" = "csv", "column_separator" = ",", "fuzzy_columns" = "true")'
    freshet.execute(f"ALTER JOB load INSERT INTO shop.people SELECT c1, c2, c3 FROM {source}")
    # A line that was no UTF-8 is not what the file had, and stays; so does a row that does not fit.
    assert freshet.execute("REPLAY QUARANTINE JOB load") == (("2", "0", "0", "2"),)
    assert freshet.execute("SELECT id, name, age FROM shop.people ORDER BY id") == ((1, "Ann", 21), (2, "Bob", None), (3, "Cid", 23))
    assert sorted(row["Reason"].split(":")[0] for row in quarantine(freshet)) == ["line 4", "line 5"]


def test_what_makes_the_rest_of_a_file_unreadable_pauses_a_lenient_job_too(incoming):
    freshet, folder = incoming
    put(folder, "a.json", '[{"id":1,"name":"a","age":1},{"id":2,"name":"open},{"id":3,"name":"c","age":3}]')
    put(folder, "0.json", '[{"id":9,"name":"z","age":9}]')
    create_job(freshet, uri="file:*.json", select="id, name, age", format="json", strip_outer_array="true", job=LENIENT)
    error = freshet.wait_status("load", "PAUSED")["ErrorMsg"]
    assert "a.json" in error and "Correct or remove the object" in error
    assert ids(freshet) == [9] and not quarantine(freshet)


def test_parquet_rows_are_loaded_with_their_types_and_replayed(incoming):
    freshet, folder = incoming
    freshet.execute("CREATE TABLE shop.sales (id BIGINT NOT NULL, amount DECIMAL(5,2), day DATE, tags TEXT, PRIMARY KEY (id))")
    put(folder, "a.parquet", parquet_bytes(
        "SELECT i AS id, (i * 400.25)::DECIMAL(20,2) AS amount, DATE '2026-01-01' + i::INTEGER AS day, [i, i + 1] AS tags "
        "FROM range(1, 4) t(i)"))
    create_job(freshet, table="shop.sales", uri="file:a.parquet", select="id, amount, day, tags", format="parquet",
               job=LENIENT)
    freshet.sync("load")
    loaded = "SELECT id, CAST(amount AS CHAR), CAST(day AS CHAR), tags FROM shop.sales ORDER BY id"
    # Lenient: what overflows becomes NULL; a row is rejected only when that cannot be.
    assert freshet.execute(loaded) == ((1, "400.25", "2026-01-02", "[1,2]"), (2, "800.50", "2026-01-03", "[2,3]"),
                                       (3, None, "2026-01-04", "[3,4]"))
    freshet.execute("DROP JOB WHERE jobName = 'load'")
    freshet.execute("CREATE TABLE shop.strict (id BIGINT NOT NULL, amount DECIMAL(5,2) NOT NULL, day DATE, PRIMARY KEY (id))")
    create_job(freshet, table="shop.strict", uri="file:a.parquet", select="id, amount, day", format="parquet",
               job=LENIENT)
    freshet.sync("load")
    assert ids(freshet, "shop.strict") == [1, 2]
    assert json.loads(quarantine(freshet)[0]["Row"])["amount"] == 1200.75
    freshet.execute("ALTER TABLE shop.strict MODIFY COLUMN amount DECIMAL(12,2) NOT NULL")
    freshet.execute("REPLAY QUARANTINE JOB load")
    assert freshet.execute("SELECT id, CAST(amount AS CHAR), CAST(day AS CHAR) FROM shop.strict WHERE id = 3") == (
        (3, "1200.75", "2026-01-04"),)
    assert not quarantine(freshet)


def test_parquet_rows_with_nested_decimals_blobs_maps_and_times_are_replayed(incoming):
    freshet, folder = incoming
    columns = "price DECIMAL(38, 18), data BLOB, at DATETIME(6), prices TEXT"
    freshet.execute(f"CREATE TABLE shop.direct (id BIGINT PRIMARY KEY, {columns}, name VARCHAR(9))")
    freshet.execute(f"CREATE TABLE shop.nested (id BIGINT PRIMARY KEY, {columns}, name VARCHAR(1))")
    put(folder, "a.parquet", parquet_bytes(
        "SELECT i AS id, {'d': 12345678901234567890.123456789012345678::DECIMAL(38,18) + i, 'b': '\\x00\\xAA'::BLOB, "
        "'at': TIMESTAMPTZ '2026-11-21 08:30:01.000001+02'} AS s, MAP {'a': [99999999999999999.01::DECIMAL(20,2)], 'n': NULL} AS m, "
        "repeat('x', i) AS name FROM range(1, 4) t(i)"))
    select = "id, struct_extract(s, 'd'), struct_extract(s, 'b'), CAST(struct_extract(s, 'at') AS DATETIME), m, name"
    for table in ("direct", "nested"):
        create_job(freshet, name=table, table=f"shop.{table}", uri="file:a.parquet", select=select, format="parquet", job=LENIENT)
        freshet.sync(table)
    assert ids(freshet, "shop.nested") == [1] and ids(freshet, "shop.direct") == [1, 2, 3]
    freshet.execute("ALTER TABLE shop.nested MODIFY COLUMN name VARCHAR(9)")
    assert freshet.execute("REPLAY QUARANTINE JOB nested") == (("2", "0", "0", "0"),)
    everything = "SELECT id, CAST(price AS CHAR), hex(data), CAST(at AS CHAR), prices, name FROM shop.{} ORDER BY id"
    assert freshet.execute(everything.format("nested")) == freshet.execute(everything.format("direct"))


def test_too_many_rejected_rows_pause_a_lenient_job_with_nothing_of_the_file_loaded(incoming):
    freshet, folder = incoming
    put(folder, "a.csv", "1,Ann,21\nx,Bob,22\ny,Cid,23\n")
    create_job(freshet, job={"session.enable_insert_strict": "false", "session.insert_max_filter_ratio": "0.5"})
    job = freshet.wait_status("load", "PAUSED")
    assert "too many filtered rows" in job["ErrorMsg"]
    assert ids(freshet) == []
