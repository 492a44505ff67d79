"""What states and cycles mean for the shift."""
