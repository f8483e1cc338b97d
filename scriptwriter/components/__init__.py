"""Owns what things look like: functions that take Vars and return a component. Knows no state."""
