"""What the real-client tests are made of: origins, the gateway, and clients that keep a transcript."""
