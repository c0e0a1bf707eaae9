"""Database helpers shared by all apps."""
