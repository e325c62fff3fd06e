"""Settings, and where their values come from.

The first of these that names a field decides:

1. assignment on the configuration object: ``app.conf.app_id = "billing"``
2. environment variables: ``PYNENC__CONFIGTASK__<MODULE>#<FUNC>__<FIELD>`` (one task), then
   ``PYNENC__<CLASS>__<FIELD>`` (``PYNENC__CONFIGBROKER__QUEUE_TIMEOUT_SEC``), then ``PYNENC__<FIELD>``
3. the file named by ``PYNENC__<CLASS>__FILEPATH``, then the one named by ``PYNENC__FILEPATH``
4. the file given as ``config_filepath``
5. ``[tool.pynenc]`` of ``pyproject.toml`` in the current directory
6. values written in code: decorator options, then builder calls and ``config_values``
7. the default of the field

In files (YAML, JSON, TOML) and in ``config_values`` a key at the root applies to every class that has the
field. A section applies to one class and its subclasses and wins over the root; it is named after the
class without "Config", whatever its case and underscores: ``[tool.pynenc.runner]``, ``client_data_store:``.
A field that the class of its section does not have is read as if it stood at the root. One task is
addressed by ``task: {"module.function": {field: value}}``.
"""
