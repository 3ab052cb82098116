"""The first question of README.md does what it says.

The block is run as it stands but for two substitutions: the folder of the certificates and the gateway's port, which
the demonstration prints.
"""

import contextlib
import io
import re
import shutil

import pytest

from conftest import ROOT


def python_blocks() -> list[str]:
    readme = ROOT / "README.md"
    return re.findall(r"^```python\n(.*?)^```", readme.read_text(), re.DOTALL | re.MULTILINE) if readme.exists() else []


@pytest.fixture
def block(consortium, tmp_path) -> str:
    if not python_blocks():
        pytest.skip("README.md has no Python block")
    # The reader of README.md is a member of one project and named taro.
    (tmp_path / "people").mkdir()
    shutil.copy(consortium.pki / "ca.pem", tmp_path / "ca.pem")
    for kind in ("pem", "key"):
        shutil.copy(consortium.pki / f"people/hanako.{kind}", tmp_path / f"people/taro.{kind}")
    text, folders = re.subn(r'Path\("[^"]*pki"\)', f'Path("{tmp_path}")', python_blocks()[0])
    text, ports = re.subn(r"localhost:\d+", f"localhost:{consortium.port}", text)
    assert folders == 1 and ports >= 1, "the block names the folder and the port in another way"
    return text


@pytest.mark.filterwarnings("ignore:Cannot disable autocommit")
def test_first_question(block, oracle):
    out, names = io.StringIO(), {}
    with contextlib.redirect_stdout(out):
        exec(compile(block, "README.md", "exec"), names)
    names["connection"].close()
    printed = out.getvalue()
    assert "renkei_sites" in printed and "renkei_held" in printed
    for sex, n in oracle.ask("SELECT gender_concept_id, count(*) FROM person GROUP BY 1")[1]:
        assert str(sex) in printed and str(n) in printed
