"""Measurements of the whole system; nothing imports them."""
