# SPDX-License-Identifier: Apache-2.0
"""JDBC: MySQL's and MariaDB's own drivers run the checks of tests/jdbc against one mirror. Each driver's checks run once, in one JVM;
each is a test case here."""
import json
import subprocess

import pytest

from tests.e2e.conftest import shared_server
from tests.e2e.test_types import MARIADB_TYPES, _inserts, _table
from tests.servers import downloads, process
from tests.servers.freshet import Freshet

# One process of a parallel run has them all: the checks of a driver run together.
pytestmark = pytest.mark.xdist_group("jdbc")

DATABASE = "jdbc_source"
DEADLINE_S = 120
CHECKS_BOTH = [
    "login_without_tls", "login_with_tls", "wrong_password", "unknown_database", "pool_calls", "transaction_calls", "error_codes",
    "several_statements", "query_timeout", "cancel", "product", "catalogs", "tables", "columns", "primary_keys", "indexes",
    "empty_answers", "type_info", "result_set_metadata", "values_as_text", "values_prepared", "streaming_result",
    "streaming_prepared_result",
    *(f"{kind}_prepared_{check}" for kind in ("client", "server") for check in ("comparisons", "round_trips", "hostile_text", "reuse"))]
CHECKS = [("mysql", name) for name in [*CHECKS_BOTH, "columns_of_information_schema"]] + [("mariadb", name) for name in CHECKS_BOTH]
PARAMS = ["CREATE TABLE params (id INT PRIMARY KEY, number INT, big BIGINT UNSIGNED, price DECIMAL(10,2), ratio DOUBLE, born DATE, "
          "at DATETIME(6), name VARCHAR(40), photo BLOB, flag TINYINT(1))",
          "INSERT INTO params VALUES (1, -7, 18446744073709551615, 12.30, 0.1, '1815-12-10', '2024-02-29 12:00:00.000001', 'Zoë''s', "
          "x'00FF275C', 1), (2, 8, 0, 0, 0, NULL, NULL, NULL, NULL, 0)",
          "CREATE TABLE two_keys (tenant INT, id INT, note VARCHAR(10) NOT NULL COMMENT 'a note', PRIMARY KEY (tenant, id)) "
          "COMMENT 'two of them'",
          "INSERT INTO two_keys VALUES (1, 1, 'a'), (1, 2, 'b')"]


@pytest.fixture(scope="module")
def seen():
    """{driver: {check: "ok" or what went wrong}}"""
    mariadb = shared_server("mariadb")
    mariadb.script([f"CREATE DATABASE {DATABASE}"])
    mariadb.script([_table(MARIADB_TYPES), *_inserts(MARIADB_TYPES, 1), *PARAMS], DATABASE)
    folder = process.new_folder("jdbc")
    config = folder / "freshet.json"
    config.write_text(json.dumps({"users": [{"name": "reader", "password": "reader-s3cret"}]}))
    freshet = Freshet(["--config", config])
    try:
        compiled = subprocess.Popen(["javac", "-d", folder, *sorted((downloads.ROOT / "tests/jdbc").glob("*.java"))])
        freshet.start()
        freshet.create_job("jdbc", mariadb, DATABASE)
        freshet.sync("jdbc")
        assert compiled.wait(DEADLINE_S) == 0
        runs = {driver: subprocess.Popen(
            ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Duser.timezone=UTC",
             "-cp", f"{folder}:{downloads.jdbc_driver(driver)}", "Checks", driver, str(freshet.mysql_port), str(mariadb.port), DATABASE],
            stdout=subprocess.PIPE, stderr=(folder / f"{driver}.log").open("w"), text=True) for driver in downloads.JDBC_DRIVERS}
        yield {driver: dict(parse(run.communicate(timeout=DEADLINE_S)[0])) for driver, run in runs.items()}
    finally:
        freshet.remove()
        mariadb.script([f"DROP DATABASE {DATABASE}"])


def parse(output):
    for line in output.splitlines():
        word, _, rest = line.partition(" ")
        if word == "ok":
            yield rest, "ok"
        elif word == "FAILED":
            name, _, problem = rest.partition(": ")
            yield name, problem
        else:
            yield "unexpected output", line


@pytest.mark.parametrize("driver, check", CHECKS)
def test_jdbc(seen, driver, check):
    assert seen[driver].get(check, f"did not run; {seen[driver]}") == "ok"


@pytest.mark.parametrize("driver", downloads.JDBC_DRIVERS)
def test_every_jdbc_check_is_listed_here(seen, driver):
    assert set(seen[driver]) == {check for of, check in CHECKS if of == driver}
