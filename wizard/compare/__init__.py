"""Two versions of an image, built, measured, run and judged.

`wizard.compare.session.compare` does all of it; `wizard.compare.values` says what comes out.
"""
