"""The acts of people on ideas: verdicts, edits, the order of the keepers."""
