"""What is built on the archive; each folder can be deleted without breaking it. See README.md."""
