"""The reading side: shapes in, flows out. It does not know who writes the rows."""
