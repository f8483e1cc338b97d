"""A project as a JSON file: its whole graph, out of the database and into it again.

`file` declares the form of the file, `storage` reads and writes the database. Between them `writing` makes a
file of the rows, and `reading` the rows of a file. These two are pure; they run in a child process (see
services.heavy), since a file has up to MOST_BYTES.

A file names rows by numbers of its own (`artifact-1`), persons by their names alone, and no user, project,
job or process: nothing in it can be taken for anything of the installation that imports it. What is imported
is what the product itself can make; everything else is refused with its place in the file.
"""
