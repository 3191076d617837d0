"""What `./panel` does. Runs before Django, and before there is a virtual environment: the standard library only, except in modules that say so."""
