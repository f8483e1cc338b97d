"""The reading side: from shapes to what a page shows. It reads committed rows and writes none.

The way of an update, in the order of its calls:

1. `electric.Shape` has new rows, complete up to an up-to-date.
2. `hub.py` holds each shape once per process, and wakes the views that read it.
3. `views.py` says which shapes a view reads, and calls its join: `project_flow.py` for the room (with
   `batch_join.py` for its runs and `idea_notes.py` for what people said of ideas), `lineage_join.py` for the
   lineage. Joins are pure, and right for rows that arrive in any order. `close_ideas.py` adds in the
   background which ideas are alike.
4. The hub wakes the followers: one background event per open page (`scriptwriter/web/kit/following.py`),
   which sends its tab what differs from before.

`flow_snapshot.py` makes the same join once from the database, for the API and exports.

Two pages follow shapes but read what they show from a service: the members page and the list of projects.
Their shapes (`projects_users` and `project_invitations`; `project_news`) say that something changed; each
change makes one call of a service, which checks access and reads one committed state. Shapes alone cannot
show these pages: a shape is one table under one where clause. Names are in `users`, which has no project: a
shape of it would be one of all users of the installation. An invitation to a person shows a project that the
person may not read yet. The list shows, sorts and searches each project by its runs and idea titles, which
would take three shapes for each project of the person. It is not a second way for a result to reach a
screen: the service reads what is committed, and nothing is read without a change of a shape or an action of
the person on that page.
"""
