"""The first command of README.md: three hospitals with three source formats, and every answer right.

The demonstration counts each answer again over the simulated patients themselves, so that its status says whether what
SS-MIX2 messages, FHIR resources and OMOP tables became at three nodes adds up to what the hospitals know.
"""

import re
import subprocess

from conftest import ROOT

PATIENTS = 250


def test_demonstration(bin_dir, tmp_path):
    command = "cargo run --release -p renkei-demo -- --once"
    assert command in (ROOT / "README.md").read_text(), "the README starts the demonstration in another way"
    arguments = command.split(" -- ")[1].split()
    demo = subprocess.run(
        [bin_dir / "renkei-demo", *arguments, "--patients", str(PATIENTS), "--dir", tmp_path / "demo"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
    )
    assert demo.returncode == 0, demo.stdout
    assert "WRONG" not in demo.stdout
    # Five questions that are answered, two statements that are refused.
    assert len(re.findall(r"^   right: equals", demo.stdout, re.MULTILINE)) == 5, demo.stdout
    assert len(re.findall(r"^   right: refused", demo.stdout, re.MULTILINE)) == 2, demo.stdout
    for form in ("SS-MIX2 standardized storage", "FHIR R4 with JP Core", "OMOP CDM v5.3"):
        assert form in demo.stdout, demo.stdout
