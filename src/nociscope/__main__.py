"""``python -m nociscope``."""

from nociscope.cli import main

if __name__ == "__main__":
    main()
