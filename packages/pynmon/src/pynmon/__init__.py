"""The web monitor of pynenc.

from pynmon import MonitorSettings, create_monitor_app

asgi_app = create_monitor_app(app)
"""

from pynmon.app_factory import create_monitor_app
from pynmon.identity import AccessToken, Role
from pynmon.settings import MonitorSettings

__all__ = ["AccessToken", "MonitorSettings", "Role", "create_monitor_app"]
