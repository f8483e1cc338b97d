"""ASGI middleware for every request: limits, origins, security headers, and the page's websocket."""
