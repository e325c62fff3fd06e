"""What is special about MongoDB: its faults, its indexes, and how many commands an operation takes."""
