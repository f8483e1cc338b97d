"""Measurements of the whole system. No other package imports them."""
