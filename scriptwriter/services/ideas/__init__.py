"""What people do with ideas: verdicts, edits, the order of keepers."""
