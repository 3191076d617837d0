"""Forms: what may be typed, and the intent or the draft rows it becomes. They validate by `clusters.rules` and never reach a node."""
