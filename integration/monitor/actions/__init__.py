"""What operators do: through the rules of the engine, without the code of any task, and on record."""
