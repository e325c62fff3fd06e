"""How values look: words, times, statuses, payloads. Nothing here reads a store."""
