"""Where runs that were queued before the folders came look for ``launch.waiter``; it goes with the next release."""

import sys

from fashion_core.launch.waiter import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
