"""The web monitor of pynenc.

from pynmon import MonitorSettings, create_monitor_app

asgi_app = create_monitor_app(app)
"""

from pynmon.app_factory import create_monitor_app
from pynmon.settings import MonitorSettings

__all__ = ["MonitorSettings", "create_monitor_app"]
