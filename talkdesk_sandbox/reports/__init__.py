"""How an event of the contact centre stands in a report file."""
