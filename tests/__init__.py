"""Tests about the repository itself: layout, import direction, gates, configuration files."""
