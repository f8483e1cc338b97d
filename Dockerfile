# One image for web, worker and schema. Build with: docker compose build
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    UV_LINK_MODE=copy \
    UV_COMPILE_BYTECODE=1 \
    PATH="/app/.venv/bin:$PATH"

RUN pip install --no-cache-dir uv \
    && useradd --create-home --uid 10001 scriptwriter \
    && mkdir /app && chown scriptwriter /app

USER scriptwriter
WORKDIR /app

COPY --chown=scriptwriter pyproject.toml ./
RUN uv sync --no-cache

COPY --chown=scriptwriter . .

# Builds the page once, so that all JS packages are in the image.
RUN SCRIPTWRITER_ENV=production python -m reflex export --no-zip --frontend-only

EXPOSE 3000
# exec form: signals reach the server, which then shuts down cleanly
CMD ["python", "-m", "reflex", "run", "--env", "prod", "--backend-port", "3000"]
