# SPDX-License-Identifier: Apache-2.0
"""Servers shared by the whole session, one freshet per test module or test, and a database name of its own per test."""
import itertools
import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from tests.servers.freshet import Freshet  # noqa: E402
from tests.servers.mariadb import MariaDb  # noqa: E402
from tests.servers.mysql import Mysql  # noqa: E402
from tests.servers.postgres import Postgres  # noqa: E402

SOURCE_MAKERS = {
    "mariadb": MariaDb,
    "mysql9": Mysql,
    "postgres15": Postgres,
    **{f"postgres{major}": (lambda major=major: Postgres(major)) for major in (14, 16, 17, 18)},
}
_numbers = itertools.count(1)
_shared = {}


def pytest_configure(config):
    config.addinivalue_line("markers", "smoke: the quick subset of ./dev test quick")
    config.addinivalue_line("markers", "slow: takes more than half a minute; runs before the others")


def pytest_collection_modifyitems(items):
    """Long tests first: a run that ends with one keeps a single process busy."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def shared_server(kind):
    """The session's server of this kind: started by the first test that asks, stopped when the session ends."""
    if kind not in _shared:
        _shared[kind] = SOURCE_MAKERS[kind]().start()
    return _shared[kind]


@pytest.fixture(scope="session", autouse=True)
def _stop_shared_servers():
    yield
    for server in _shared.values():
        server.remove()
    _shared.clear()


@pytest.fixture
def mariadb():
    return shared_server("mariadb")


@pytest.fixture
def mysql9():
    return shared_server("mysql9")


@pytest.fixture
def postgres():
    return shared_server("postgres15")


@pytest.fixture(params=["mariadb", "mysql9", "postgres15"])
def source(request):
    """One of each family."""
    return shared_server(request.param)


@pytest.fixture(params=list(SOURCE_MAKERS))
def any_source(request):
    """Every supported server at hand."""
    return shared_server(request.param)


@pytest.fixture
def freshet(make_database):  # torn down before the source databases are dropped
    server = Freshet().start()
    yield server
    server.remove()


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


@pytest.fixture
def database(request):
    """A name that no other test uses."""
    return re.sub(r"\W+", "_", request.node.originalname.removeprefix("test_"))[:40].lower() + f"_{next(_numbers)}"


@pytest.fixture
def make_database(database):
    """make_database(source, statements...) creates the test's database on a server and fills it."""
    made = []

    def make(source, *statements):
        if hasattr(source, "major"):
            source.create_database(database)
        else:
            source.script([f"CREATE DATABASE `{database}`"])
        source.script(statements, database)
        made.append(source)
        return database

    yield make
    for source in made:
        if hasattr(source, "major"):
            drop_postgres_database(source, database)
        else:
            source.script([f"DROP DATABASE IF EXISTS `{database}`"])


def drop_postgres_database(source, database):
    """Slots first: a killed freshet leaves its slot, and a database with a slot cannot be dropped."""
    source.execute("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots "
                   "WHERE database = %s AND active_pid IS NOT NULL", (database,))
    from tests.servers.process import wait_until
    wait_until(lambda: not source.execute("SELECT 1 FROM pg_replication_slots WHERE database = %s AND active", (database,)),
               30, "slots to become inactive")
    source.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = %s", (database,))
    source.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
