"""Making `.venv`: what belongs to somebody else is left alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_environment_is_not_made_when_it_is_a_link_to_another_ones(tmp_path):
    shutil.copytree(ROOT / "scripts", tmp_path / "mine" / "scripts")
    shutil.copytree(ROOT / "requirements", tmp_path / "mine" / "requirements")
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "precious").touch()
    os.symlink(theirs, tmp_path / "mine" / ".venv")

    made = subprocess.run(
        [sys.executable, "scripts/environment.py", "dev"], cwd=tmp_path / "mine", capture_output=True, text=True
    )

    assert made.returncode == 1
    assert "remove the link" in made.stderr
    assert (theirs / "precious").exists()
