"""The writing side: takes a job, asks the model, commits ideas as they grow. Does not import `sync`."""
