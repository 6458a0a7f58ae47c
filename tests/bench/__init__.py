"""Measurements that print figures; no test times anything (`make bench`)."""
