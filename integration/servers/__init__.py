"""Where the servers of the tests come from; one module per kind of server, with one ``Provider`` each."""
