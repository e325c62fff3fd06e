"""What is special about Redis: servers that die, refuse, move, and are asked to do odd things."""
