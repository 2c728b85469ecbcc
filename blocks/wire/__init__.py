"""Wire formats: how each provider wants to be asked, how it answers, and what its errors mean. No network here."""
