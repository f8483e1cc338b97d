"""An embedded shape server: Electric's `GET /v1/shape` over one Postgres database."""
