"""What e02 is compared with: published figures, and PyTorch where it is installed."""
