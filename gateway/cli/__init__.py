"""The command line: a thin shell over the other rooms, which pays only for the command it runs."""
