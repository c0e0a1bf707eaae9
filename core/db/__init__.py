"""What all transactions share."""
