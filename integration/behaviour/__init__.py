"""The promises to users, through tasks and runners: every backend with every runner."""
