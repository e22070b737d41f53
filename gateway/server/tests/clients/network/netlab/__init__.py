"""Two machines made of network namespaces, and what runs on them."""
