# SPDX-License-Identifier: Apache-2.0
"""Table-level jobs that load files: INSERT INTO t SELECT .. FROM s3(..), here from a local directory (file:). What belongs to
S3 itself is in test_insert_s3.py."""
import json

import pymysql
import pytest

from tests.e2e.file_jobs import create_job, ids, ledger, people, put
from tests.servers.process import wait_until


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
