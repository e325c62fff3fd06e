"""What is special about RabbitMQ: servers that die, block and refuse, messages that are not ours."""
