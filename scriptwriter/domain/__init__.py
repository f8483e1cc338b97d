"""Values and rules of the product. Pure: no database, no HTTP, no screen."""
