"""Scriptwriter: live brainstorming for people who write short drama and short video."""
