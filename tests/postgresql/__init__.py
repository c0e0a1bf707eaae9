"""The database backend of the tests."""
