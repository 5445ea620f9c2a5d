# SPDX-License-Identifier: Apache-2.0
"""Jobs that load files while something changes: the target under a load, the offset, the SELECT. And what is shown of them."""
import json

import pymysql
import pytest

from tests.e2e.file_jobs import create_job, ids, ledger, load_slowly, people, put, shown
from tests.servers.freshet import properties


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
    assert job["JobRuntimeMsg"].startswith("No data available for consumption at the moment, will retry after")


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


def altered(select, table="shop.people", **arguments):
    values = {"uri": "file:*.csv", "format": "csv", "column_separator": ",", **arguments}
    return f"ALTER JOB load INSERT INTO {table} SELECT {select} FROM s3{properties(values)}"


@pytest.mark.parametrize("statement, message", [
    (altered("c1, c2, c3", no_such_key="1"), "no_such_key"),
    (altered("c1, c2, c3", format="orc"), "format must be"),
    (altered("c1, c2, c3", uri="file:other*.csv"), "The uri property cannot be modified in ALTER JOB"),
    (altered("c1, c2, nothing"), "nothing"),
    (altered("c1, c2"), "column"),
    (altered("c1, c2, c3", column_separator=";"), "c2"),
    ("ALTER JOB load RESYNC TABLE people", "over s3"),
    ("ALTER JOB load PROPERTIES ('s3.on_change' = 'maybe')", "s3.on_change")])
def test_alter_refuses_what_cannot_be_and_leaves_the_job_as_it_was(incoming, statement, message):
    freshet, folder = incoming
    put(folder, "a.csv", people(1, 3))
    create_job(freshet)
    freshet.sync("load")
    freshet.pause("load")
    with pytest.raises(pymysql.err.MySQLError) as refused:
        freshet.execute(statement)
    assert message in str(refused.value)
    put(folder, "b.csv", people(4, 5))
    freshet.resume("load")
    freshet.sync("load")
    assert ids(freshet) == [1, 2, 3, 4, 5]


def test_a_column_that_newer_files_have_can_be_used_by_a_new_select(incoming):
    freshet, folder = incoming
    put(folder, "a.json", '{"id": 1, "name": "Ann"}\n')
    create_job(freshet, uri="file:*.json", select="id, name, 0", format="json")
    freshet.sync("load")
    freshet.pause("load")
    put(folder, "b.json", '{"id": 2, "age": 22}\n{"id": 3, "age": 23}\n')
    freshet.execute(altered("id, name, age", uri="file:*.json", format="json"))
    put(folder, "c.json", '{"id": 4, "name": "Dan"}\n')
    freshet.resume("load")
    freshet.sync("load")
    assert freshet.execute("SELECT * FROM shop.people ORDER BY id") == (
        (1, "Ann", 0), (2, None, 22), (3, None, 23), (4, "Dan", None))


def test_another_format_is_learned_from_the_newest_file(incoming):
    freshet, folder = incoming
    put(folder, "a.csv", people(1, 3))
    create_job(freshet)
    freshet.sync("load")
    freshet.pause("load")
    put(folder, "b.csv", "age;id;name\n24;4;Dan\n")
    freshet.execute(altered("id, name, age", format="csv_with_names", column_separator=";"))
    freshet.resume("load")
    freshet.sync("load")
    assert freshet.execute("SELECT * FROM shop.people WHERE id > 3") == ((4, "Dan", 24),)
