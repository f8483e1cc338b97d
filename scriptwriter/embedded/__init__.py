"""What a fresh machine gets for free; knows nothing of this app."""
