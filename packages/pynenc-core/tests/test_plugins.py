from __future__ import annotations

import logging
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pynenc.contracts import BaseBroker, BaseOrchestrator, BaseSerializer
from pynenc.contracts.plugin import Plugin
from pynenc.exceptions import ConfigError, PluginError
from pynenc.plugins import REGISTRY, ComponentRegistry


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    """Puts distributions with entry points on the path, as pip would."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return Installer(tmp_path)


class Installer:
    def __init__(self, site: Path) -> None:
        self.site = site

    def __call__(self, distribution: str, target: str, source: str) -> None:
        module = target.partition(":")[0]
        (self.site / f"{module}.py").write_text(textwrap.dedent(source))
        info = self.site / f"{distribution.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[pynenc.plugins]\n{distribution} = {target}\n")


@pytest.mark.parametrize("base", [BaseBroker, BaseOrchestrator])
@pytest.mark.parametrize("backend", ["Mem", "SQLite"])
def test_backends_of_core_are_found_by_class_name(base: type, backend: str) -> None:
    name = backend + base.__name__.removeprefix("Base")
    found = REGISTRY.resolve(base, name)
    assert found.__name__ == name
    assert issubclass(found, base)
    assert REGISTRY.resolve(base, f"{found.__module__}.{name}") is found


def test_a_serializer_is_found_by_class_name() -> None:
    assert REGISTRY.resolve(BaseSerializer, "JsonSerializer").__name__ == "JsonSerializer"


def test_a_subclass_that_the_program_imported_is_found() -> None:
    class BrokerOfThisTest(BaseBroker):
        pass

    assert REGISTRY.resolve(BaseBroker, "BrokerOfThisTest") is BrokerOfThisTest


def test_the_newer_one_of_a_class_defined_twice_is_found() -> None:
    classes = [type("ReloadedBroker", (BaseBroker,), {"__module__": "somewhere"}) for _ in range(2)]
    assert REGISTRY.resolve(BaseBroker, "ReloadedBroker") is classes[-1]


def test_an_ambiguous_name_lists_the_candidates() -> None:
    classes = [type("TwiceBroker", (BaseBroker,), {"__module__": name}) for name in ("shop", "stock")]
    with pytest.raises(ConfigError, match=r"shop\.TwiceBroker, stock\.TwiceBroker"):
        REGISTRY.resolve(BaseBroker, classes[0].__name__)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("RedisSomethingElse", r"pip install pynenc-core\[redis\]"),
        ("MongoSomethingElse", r"pip install pynenc-core\[mongodb\]"),
        ("RabbitMqSomethingElse", r"pip install pynenc-core\[rabbitmq\]"),
        ("SqliteBroker", "did you mean 'SQLiteBroker'"),
        ("NoBroker", "MemBroker.*SQLiteBroker"),
        ("no_such_module.Broker", "no_such_module"),
        ("pynenc.exceptions.NoBroker", "NoBroker"),
        ("pynenc.exceptions.ConfigError", "no subclass of"),
        ("MemOrchestrator", "no broker class 'MemOrchestrator'"),
    ],
)
def test_an_absent_class_is_answered_with_what_to_do(
    name: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if none of our own plugins were installed.
    monkeypatch.setattr("pynenc.plugins.entry_points", lambda group: ())
    with pytest.raises(ConfigError, match=message):
        ComponentRegistry().resolve(BaseBroker, name)


def test_what_another_package_has_is_not_taken_for_a_misspelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pynenc.plugins.entry_points", lambda group: ())
    with pytest.raises(ConfigError, match=r"pynenc-core\[redis\]") as raised:
        # Nearest to SQLiteOrchestrator, also where another test has imported Redis's own.
        ComponentRegistry().resolve(BaseOrchestrator, "RedisSqliteOrchestrator")
    assert "did you mean" not in str(raised.value)


def test_a_misspelt_class_of_an_installed_package_is_suggested(install: Installer) -> None:
    install(
        "acme-redis",
        "acme_redis_plugin:plugin",
        """
        from pynenc.contracts.plugin import Plugin
        plugin = Plugin("redis", components={"RedisBrokerOfAcme": "acme_redis_broker.RedisBrokerOfAcme"})
        """,
    )
    (install.site / "acme_redis_broker.py").write_text(
        "from pynenc.contracts import BaseBroker\nclass RedisBrokerOfAcme(BaseBroker): pass\n"
    )
    with pytest.raises(ConfigError, match="did you mean 'RedisBrokerOfAcme'") as raised:
        ComponentRegistry().resolve(BaseBroker, "RedisBrokrOfAcme")
    assert "pip install" not in str(raised.value)


def test_an_installed_plugin_object_offers_its_classes_lazily(install: Installer) -> None:
    install(
        "acme-queue",
        "acme_plugin:plugin",
        """
        from pynenc.contracts.plugin import Plugin
        plugin = Plugin("acme", components={"AcmeBroker": "acme_broker.AcmeBroker"})
        """,
    )
    (install.site / "acme_broker.py").write_text(
        "from pynenc.contracts import BaseBroker\nclass AcmeBroker(BaseBroker): pass\n"
    )
    registry = ComponentRegistry()
    assert "acme" in [plugin.name for plugin in registry.plugins()]
    assert "acme_broker" not in sys.modules
    assert registry.resolve(BaseBroker, "AcmeBroker").__module__ == "acme_broker"


def test_an_installed_module_is_imported_so_that_its_subclasses_are_found(install: Installer) -> None:
    install(
        "plain-queue",
        "plain_queue",
        """
        from pynenc.contracts import BaseBroker
        class PlainBroker(BaseBroker): pass
        """,
    )
    assert ComponentRegistry().resolve(BaseBroker, "PlainBroker").__module__ == "plain_queue"


def test_a_failing_plugin_is_logged_and_mentioned(
    install: Installer, caplog: pytest.LogCaptureFixture
) -> None:
    install("broken-queue", "broken_queue", "import no_such_driver")
    install("wrong-queue", "wrong_queue:number", "number = 3")
    registry = ComponentRegistry()
    with caplog.at_level(logging.WARNING, "pynenc"):
        registry.load_entry_points()
        registry.load_entry_points()
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 2
    assert "broken-queue" in messages[0]
    assert "no_such_driver" in messages[0]
    with pytest.raises(ConfigError, match=r"broken-queue failed to load: .*no_such_driver"):
        registry.resolve(BaseBroker, "BrokenBroker")


@pytest.mark.parametrize("version", ["0.9", "99.0", "1.99"])
def test_a_plugin_for_another_core_is_refused(version: str) -> None:
    with pytest.raises(PluginError, match=version):
        ComponentRegistry().register(Plugin("acme", requires_core=version))


def test_a_plugin_for_this_core_is_accepted() -> None:
    registry = ComponentRegistry()
    plugin = Plugin("acme", requires_core="1.0")
    registry.register(plugin)
    registry.register(plugin)
    with pytest.raises(PluginError, match="two plugins are named 'acme'"):
        registry.register(Plugin("acme"))


def test_plugins_define_settings_and_builder_methods(install: Installer) -> None:
    install(
        "acme-queue",
        "acme_plugin:plugin",
        """
        from pydantic import Field
        from pynenc.conf.config_base import ConfigBase
        from pynenc.contracts.plugin import Plugin

        class ConfigAcme(ConfigBase):
            acme_host: str = Field("", description="Host.")

        def acme(builder, host):
            builder._plugin_components.add("acme")
            return builder.custom_config(acme_host=host)

        def validate(values):
            if not values.get("acme_host"):
                raise ValueError("acme needs a host")

        plugin = Plugin(
            "acme", config_classes=(ConfigAcme,), builder_methods={"acme": acme}, validators=(validate,)
        )
        """,
    )
    install(
        "older-queue",
        "older_plugin:OlderPlugin",
        """
        class OlderPlugin:
            @staticmethod
            def register_builder_methods(builder_cls):
                builder_cls.register_plugin_method("older", lambda builder: builder.app_id("older"))
        """,
    )
    install(
        "rude-queue",
        "rude_plugin:RudePlugin",
        """
        class RudePlugin:
            @classmethod
            def register_builder_methods(cls, builder_cls):
                builder_cls.register_plugin_method("memory", cls)
        """,
    )
    program = """
        import os
        os.environ["PYNENC__ACME_HOST"] = "x"
        from pynenc.builder import PynencBuilder
        assert {"acme", "older"} <= set(dir(PynencBuilder()))
        app = PynencBuilder().memory().acme("").older().acme("here").build()
        assert app.conf.app_id == "older"
        try:
            PynencBuilder().build()
        except ValueError as error:
            assert "Plugin configuration validation failed: acme needs a host" in str(error), error
        else:
            raise AssertionError("not validated")
        print("fine")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={"PYTHONPATH": os.pathsep.join([str(install.site), os.environ.get("PYTHONPATH", "")])},
        cwd=install.site,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "fine\n", done.stderr
    assert "plugin 'rude-queue' of rude-queue cannot be used" in done.stderr
    assert "cannot replace the builder method 'memory'" in done.stderr
    assert "PYNENC__ACME_HOST" not in done.stderr
