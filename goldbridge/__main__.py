"""`python -m goldbridge`: the command line where no script is installed."""

import sys

from goldbridge.cli import main

if __name__ == "__main__":
    sys.exit(main())
