"""The rules: one file per rule, `base` for what they are given and return, `registry` for their order."""
