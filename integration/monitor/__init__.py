"""The monitor, over stores in which real tasks left their traces."""
