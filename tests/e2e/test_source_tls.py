# SPDX-License-Identifier: Apache-2.0
"""Connections to the source with TLS: required, verified against an authority, refused when they cannot be."""
import shutil

import pymysql
import pytest

from tests.e2e.compare import sync_and_assert_equal
from tests.servers.certificates import Authority
from tests.servers.mariadb import MIRROR_PASSWORD, MIRROR_USER, MariaDb
from tests.servers.mysql import Mysql
from tests.servers.postgres import Postgres

pytestmark = pytest.mark.xdist_group("tls")  # three servers with certificates: in one process only
TABLE = ["CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"]


@pytest.fixture(scope="module")
def authority():
    return Authority()


def start(kind, authority, host="127.0.0.1"):
    """A server with a database `shop` whose certificate is for `host`; its mirror user must use TLS."""
    if kind == "postgres15":
        server = Postgres()
        certificate, key = authority.issue(server.folder, host)
        for path in (certificate, key):
            path.chmod(0o600)
            if server.user:
                shutil.chown(path, server.user, server.user)
        server.options.update({"ssl": "on", "ssl_cert_file": str(certificate), "ssl_key_file": str(key)})
        server.start()
        server.create_database("shop")
    else:
        server = {"mariadb": MariaDb, "mysql9": Mysql}[kind]()
        certificate, key = authority.issue(server.folder, host)
        server.options.update({"ssl-ca": str(authority.certificate), "ssl-cert": str(certificate), "ssl-key": str(key)})
        server.start()
        server.script(["CREATE DATABASE shop", f"ALTER USER '{MIRROR_USER}'@'%' REQUIRE SSL"])
    server.script(TABLE, "shop")
    return server


@pytest.fixture(scope="module", params=["mariadb", "mysql9", "postgres15"])
def tls_source(request, authority):
    server = start(request.param, authority)
    yield server
    server.remove()


def refused(freshet, source, **properties):
    with pytest.raises(pymysql.err.MySQLError) as caught:
        freshet.create_job("tls", source, "shop", **properties)
    message = str(caught.value)
    assert MIRROR_PASSWORD not in message
    assert freshet.job("tls") is None
    return message


@pytest.mark.parametrize("verified", [None, "FILE:{}", "{}"], ids=["require", "verify-ca", "verify-ca-path"])
def test_copy_and_log_run_over_tls(freshet, tls_source, authority, verified):
    properties = {"ssl_mode": "require"} if verified is None else {
        "ssl_mode": "verify-ca", "ssl_rootcert": verified.format(authority.certificate)}
    freshet.create_job("tls", tls_source, "shop", **properties)
    freshet.sync("tls")
    tls_source.execute("INSERT INTO t SELECT max(id) + 1 FROM t", database="shop")
    sync_and_assert_equal(tls_source, "shop", freshet, "tls")
    if hasattr(tls_source, "major"):
        plain = tls_source.execute("SELECT count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) "
                                   "WHERE a.usename = %s AND a.backend_type IN ('client backend', 'walsender') AND NOT s.ssl AND "
                                   "a.application_name LIKE 'freshet%%'", (MIRROR_USER,))
        assert plain == [(0,)]
    freshet.drop("tls")


def test_certificate_of_another_authority_is_refused(freshet, tls_source):
    message = refused(freshet, tls_source, ssl_mode="verify-ca", ssl_rootcert=f"FILE:{Authority('stranger').certificate}")
    assert "certificate" in message.lower(), message


def test_missing_authority_file_is_named(freshet, tls_source):
    message = refused(freshet, tls_source, ssl_mode="verify-ca", ssl_rootcert="FILE:/nonexistent/ca.pem")
    assert "/nonexistent/ca.pem" in message, message


def test_certificate_of_another_host(freshet, tls_source, authority):
    """verify-ca leaves the name alone on Postgres; the MySQL client library compares it whenever it verifies."""
    postgres = hasattr(tls_source, "major")
    server = start("postgres15" if postgres else tls_source.kind, authority, host="db.example.com")
    properties = {"ssl_mode": "verify-ca", "ssl_rootcert": f"FILE:{authority.certificate}"}
    try:
        if not postgres:
            assert "certificate" in refused(freshet, server, **properties)
            properties = {"ssl_mode": "require"}
        freshet.create_job("tls", server, "shop", **properties)
        sync_and_assert_equal(server, "shop", freshet, "tls")
        freshet.drop("tls")
    finally:
        server.remove()


@pytest.mark.parametrize("make_server", [MariaDb, lambda: Mysql({"tls-version": ""}), Postgres], ids=["mariadb", "mysql9", "postgres15"])
def test_server_without_tls_is_refused_under_require(freshet, make_server):
    server = make_server().start()
    try:
        if hasattr(server, "major"):
            server.create_database("shop")
        else:
            server.script(["CREATE DATABASE shop"])
        server.script(TABLE, "shop")
        message = refused(freshet, server, ssl_mode="require")
        assert "ssl" in message.lower() or "tls" in message.lower(), message
        freshet.create_job("plain", server, "shop", ssl_mode="disable")
        sync_and_assert_equal(server, "shop", freshet, "plain")
        freshet.drop("plain")
    finally:
        server.remove()


def test_verify_ca_needs_an_authority(freshet, mariadb, make_database):
    database = make_database(mariadb, *TABLE)
    with pytest.raises(pymysql.err.MySQLError, match="requires ssl_rootcert"):
        freshet.create_job("tls", mariadb, database, ssl_mode="verify-ca")
