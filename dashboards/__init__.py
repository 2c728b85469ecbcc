"""Shows: Panel pages over what SQL knows. None yet; the command line shows runs, services and decisions."""
