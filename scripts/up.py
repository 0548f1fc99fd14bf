"""`make up`: checks the machine, makes the environment if need be, becomes `manage.py up`. Needs only Python."""

import os
import sys

import environment
import preflight


def main() -> None:
    preflight.check_python()
    os.chdir(str(environment.ROOT))
    preflight.check_port()
    preflight.check_data_folder()
    environment.ensure("run")
    python = str(environment.PYTHON)
    os.execv(python, [python, "manage.py", "up", *sys.argv[1:]])


if __name__ == "__main__":
    main()
