"""The web monitor of pynenc.

from pynmon import MonitorSettings, create_monitor_app

asgi_app = create_monitor_app(app)
"""

from pynmon.app_factory import create_monitor_app
from pynmon.identity import AccessToken, Role
from pynmon.settings import MonitorSettings
from pynmon.thresholds import Thresholds

__all__ = ["AccessToken", "MonitorSettings", "Role", "Thresholds", "create_monitor_app"]
