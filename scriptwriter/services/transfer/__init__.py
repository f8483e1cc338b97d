"""Export of a project's whole graph as a JSON file, and import of such a file as a new project.

    file_format      the schema of the file
    storage          reads and writes the database
    export_writing   rows → file
    import_reading   file → rows
    graph_checks     which links and states a graph may have; used by both

Writing and reading are pure, and run in a child process (operations/process_pool.py): a file may be large.

A file has its own ids (`artifact-1`), names of persons without their ids, and no project, job or process, so
that nothing in it can be mistaken for a row of the importing installation. An import accepts only what the
product itself can make, and refuses anything else with its place in the file.
"""
