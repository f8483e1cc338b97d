"""What every request passes: limits, origins, security headers, and the page's websocket."""
