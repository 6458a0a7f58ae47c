"""Pure functions from values to lines: what each pane of the wizard says."""
