"""The command `nas`: speaks HTTP to a service, and starts one for this machine where none runs."""
