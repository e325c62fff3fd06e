"""Values ↔ what Redis stores: the only Python that knows the storage format. The scripts know the rest of it."""
