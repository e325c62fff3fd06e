"""Work across runners as a picture: spans of time, packed into lanes, drawn in as few nodes as their number allows."""
