"""RabbitMQ broker for pynenc."""

from typing import TYPE_CHECKING

from pynenc.lazy_names import lazy_names

if TYPE_CHECKING:
    from pynenc_rabbitmq.broker import RabbitMqBroker

__all__ = ["RabbitMqBroker"]

# Every app imports this package, and few need its driver.
__getattr__ = lazy_names(
    __name__,
    {
        "RabbitMqBroker": "pynenc_rabbitmq.broker",
    },
)
