"""The promises to users, through tasks and runners: backend × runner."""
