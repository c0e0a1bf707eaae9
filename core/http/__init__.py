"""What every client of ours shares: how answers are opened, and how long they may take."""
