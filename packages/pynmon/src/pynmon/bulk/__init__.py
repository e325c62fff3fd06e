"""One action upon many invocations: counted first, then carried out in the background."""
