# SPDX-License-Identifier: Apache-2.0
"""The README's examples, pasted: what a stranger types first must work as it stands."""
import re
import subprocess

from tests.servers.freshet import ROOT, binary
from tests.servers.mariadb import MIRROR_PASSWORD, MIRROR_USER
from tests.servers.process import free_port, new_folder


def block_with(words):
    """The README's one code block that holds `words`."""
    blocks = re.findall(r"^```\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    found = [block for block in blocks if words in block]
    assert len(found) == 1, f"{len(found)} blocks of README.md hold {words!r}"
    return found[0]


def paste(script):
    """Runs it in a shell in a folder of its own; only the program's path and its ports are other ones. The answer."""
    for words in ("build/release/freshet serve", "-P 9030"):
        assert words in script
    port = free_port()
    script = script.replace("build/release/freshet serve", f"{binary()} serve --mysql-port {port} --http-port 0")
    script = script.replace("-P 9030", f"-P {port}")
    # The server that the example leaves in the background ends with it.
    done = subprocess.run(["bash", "-c", f"trap 'kill %1; wait' EXIT\nset -e\n{script}"], cwd=new_folder("readme"),
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_transform_while_you_load():
    answer = paste(block_with("--file-root"))
    assert re.search(r"^1\tANN\tber\t1250$", answer, re.MULTILINE), answer
    assert re.search(r"^3\tCID\trom\t700$", answer, re.MULTILINE), answer
    assert "BOB" not in answer
    assert re.search(r"RowsRead: 3\n\s*RowsLoaded: 2\n\s*RowsFiltered: 1\n\s*RowsRejected: 0", answer), answer


def test_mirror_your_own_database(mariadb, make_database):
    database = make_database(mariadb, "CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(20))",
                             "INSERT INTO orders VALUES (1, 'a'), (2, 'b'), (4711, 'c')")
    script = block_with("--data-dir ./mirror")
    for ours, theirs in {"./dev build binary\n": "", "db.example:3306": f"127.0.0.1:{mariadb.port}",
                         "'user'='mirror'": f"'user'='{MIRROR_USER}'", "'password'='...'": f"'password'='{MIRROR_PASSWORD}'",
                         "'database'='shop'": f"'database'='{database}'"}.items():
        assert ours in script
        script = script.replace(ours, theirs)
    answer = paste(script)
    assert re.search(rf"^shop\t{database}\.orders\tshop\.orders\tREADY\t", answer, re.MULTILINE), answer
    assert answer.endswith("count(*)\n3\n"), answer
