"""Everything of an app in a MongoDB database."""
