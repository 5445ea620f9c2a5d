# SPDX-License-Identifier: Apache-2.0
"""Table-level jobs that load files: INSERT INTO t SELECT .. FROM s3(..), here from a local directory (file:). What belongs to
S3 itself is in test_insert_s3.py."""
import json

import pymysql
import pytest

from tests.servers.freshet import Freshet, properties, quote
from tests.servers.parquet import parquet_bytes
from tests.servers.process import wait_until

NAMES = ["Emily", "Benjamin", "Olivia", "Alexander", "Ava", "William", "Sophia", "James", "Emma", "Liam",
         "Mia", "Noah", "Lucy", "Oscar", "Nina", "Peter", "Quinn", "Rosa", "Sam", "Tess"]


def people(first, last):
    return "".join(f"{i},{NAMES[i - 1]},{20 + i}\n" for i in range(first, last + 1))


@pytest.fixture
def incoming():
    """A freshet that may read files below a folder, and that folder."""
    server = Freshet()
    folder = server.data.parent / "incoming"
    folder.mkdir(parents=True)
    server.arguments += ["--file-root", str(folder)]
    server.start()
    server.execute("CREATE DATABASE shop")
    server.execute("CREATE TABLE shop.people (id INT NOT NULL, name VARCHAR(20), age INT, PRIMARY KEY (id))")
    yield server, folder
    server.remove()


def create_job(freshet, name="load", table="shop.people", uri="file:*.csv", select="c1, c2, c3", job=None, **arguments):
    values = {"uri": uri, "format": "csv", "column_separator": ",", **arguments}
    function = ", ".join(f"{quote(key)} = {quote(value)}" for key, value in values.items())
    settings = {"max_interval": 1, **(job or {})}
    freshet.execute(f"CREATE JOB {name} PROPERTIES {properties(settings)} ON STREAMING "
                    f"DO INSERT INTO {table} SELECT {select} FROM s3({function})")


def ledger(freshet, name="load"):
    return freshet.rows(f'SELECT * FROM ledger("jobName"="{name}")')


def quarantine(freshet, name="load"):
    return freshet.rows(f'SELECT * FROM quarantine("jobName"="{name}")')


def shown(freshet, name="load"):
    """The job's one line of job_tables()."""
    rows = freshet.rows(f'SELECT * FROM job_tables("jobName"="{name}")')
    assert len(rows) == 1, rows
    return rows[0]


def load_slowly(freshet, folder, rows=20_000):
    """A job in the middle of one file's rows: each of them takes its time."""
    put(folder, "slow.csv", "".join(f"{i},n{i},{i}\n" for i in range(rows)))
    create_job(freshet, table="shop.people (id, name, age)", select="c1, left(md5(repeat(c2, 8000)), 20), c3", uri="file:slow.csv")
    wait_until(lambda: shown(freshet)["State"] == "COPYING" and list((freshet.data / "spool").rglob("*.csv")), 30, "the file to be fetched")


def ids(freshet, table="shop.people"):
    return [row[0] for row in freshet.execute(f"SELECT id FROM {table} ORDER BY id")]


