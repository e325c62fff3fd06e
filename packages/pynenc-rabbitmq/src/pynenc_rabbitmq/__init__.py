"""RabbitMQ broker for pynenc."""
