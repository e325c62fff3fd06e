"""The RabbitMQ broker, with everything else in one MongoDB database."""

from __future__ import annotations

from integration.backends import mongodb, rabbitmq

BACKEND = rabbitmq.beside("rabbitmq_mongodb", mongodb.BACKEND)
