"""Follows shapes and joins their rows for pages. Reads committed rows and writes none.

An update passes through these modules, in the order of the calls:

1. `electric.Shape` has new rows, complete up to an up-to-date.
2. `hub.py` follows each shape once per process, and updates the views that read it.
3. `views.py` says which shapes a view reads, and calls its join: `project_flow.py` for the brainstorm page
   (with `batch_join.py` for its runs and `idea_notes.py` for edits and picks), `lineage_join.py` for the
   lineage page. Joins are pure, and correct for rows that arrive in any order. `close_ideas.py` finds similar
   ideas in the background.
4. The hub wakes the followers: one background event handler per open page
   (`scriptwriter/web/kit/following.py`), which sends its tab what has changed.

`flow_snapshot.py` makes the same join once from the database, for the API and exports.

Two pages follow shapes only to learn that something changed: the members page (`projects_users`,
`project_invitations`) and the list of projects (`project_news`). For each change they call one service, which
checks access and reads one committed state. Shapes alone cannot show these pages, because a shape is one
table under one where clause:

- Names are in `users`, which has no project: its shape would have all users of the installation.
- An invitation shows the person a project that they may not read yet.
- The list shows, sorts and searches projects by their runs and idea titles: three shapes for each project.

This is no second path by which a result reaches a screen. The service reads committed rows, and a page calls
it only after a change of a shape or an action of the person.
"""
