"""What touches the world: due times, records, notices, documents."""
