# SPDX-License-Identifier: Apache-2.0
"""Rights that a user of MySQL or MariaDB has only through a role."""
import re

import pymysql
import pytest

from tests.e2e.compare import sync_and_assert_equal
from tests.servers.mariadb import MIRROR_GRANTS

TABLE = ["CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"]


@pytest.fixture(params=["mariadb", "mysql9"])
def roles(request, database):
    """A server with a user whose rights come from a role inside a role, and the statement that makes it active."""
    server = request.getfixturevalue(request.param)
    user, inner, outer = f"u_{database}"[:32], f"i_{database}"[:32], f"o_{database}"[:32]
    server.script([f"CREATE ROLE {inner}", f"CREATE ROLE {outer}", f"GRANT {MIRROR_GRANTS} ON *.* TO {inner}",
                   f"GRANT {inner} TO {outer}", f"CREATE USER {user} IDENTIFIED BY 'pw-r0le'", f"GRANT {outer} TO {user}"])
    yield server, user, f"SET DEFAULT ROLE {outer} {'FOR' if request.param == 'mariadb' else 'TO'} {user}"
    server.script([f"DROP USER {user}", f"DROP ROLE {inner}", f"DROP ROLE {outer}"])


def test_default_role_gives_the_replication_rights(roles, freshet, make_database):
    server, user, activate = roles
    server.execute(activate)
    database = make_database(server, *TABLE)
    freshet.create_job("by_role", server, database, user=user, password="pw-r0le")
    freshet.sync("by_role")
    server.execute("INSERT INTO t VALUES (2)", database=database)
    sync_and_assert_equal(server, database, freshet, "by_role")


def test_role_that_is_not_active_is_named_with_the_statement(roles, freshet, make_database):
    server, user, _ = roles
    database = make_database(server, *TABLE)
    with pytest.raises(pymysql.err.MySQLError, match=re.compile("lacks .*REPLICATION SLAVE.*SET DEFAULT ROLE `o_.* (FOR|TO) 'u_")):
        freshet.create_job("by_role", server, database, user=user, password="pw-r0le")
