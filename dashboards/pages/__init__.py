"""The pages: each a function that builds it for one session, and follows what it asks the refresher."""
