"""`make bench`: every measurement, one after the other."""

from __future__ import annotations

from tests.bench import first_frame, huge_dockerfile, huge_repo, start_up

if __name__ == "__main__":
    start_up.main()
    first_frame.main()
    huge_repo.main()
    huge_dockerfile.main()
