# SPDX-License-Identifier: Apache-2.0
"""MySQL's functions in daily use: the same expressions on a MariaDB and on freshet, text for text."""
import pathlib

import pymysql

CASES = pathlib.Path(__file__).resolve().parents[1] / "data" / "sql" / "functions.txt"


def expressions():
    return [line[2:] for line in CASES.read_text().splitlines() if line.startswith("> ")]


def answer(connection, expression):
    """The value's text, or the error's."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT " + expression)
            value = cursor.fetchone()[0]
    except pymysql.MySQLError as error:
        return f"error {error}"
    return value.decode() if isinstance(value, bytes) else value


def test_functions_answer_as_mariadb_does(mariadb, freshet):
    server, ours = mariadb.connect(conv={}), freshet.connect(conv={})
    with server, ours:
        with server.cursor() as cursor:
            cursor.execute("SET time_zone = '+00:00'")
        cases = expressions()
        assert len(cases) > 250
        differing = [(case, expected, got) for case in cases
                     if (expected := answer(server, case)) != (got := answer(ours, case))]
    assert not differing
