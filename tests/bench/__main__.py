"""`make bench`: every measurement, one after the other."""

from __future__ import annotations

from tests.bench import start_up

if __name__ == "__main__":
    start_up.main()
