"""``python -m book_lib.pipeline``: see :mod:`book_lib.pipeline._cli`."""

import sys

from book_lib.pipeline._cli import main

if __name__ == "__main__":
    sys.exit(main())
