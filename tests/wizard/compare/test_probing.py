from __future__ import annotations

from wizard.compare.probing import listening_ports

TABLE = """
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1234 1
   1: 0B00007F:9C41 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1235 1
   2: 0100007F:1F40 0100007F:A1B2 01 00000000:00000000 00:00000000 00000000     0        0 1236 1
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 1 1
"""


def test_ports_that_something_listens_on_are_found_but_not_the_engines_own() -> None:
    assert listening_ports(TABLE.splitlines()) == (80, 8000)
