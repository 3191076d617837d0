"""Pages about changes: drafts, plans, jobs. Views load, guard, do, render; they reach no node and send tasks by name."""
