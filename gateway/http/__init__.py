"""The HTTP API: OpenAI's paths for any OpenAI client, runs, health and metrics, behind access keys."""
