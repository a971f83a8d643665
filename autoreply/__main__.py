"""``python -m autoreply``."""

from autoreply.cli import main

if __name__ == "__main__":
    main()
