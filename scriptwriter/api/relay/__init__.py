"""Shapes for other programs: Electric's answers, passed on to members of the project only."""