def put(folder, name, text):
    """As a writer should: the file appears whole."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text if isinstance(text, bytes) else text.encode()
    temporary = path.with_name("." + path.name + ".part")
    temporary.write_bytes(data)
    temporary.rename(path)


@pytest.mark.smoke
def test_two_files_one_per_task_are_loaded_and_counted(incoming):
    freshet, folder = incoming
    put(folder, "example_0.csv", people(1, 10))
    put(folder, "example_1.csv", people(11, 20))
    create_job(freshet, uri="file:example_[0-1].csv", job={"s3.max_batch_files": 1})
    freshet.sync("load")
    assert freshet.execute("SELECT count(*), min(id), max(id), sum(age) FROM shop.people") == ((20, 1, 20, 610),)
    job = freshet.job("load")
    assert int(job["SucceedTaskCount"]) >= 2
    statistic = json.loads(job["LoadStatistic"])
    assert (statistic["scannedRows"], statistic["fileNumber"]) == (20, 2)
    assert statistic["fileSize"] == sum(path.stat().st_size for path in folder.glob("*.csv"))
    assert json.loads(job["CurrentOffset"])["fileName"].endswith("example_1.csv")
    tasks = [task for task in freshet.rows('SELECT * FROM tasks("type"="insert")') if task["Status"] == "SUCCESS"]
    assert len(tasks) == 2
    assert [json.loads(task["RunningOffset"]) for task in reversed(tasks)] == [
        {"startFileName": "", "endFileName": "example_0.csv"},
        {"startFileName": "example_0.csv", "endFileName": "example_1.csv"}]
    for task in ledger(freshet):
        counts = {key.lower(): value for key, value in task.items()}
        assert int(counts["rowsread"]) == int(counts["rowsloaded"]) + int(counts["rowsfiltered"]) + int(counts["rowsrejected"])


def test_a_file_that_arrives_late_under_a_smaller_name_is_loaded_but_not_in_an_ordered_list(incoming):
    freshet, folder = incoming
    freshet.execute("CREATE TABLE shop.ordered (id INT NOT NULL, name VARCHAR(20), age INT, PRIMARY KEY (id))")
    put(folder, "b.csv", people(1, 5))
    create_job(freshet)
    create_job(freshet, "ordered", "shop.ordered", job={"s3.ingestion_mode": "ORDERED_LIST"})
    freshet.sync("load")
    freshet.sync("ordered")
    put(folder, "a.csv", people(6, 7))
    put(folder, "c.csv", people(8, 9))
    freshet.sync("load")
    freshet.sync("ordered")
    assert ids(freshet) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert ids(freshet, "shop.ordered") == [1, 2, 3, 4, 5, 8, 9]


def test_a_one_time_job_finishes_and_stays_finished(incoming):
    freshet, folder = incoming
    put(folder, "a.csv", people(1, 3))
    create_job(freshet, job={"s3.ingestion_mode": "ONE_TIME"})
    freshet.wait_status("load", "FINISHED")
    put(folder, "b.csv", people(4, 5))
    freshet.restart()
    assert freshet.status("load") == "FINISHED"
    assert ids(freshet) == [1, 2, 3]


@pytest.mark.parametrize("rule, expected", [("ignore", [21, 22]), ("reload", [31, 32])])
def test_an_overwritten_object_follows_on_change(incoming, rule, expected):
    freshet, folder = incoming
    put(folder, "a.csv", "1,Ann,21\n2,Bob,22\n")
    create_job(freshet, job={"s3.on_change": rule})
    freshet.sync("load")
    put(folder, "a.csv", "1,Ann,31\n2,Bob,32\n")
    put(folder, "b.csv", "3,Cid,23\n")
    freshet.sync("load")
    assert [row[0] for row in freshet.execute("SELECT age FROM shop.people ORDER BY id")] == expected + [23]


def test_an_overwritten_object_pauses_the_job_by_default_and_the_message_says_what_to_do(incoming):
    freshet, folder = incoming
    put(folder, "a.csv", "1,Ann,21\n")
    create_job(freshet)
    freshet.sync("load")
    put(folder, "a.csv", "1,Ann,22222\n")
    job = freshet.wait_status("load", "PAUSED")
    assert "a.csv was loaded and has other content now" in job["ErrorMsg"] and "s3.on_change" in job["ErrorMsg"]
    assert freshet.value("SELECT age FROM shop.people") == 21
    freshet.execute("ALTER JOB load PROPERTIES ('s3.on_change' = 'reload')")
    freshet.resume("load")
    freshet.sync("load")
    assert freshet.value("SELECT age FROM shop.people") == 22222


def test_a_malformed_file_in_the_middle_is_named_and_the_earlier_ones_are_loaded_once(incoming):
    freshet, folder = incoming
    put(folder, "a.csv", people(1, 3))
    put(folder, "b.csv", "4,Dan,24\n5,Eve\n6,Fay,26\n")
    put(folder, "c.csv", people(7, 9))
    create_job(freshet)
    job = freshet.wait_status("load", "PAUSED")
    assert "b.csv" in job["ErrorMsg"] and "2" in job["ErrorMsg"]
    assert ids(freshet) == [1, 2, 3]
    put(folder, "b.csv", people(4, 6))
    freshet.resume("load")
    freshet.sync("load")
    assert ids(freshet) == list(range(1, 10))
    assert json.loads(freshet.job("load")["LoadStatistic"])["scannedRows"] == 9


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


def test_rejected_rows_of_a_lenient_job_can_be_looked_at_and_replayed(incoming):
    freshet, folder = incoming
    freshet.execute("CREATE TABLE shop.narrow (id INT NOT NULL, name VARCHAR(2), PRIMARY KEY (id))")
    put(folder, "a.csv", "1,Jo,1\n2,Kim,2\nx,Al,3\n")
    create_job(freshet, table="shop.narrow", select="c1, c2",
               job={"session.enable_insert_strict": "false", "session.insert_max_filter_ratio": "1.0"})
    freshet.sync("load")
    assert freshet.execute("SELECT * FROM shop.narrow") == ((1, "Jo"),)
    rejected = quarantine(freshet)
    assert len(rejected) == 2
    raw = [json.loads(row["Row"]) for row in rejected]
    assert {"c1": "2", "c2": "Kim", "c3": "2"} in raw
    freshet.execute("ALTER TABLE shop.narrow MODIFY COLUMN name VARCHAR(20)")
    freshet.execute("REPLAY QUARANTINE JOB load")
    assert freshet.execute("SELECT * FROM shop.narrow ORDER BY id") == ((1, "Jo"), (2, "Kim"))
    assert len(quarantine(freshet)) == 1


def test_parquet_rows_are_loaded_with_their_types_and_replayed(incoming):
    freshet, folder = incoming
    freshet.execute("CREATE TABLE shop.sales (id BIGINT NOT NULL, amount DECIMAL(5,2), day DATE, tags TEXT, PRIMARY KEY (id))")
    put(folder, "a.parquet", parquet_bytes(
        "SELECT i AS id, (i * 400.25)::DECIMAL(20,2) AS amount, DATE '2026-01-01' + i::INTEGER AS day, [i, i + 1] AS tags "
        "FROM range(1, 4) t(i)"))
    create_job(freshet, table="shop.sales", uri="file:a.parquet", select="id, amount, day, tags", format="parquet",
               job={"session.enable_insert_strict": "false", "session.insert_max_filter_ratio": "1.0"})
    freshet.sync("load")
    loaded = "SELECT id, CAST(amount AS CHAR), CAST(day AS CHAR), tags FROM shop.sales ORDER BY id"
    # Lenient: what overflows becomes NULL; a row is rejected only when that cannot be.
    assert freshet.execute(loaded) == ((1, "400.25", "2026-01-02", "[1,2]"), (2, "800.50", "2026-01-03", "[2,3]"),
                                       (3, None, "2026-01-04", "[3,4]"))
    freshet.execute("DROP JOB WHERE jobName = 'load'")
    freshet.execute("CREATE TABLE shop.strict (id BIGINT NOT NULL, amount DECIMAL(5,2) NOT NULL, day DATE, PRIMARY KEY (id))")
    create_job(freshet, table="shop.strict", uri="file:a.parquet", select="id, amount, day", format="parquet",
               job={"session.enable_insert_strict": "false", "session.insert_max_filter_ratio": "1.0"})
    freshet.sync("load")
    assert ids(freshet, "shop.strict") == [1, 2]
    assert json.loads(quarantine(freshet)[0]["Row"])["amount"] == 1200.75
    freshet.execute("ALTER TABLE shop.strict MODIFY COLUMN amount DECIMAL(12,2) NOT NULL")
    freshet.execute("REPLAY QUARANTINE JOB load")
    assert freshet.execute("SELECT id, CAST(amount AS CHAR), CAST(day AS CHAR) FROM shop.strict WHERE id = 3") == (
        (3, "1200.75", "2026-01-04"),)
    assert not quarantine(freshet)


def test_too_many_rejected_rows_pause_a_lenient_job_with_nothing_of_the_file_loaded(incoming):
    freshet, folder = incoming
    put(folder, "a.csv", "1,Ann,21\nx,Bob,22\ny,Cid,23\n")
    create_job(freshet, job={"session.enable_insert_strict": "false", "session.insert_max_filter_ratio": "0.5"})
    job = freshet.wait_status("load", "PAUSED")
    assert "too many filtered rows" in job["ErrorMsg"]
    assert ids(freshet) == []


def test_where_filters_expressions_map_and_columns_come_in_any_order(incoming):
    freshet, folder = incoming
    freshet.execute("CREATE TABLE shop.mapped (label VARCHAR(40), born DATE, id BIGINT NOT NULL, PRIMARY KEY (id))")
    put(folder, "a.csv", "id,name,born,extra\n1,ann,2001-02-03,{\"k\":7}\n2,bob,1999-12-31,{}\n3,cid,,{}\n")
    freshet.execute(
        "CREATE JOB load ON STREAMING DO INSERT INTO shop.mapped (id, born, label) "
        "SELECT CAST(id AS INT) * 10, str_to_date(born, '%Y-%m-%d'), "
        "concat_ws('-', upper(name), ifnull(json_unquote(json_extract(extra, '$.k')), 'none')) "
        "FROM s3('uri'='file:a.csv', 'format'='csv_with_names', 'column_separator'=',') WHERE born <> ''")
    freshet.sync("load")
    rows = [[str(value) for value in row] for row in freshet.execute("SELECT id, born, label FROM shop.mapped ORDER BY id")]
    assert rows == [["10", "2001-02-03", "ANN-7"], ["20", "1999-12-31", "BOB-none"]]
    statistic = json.loads(freshet.job("load")["LoadStatistic"])
    assert (statistic["scannedRows"], statistic["filteredRows"]) == (3, 1)


def test_offsets_of_an_ordered_list_can_be_set_and_moved_back(incoming):
    freshet, folder = incoming
    for number in range(3):
        put(folder, f"example_{number}.csv", people(1 + 5 * number, 5 + 5 * number))
    ordered = {"s3.ingestion_mode": "ORDERED_LIST"}
    for offset in ["", "x", '{"file":"a"}']:
        with pytest.raises(pymysql.err.MySQLError):
            create_job(freshet, job={**ordered, "offset": offset})
        assert freshet.job("load") is None
    create_job(freshet, job={**ordered, "offset": '{"fileName":"example_0.csv"}'})
    freshet.sync("load")
    assert ids(freshet) == list(range(6, 16))
    freshet.pause("load")
    freshet.execute("""ALTER JOB load PROPERTIES ('offset' = '{"fileName":"a"}')""")
    freshet.resume("load")
    freshet.sync("load")
    assert ids(freshet) == list(range(1, 16))
    assert json.loads(freshet.job("load")["LoadStatistic"])["fileNumber"] == 5


def test_a_moved_offset_begins_a_new_window(incoming):
    freshet, folder = incoming
    for number in range(3):
        put(folder, f"example_{number}.csv", people(1 + 5 * number, 5 + 5 * number))
    create_job(freshet, job={"s3.ingestion_mode": "ORDERED_LIST"})
    freshet.sync("load")
    freshet.pause("load")
    freshet.execute("""ALTER JOB load PROPERTIES ('offset' = '{"fileName":"example_0.csv"}')""")
    assert json.loads(freshet.job("load")["CurrentOffset"])["fileName"] == "example_0.csv"
    assert (shown(freshet)["ChunksDone"], shown(freshet)["RowsCopied"]) == ("3", "15")
    freshet.resume("load")
    freshet.sync("load")
    newest = max(freshet.rows('SELECT * FROM tasks("type"="insert")'), key=lambda task: int(task["TaskId"]))
    assert json.loads(newest["RunningOffset"]) == {"startFileName": "example_0.csv", "endFileName": "example_2.csv"}
    window = max(ledger(freshet), key=lambda task: int(task["TaskId"]))
    assert json.loads(window["WindowFrom"])["fileName"] == "example_0.csv"
    assert (window["RowsRead"], ids(freshet)) == ("10", list(range(1, 16)))


def test_jobs_and_job_tables_show_how_far_a_job_is_in_every_state(incoming):
    freshet, folder = incoming
    put(folder, "a.csv", people(1, 3))
    put(folder, "b.csv", "4,Dan,24\n5,Eve\n")
    put(folder, "c.csv", people(7, 9))
    create_job(freshet, job={"s3.max_batch_files": 1})
    freshet.wait_status("load", "PAUSED")

    def assert_in_the_middle(newest):
        job, row = freshet.job("load"), shown(freshet)
        assert [json.loads(job[name])["fileName"] for name in ("CurrentOffset", "EndOffset")] == ["a.csv", newest]
        assert (row["TargetTable"], row["State"], row["ChunksDone"], row["RowsCopied"]) == ("shop.people", "COPYING", "1", "3")

    assert_in_the_middle("c.csv")
    freshet.restart()
    assert_in_the_middle("a.csv")  # nothing was listed yet by this process
    put(folder, "b.csv", people(4, 6))
    freshet.resume("load")
    freshet.sync("load")
    job, row = freshet.job("load"), shown(freshet)
    assert json.loads(job["CurrentOffset"]) == json.loads(job["EndOffset"])
    assert (row["State"], row["ChunksDone"], row["ChunksTotal"], row["RowsCopied"]) == ("READY", "3", "3", "9")


def test_a_finished_job_is_shown_after_a_restart(incoming):
    freshet, folder = incoming
    put(folder, "a.csv", people(1, 3))
    create_job(freshet, job={"s3.ingestion_mode": "ONE_TIME"})
    freshet.wait_status("load", "FINISHED")
    freshet.restart()
    row = shown(freshet)
    assert (row["State"], row["ChunksDone"], row["RowsCopied"], row["SourceTable"]) == ("READY", "1", "3", "file.*.csv")


def test_a_target_that_is_dropped_while_a_file_is_loaded_pauses_the_job(incoming):
    freshet, folder = incoming
    load_slowly(freshet, folder)
    freshet.execute("DROP TABLE shop.people")
    job = freshet.wait_status("load", "PAUSED")
    assert "target table was dropped" in job["ErrorMsg"]
    freshet.execute("CREATE TABLE shop.people (id INT NOT NULL, name VARCHAR(20), age INT, PRIMARY KEY (id))")
    freshet.resume("load")
    assert "shop.people" in freshet.wait_status("load", "PAUSED")["ErrorMsg"]
    assert ids(freshet) == []  # it is another table


@pytest.mark.parametrize("statement, columns", [
    ("TRUNCATE TABLE shop.people", "id, age"),
    ("ALTER TABLE shop.people ADD COLUMN extra INT DEFAULT 7", "id, age, extra"),
    ("ALTER TABLE shop.people MODIFY COLUMN age BIGINT", "id, age")])
def test_a_target_that_changes_while_a_file_is_loaded_has_the_whole_file_afterwards(incoming, statement, columns):
    freshet, folder = incoming
    freshet.execute("INSERT INTO shop.people VALUES (-1, 'before', 1)")
    load_slowly(freshet, folder)
    freshet.execute(statement)
    freshet.sync("load")
    loaded = freshet.execute(f"SELECT {columns} FROM shop.people WHERE id >= 0 ORDER BY id")
    assert loaded == tuple((i, i, 7)[:columns.count(",") + 1] for i in range(20_000))
    assert freshet.value("SELECT count(*) FROM shop.people WHERE id < 0") == ("TRUNCATE" not in statement)
    assert sum(int(task["RowsLoaded"]) for task in ledger(freshet)) == 20_000


def test_a_column_that_is_dropped_while_a_file_is_loaded_pauses_the_job_until_the_select_fits(incoming):
    freshet, folder = incoming
    load_slowly(freshet, folder)
    freshet.execute("ALTER TABLE shop.people DROP COLUMN age")
    assert "age" in freshet.wait_status("load", "PAUSED")["ErrorMsg"]
    assert ids(freshet) == []
    freshet.execute("ALTER JOB load INSERT INTO shop.people (id, name) SELECT c1, c2 "
                    "FROM s3('uri'='file:slow.csv', 'format'='csv', 'column_separator'=',')")
    freshet.resume("load")
    freshet.sync("load")
    assert freshet.execute("SELECT count(*), min(name), max(id) FROM shop.people") == ((20_000, "n0", 19_999),)


@pytest.mark.parametrize("statement, message", [
    ("INSERT INTO shop.people SELECT c1, c2 FROM s3({})", "column"),
    ("INSERT INTO shop.people SELECT nosuch, c2, c3 FROM s3({})", "nosuch"),
    ("INSERT INTO shop.nosuch SELECT c1, c2, c3 FROM s3({})", "nosuch"),
    ("INSERT INTO shop.people SELECT count(*), 'a', 1 FROM s3({})", "aggregat"),
    ("INSERT INTO shop.people SELECT a.c1, b.c2, 1 FROM s3({}) a, s3({}) b", "Only support one source"),
    ("UPDATE shop.people SET age = 1", "only support INSERT"),
    ("DELETE FROM shop.people", "only support INSERT"),
    ("INSERT INTO shop.people SELECT 1, 'a', 2", "source"),
])
def test_statements_that_cannot_be_a_job_are_refused_and_leave_none(incoming, statement, message):
    freshet, folder = incoming
    put(folder, "a.csv", people(1, 3))
    function = "'uri'='file:*.csv', 'format'='csv', 'column_separator'=','"
    with pytest.raises(pymysql.err.MySQLError) as refused:
        freshet.execute("CREATE JOB load ON STREAMING DO " + statement.replace("{}", function))
    assert message.lower() in str(refused.value).lower()
    assert freshet.job("load") is None


def test_jobs_and_their_files_survive_kill_and_restart(incoming):
    freshet, folder = incoming
    put(folder, "a.csv", people(1, 5))
    create_job(freshet)
    freshet.sync("load")
    for number in range(3):
        freshet.kill()
        put(folder, f"b{number}.csv", people(6 + number, 6 + number))
        freshet.start()
        freshet.sync("load")
    assert ids(freshet) == list(range(1, 9))
    assert json.loads(freshet.job("load")["LoadStatistic"])["scannedRows"] == 8
    assert list((freshet.data / "spool").rglob("*.csv")) == []
    assert wait_until(lambda: freshet.status("load") == "RUNNING", 20, "job RUNNING")


def test_a_lookup_table_takes_part_in_the_mapping(incoming):
    freshet, folder = incoming
    freshet.execute("CREATE TABLE shop.city (code VARCHAR(3) NOT NULL, city VARCHAR(20), PRIMARY KEY (code))")
    freshet.execute("INSERT INTO shop.city VALUES ('ber', 'Berlin'), ('par', 'Paris')")
    freshet.execute("CREATE TABLE shop.visits (id INT NOT NULL, city VARCHAR(20), PRIMARY KEY (id))")
    put(folder, "a.csv", "1,ber\n2,par\n3,xxx\n")
    freshet.execute("CREATE JOB load ON STREAMING DO INSERT INTO shop.visits SELECT f.c1, c.city "
                    "FROM s3('uri'='file:a.csv', 'format'='csv', 'column_separator'=',') f "
                    "LEFT JOIN shop.city c ON c.code = f.c2")
    freshet.sync("load")
    assert freshet.execute("SELECT * FROM shop.visits ORDER BY id") == ((1, "Berlin"), (2, "Paris"), (3, None))
