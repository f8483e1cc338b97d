"""Owns the routes: each page lays out components and binds state to them."""
