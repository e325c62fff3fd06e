"""The RabbitMQ broker, with everything else on one Redis server."""

from __future__ import annotations

from integration.backends import rabbitmq, redis

BACKEND = rabbitmq.beside("rabbitmq_redis", redis.BACKEND)
