"""Everything started and stopped together: Prefect's server, a worker, the gateway."""
