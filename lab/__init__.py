"""Tools that measure the project. Imported by no app."""
