"""A run's life: start, attempts, drafts, retries, takeover, stop, end."""
