"""What pages show, as values: read from the registry, added up, without a look of its own."""
