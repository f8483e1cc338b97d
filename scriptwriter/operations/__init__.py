"""How a process runs: which servers it uses, logs and metrics, health, why a start fails."""
