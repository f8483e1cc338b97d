# The commands of this project: `just --list` shows them. Each is one line that works without just;
# CONTRIBUTING.md lists the same lines.

# Start everything, and print the address to open
run *options:
    uv run reflex run {{options}}

# Run all tests, or those that are named
test *options:
    uv run --group test pytest {{options}}

# Check lint, format, import contracts and types
check:
    uv run --group dev sh -c "ruff check . && ruff format --check . && lint-imports && pyright"

# Make pictures of every page in test-artifacts/ (needs Chromium)
screens *languages:
    uv run --group test python -m tests.screens {{languages}}

# Measure the time from a commit to the page (needs Chromium)
bench *options:
    uv run --group test python -m benchmarks.latency {{options}}
