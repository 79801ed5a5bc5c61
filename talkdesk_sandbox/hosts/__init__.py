"""What is answered: the API host, the file host, both APIs and both sign-ins."""
