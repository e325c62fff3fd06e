"""``python -m pynenc`` is the ``pynenc`` command."""

import sys

from pynenc.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
