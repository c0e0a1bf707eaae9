"""Another revision next to this one, in one sitting: `./dev bench versus REVISION`.

Both are programs from outside: they have their own checkout, environment and database, and are
measured through HTTP, their commands and `/proc`. So any revision can be compared.
"""
