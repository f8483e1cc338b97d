"""The writing side: from a job to finished ideas. Knows nothing of the reading side, `sync`."""
