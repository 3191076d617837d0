"""Volumes and exports of the whole fleet as tables: sorted, filtered and paged by the database, all of it in the address.

Nothing here knows a request: views hand in what a person may see. The number of queries does not grow with the rows.
"""
