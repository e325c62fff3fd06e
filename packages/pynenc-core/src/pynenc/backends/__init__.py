"""Storage, no policy: one folder per backend, and the same file names in each of them."""
